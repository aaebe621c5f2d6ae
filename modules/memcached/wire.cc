// SPDX-License-Identifier: Apache-2.0
#include "modules/memcached/wire.h"

#include "core/http/request.h"

namespace sluice::memcached {

void Wire::begin(http::Request&, http::Method)
{
    head_ = http::ResponseHead();
    reason_ = {};
    reply_ = Reply();
    done_ = at_end_ = false;
}

http::ParseState Wire::feed(http::Request& r, buf::Buffer& in)
{
    Arena& arena = r.arena();
    switch (reply_.read_line(in.view(), key_)) {
    case Reply::more: return http::ParseState::more;
    case Reply::invalid:
        reason_ = arena.concat("memcached sent invalid response: \"", reply_.line(), "\"");
        return http::ParseState::error;
    case Reply::wrong_key:
        reason_ = arena.concat("memcached sent invalid key in response \"", reply_.line(),
                               "\" for key \"", key_, "\"");
        return http::ParseState::error;
    case Reply::missing:
        r.log(Level::info, "key: \"{}\" was not found by memcached", key_);
        head_.status = 404;
        head_.framing = {http::Framing::length, 0};
        break;
    case Reply::value:
        head_.status = 200;
        head_.framing = {http::Framing::length, reply_.left()};
        head_.headers.add(arena, http::HeaderId::content_type, r.type_of(r.uri));
        if (gzip_flag_ && (reply_.flags() & gzip_flag_))
            head_.headers.add(arena, http::HeaderId::content_encoding, "gzip");
        break;
    }
    done_ = true;
    return http::ParseState::done;
}

void Wire::take_head(http::Request&, buf::Buffer& in)
{
    in.consume(reply_.line_size());
    at_end_ = reply_.at_end();
}

// HEAD asks for the value all the same: it is read and goes nowhere.
http::Piece Wire::next(http::Request&, std::string_view input)
{
    http::Piece piece = reply_.next(input);
    if (piece.state == http::Piece::error)
        reason_ = "memcached sent invalid trailer";
    at_end_ = piece.state == http::Piece::done || reply_.at_end();
    return piece;
}

}  // namespace sluice::memcached
