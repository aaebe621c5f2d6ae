// SPDX-License-Identifier: Apache-2.0
#include "modules/fastcgi/wire.h"

#include <algorithm>

#include "core/http/request.h"

namespace sluice::fastcgi {

using Step = Records::Step;

void Wire::begin(http::Request& r, http::Method method)
{
    parser_.start(method, r.arena());
    text_.clear();
    pending_ = reason_ = {};
    error_text_.clear();
    records_ = Records();
    done_ = ended_ = caught_one_ = warned_ = false;
}

size_t Wire::frame(std::string_view piece, buf::Slice* parts, size_t& taken)
{
    taken = std::min(piece.size(), max_content);
    write_record_head(frame_head_, Type::stdin_, taken);
    parts[0] = buf::Slice(std::string_view(frame_head_, header_size));
    parts[1] = buf::Slice(piece.substr(0, taken));
    return taken ? 2 : 1;
}

// A record of it is a line of the log.
void Wire::heed_stderr(http::Request& r, const Step& s)
{
    if (s.kind == Step::error_out)
        error_text_.append(s.bytes);
    if (s.kind == Step::error_out || error_text_.empty())
        return;
    for (const std::string& text : caught_)
        caught_one_ = caught_one_ || error_text_.find(text) != std::string::npos;
    while (!error_text_.empty() && (error_text_.back() == '\n' || error_text_.back() == '\r'))
        error_text_.pop_back();
    r.upstream_text = r.arena().concat("fastcgi://", peer_);
    r.log(Level::error, "FastCGI sent in stderr: \"{}\" while reading {}", error_text_,
          done_ ? "upstream" : "response header from upstream");
    error_text_.clear();
}

http::ParseState Wire::fail(std::string_view reason)
{
    reason_ = reason;
    return http::ParseState::error;
}

http::ParseState Wire::feed(http::Request& r, buf::Buffer& in)
{
    while (records_.can_step(in.size())) {
        Step s = records_.step(in.view());
        if (s.kind == Step::error_out || s.kind == Step::record_end || s.kind == Step::ended)
            heed_stderr(r, s);
        if (s.kind == Step::bad)
            return fail("upstream sent unsupported FastCGI protocol version");
        if (caught_one_)
            return fail("upstream sent a text that fastcgi_catch_stderr names");
        if (s.kind == Step::ended) {
            in.consume(s.used);
            return fail("upstream sent unexpected FastCGI record: 3");
        }
        if (s.kind != Step::out) {
            in.consume(s.used);
            continue;
        }
        if (!text_)
            text_ = buf::Buffer(4096);
        if (text_.room_size() < s.bytes.size())
            text_.grow(std::max(text_.capacity() * 2, text_.size() + s.bytes.size()));
        text_.append(s.bytes);
        in.consume(s.used);
        http::ParseState state = parser_.feed(text_.view());
        if (state == http::ParseState::error)
            return fail(parser_.error().reason);
        if (state == http::ParseState::done) {
            done_ = true;
            return state;
        }
    }
    return http::ParseState::more;
}

size_t Wire::head_size(const buf::Buffer&) const
{
    return done_ ? parser_.head_size() - 1 : text_.size();
}

void Wire::take_head(http::Request&, buf::Buffer&)
{
    const http::Framing& framing = parser_.head().framing;
    pending_ = text_.view().substr(parser_.head_size());
    limited_ = framing.kind != http::Framing::until_close;
    left_of_body_ = framing.size;
}

// As much of `bytes` as the head promised.
http::Piece Wire::body(http::Request& r, std::string_view bytes, size_t used)
{
    std::string_view good = bytes;
    if (limited_) {
        good = bytes.substr(0, left_of_body_);
        left_of_body_ -= good.size();
    }
    if (good.size() < bytes.size() && !warned_ && r.out.content_length > 0) {
        warned_ = true;
        r.log(Level::warn,
              "upstream sent more data than specified in \"Content-Length\" header while reading "
              "upstream");
    }
    return {good, used, http::Piece::data_};
}

http::Piece Wire::next(http::Request& r, std::string_view input)
{
    if (!pending_.empty()) {
        http::Piece piece = body(r, std::exchange(pending_, {}), 0);
        if (!piece.data.empty())
            return piece;
    }
    size_t used = 0;
    while (!ended_ && records_.can_step(input.size() - used)) {
        Step s = records_.step(input.substr(used));
        used += s.used;
        if (s.kind == Step::error_out || s.kind == Step::record_end || s.kind == Step::ended)
            heed_stderr(r, s);
        ended_ = s.kind == Step::ended;
        if (s.kind == Step::bad) {
            reason_ = "upstream sent unsupported FastCGI protocol version";
            return {{}, used, http::Piece::error};
        }
        if (s.kind == Step::out) {
            http::Piece piece = body(r, s.bytes, used);
            if (!piece.data.empty())
                return piece;
        }
    }
    if (!ended_)
        return {{}, used, http::Piece::more};
    if (limited_ && left_of_body_ > 0) {
        reason_ = "it ended before its Content-Length";
        return {{}, used, http::Piece::error};
    }
    return {{}, used, http::Piece::done};
}

}  // namespace sluice::fastcgi
