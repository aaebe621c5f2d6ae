// SPDX-License-Identifier: Apache-2.0
// Match: what an answer has to be like for its server to count as healthy: `match NAME { … }`.
// Without one, any status from 200 to 399 will do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"
#include "core/http/module.h"
#include "core/http/regex.h"

namespace sluice::health_check {

class Match
{
public:
    /// The lines of the block; reports what makes no sense.
    void read(Apply& apply);

    /// Why the answer will not do; empty: it will. `body` is its first max_body bytes.
    std::string fault(const http::ResponseHead& head, std::string_view body) const;
    bool wants_body() const { return !bodies_.empty(); }
    /// The same for `require`, of a request whose last attempt got that answer.
    std::string fault(http::Request& r) const;
    bool wants_variables() const { return !required_.empty(); }
    static constexpr size_t max_body = 256 * 1024;

private:
    struct Range {
        int from, to;
    };
    enum class Op : uint8_t { present, absent, equal, unequal, like, unlike };
    struct Field {
        std::string name;
        Op op;
        std::string text;
        http::Regex pattern;
    };
    struct Body {
        bool wanted;
        std::string text;
        http::Regex pattern;
    };
    void read_status(Apply& apply, const conf::Node& line);
    void read_header(Apply& apply, const conf::Node& line);
    void read_body(Apply& apply, const conf::Node& line);
    void read_require(Apply& apply, const conf::Node& line);
    bool status_fits(int status) const;
    static bool fits(const Field& field, const http::Header* h);

    std::vector<Range> statuses_;
    bool no_status_ = false;  // none of these
    std::vector<Field> fields_;
    struct Required {
        std::string text;
        Template value;
    };
    std::vector<Body> bodies_;
    std::vector<Required> required_;
};

}  // namespace sluice::health_check
