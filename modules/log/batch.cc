// SPDX-License-Identifier: Apache-2.0
#include "modules/log/batch.h"

namespace sluice::log {
namespace {

constexpr size_t turn_limit = 64 * 1024;  // a busy turn does not gather more than this

}  // namespace

void Batch::line_added(size_t line_start)
{
    event::Loop& loop = event::Loop::current();
    if (buffering_.size == 0) {
        if (text_.size() > turn_limit)
            flush();
        else
            loop.at_turn_end(*this);
        return;
    }
    if (text_.size() > buffering_.size) {
        // Whole lines only: what was gathered before goes, the new line stays unless it alone is
        // too long.
        std::string_view before = std::string_view(text_).substr(0, line_start);
        if (!before.empty())
            sink_->write(before);
        text_.erase(0, line_start);
        event::Timer::cancel();
        if (text_.size() > buffering_.size)
            return flush();
    }
    if (buffering_.flush.count() && !event::Timer::set())
        loop.timers().add(*this, Clock::in(buffering_.flush));
}

void Batch::flush()
{
    event::Timer::cancel();
    if (text_.empty())
        return;
    sink_->write(text_);
    text_.clear();
}

}  // namespace sluice::log
