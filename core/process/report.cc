// SPDX-License-Identifier: Apache-2.0
#include "core/process/report.h"

#include "core/os/sys.h"

namespace sluice::process {

void print_error(std::string_view text)
{
    (void)os::write_all(2, text.data(), text.size());
}
void print(std::string_view text)
{
    (void)os::write_all(1, text.data(), text.size());
}

void Report::operator()(Level level, std::string_view text, std::string_view extra)
{
    os::update_clock();
    if (log_->wants(level))
        log_->write(level, 0, text);
    // While we serve nobody sees standard error, and HUP has no answer: the log says it all.
    for (size_t at = 0, end; !to_stderr_ && (end = extra.find('\n', at)) != extra.npos;
         at = end + 1)
        if (log_->wants(level))
            log_->write(level, 0, extra.substr(at, end - at));
    if (level > Level::warn)
        return;
    std::string line = fmt::format("nginx: [{}] {}\n{}", level_name(level), text, extra);
    if (to_stderr_)
        print_error(log_is_stderr_ ? extra : std::string_view(line));
    collected_ += line;
}

void Report::all_of(const conf::Diagnostics& diag)
{
    size_t shown = 0;
    for (const conf::Diagnostics::Entry* entry : diag.entries()) {
        if (++shown > conf::Diagnostics::max_shown)
            break;
        (*this)(entry->warning ? Level::warn : Level::emerg, entry->text, entry->extra);
    }
    if (std::string all = diag.summary(); !all.empty())
        (*this)(Level::emerg, all);
}

}  // namespace sluice::process
