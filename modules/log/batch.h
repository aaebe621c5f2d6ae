// SPDX-License-Identifier: Apache-2.0
// Batch: the lines of one worker for one log file. Without buffer= they leave in one write at the
// end of the loop's turn, so that what a turn served costs one call; with buffer= when it is full,
// and after flush=.
#pragma once

#include <memory>
#include <string>

#include "core/base/log_files.h"
#include "core/event/loop.h"

namespace sluice::log {

struct Buffering {
    size_t size = 0;  // 0: until the end of the turn
    ms flush{0};      // 0: no limit
    bool operator==(const Buffering&) const = default;
};

class Batch final : BufferedLog, event::TurnEnd, event::Timer
{
public:
    Batch(std::shared_ptr<LogSink> sink, Buffering buffering)
        : sink_(std::move(sink)), buffering_(buffering)
    {
    }
    ~Batch() { flush(); }

    /// Lines without buffering share a log with those that have it; false: two that disagree.
    bool set_buffering(const Buffering& wanted)
    {
        if (wanted.size == 0 || wanted == buffering_)
            return true;
        if (buffering_.size != 0)
            return false;
        buffering_ = wanted;
        return true;
    }
    /// Where the next line goes; then line_added().
    std::string& text() { return text_; }
    void line_added(size_t line_start);

private:
    void flush() override;
    void turn_ended() override { flush(); }
    void expired() override { flush(); }

    std::shared_ptr<LogSink> sink_;
    Buffering buffering_;
    std::string text_;
};

}  // namespace sluice::log
