// SPDX-License-Identifier: Apache-2.0
// A log_format: literal text and variables, compiled once, rendered by appending to a buffer that
// is kept. A variable without a value is `-` (nothing with escape=json and none).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/http/module.h"

namespace sluice::log {

enum class Escape : uint8_t { text, json, none };

/// Appends `s` escaped: text makes \xHH of controls, quotes, backslashes and bytes from 0x7f up.
void append_escaped(std::string& out, std::string_view s, Escape how);

class Format
{
public:
    Format(std::string format_name, Escape escape) : name_(std::move(format_name)), escape_(escape)
    {
    }

    const std::string& name() const { return name_; }
    void add(const Template& part);
    /// One line, with its '\n', behind what `out` holds.
    void render(Request& r, std::string& out) const;

private:
    void add_text(std::string_view text);

    struct Op {
        std::string before;  // literal text
        size_t variable;
    };
    std::string name_;
    Escape escape_;
    std::vector<Op> ops_;
    std::string tail_;
};

}  // namespace sluice::log
