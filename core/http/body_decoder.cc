// SPDX-License-Identifier: Apache-2.0
#include "core/http/body_decoder.h"

#include <algorithm>
#include <cstring>

#include "core/base/bytes.h"
#include "core/http/field_reader.h"

namespace sluice::http {
namespace {

/// RFC 9110 6.5.1: what a recipient would have needed before the content, or that frames or routes
/// it.
bool forbidden_in_trailers(const Header& header)
{
    switch (header.id) {
    case HeaderId::other: return iequals(header.name, "max-forwards");
    case HeaderId::etag:
    case HeaderId::server:
    case HeaderId::link:
    case HeaderId::accept:
    case HeaderId::accept_encoding:
    case HeaderId::accept_language:
    case HeaderId::accept_ranges:
    case HeaderId::user_agent:
    case HeaderId::referer:
    case HeaderId::via:
    case HeaderId::last_modified:
    case HeaderId::allow: return false;
    default: return true;
    }
}

}  // namespace

struct BodyDecoder::Glue {
    static int chunk(llhttp_t* p)
    {
        static_cast<BodyDecoder*>(p->data)->left_ = p->content_length;
        return 0;
    }

    static constexpr llhttp_settings_t settings = [] {
        llhttp_settings_t s{};
        s.on_chunk_header = chunk;
        return s;
    }();

    static llhttp_t fresh()
    {
        static constexpr std::string_view head =
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        llhttp_t p;
        llhttp_init(&p, HTTP_REQUEST, &settings);
        llhttp_execute(&p, head.data(), head.size());
        return p;
    }
};

void BodyDecoder::start(Framing framing, size_t max_trailer_bytes, Arena& arena)
{
    framing_ = framing;
    arena_ = &arena;
    received_ = 0;
    left_ = framing.kind == Framing::length ? framing.size : 0;
    trailer_ = nullptr;
    trailer_max_ = max_trailer_bytes;
    trailer_size_ = line_ = 0;
    trailers_.reset();
    error_ = {};
    at_ = At::size;
    done_ = framing.kind == Framing::none || (framing.kind == Framing::length && left_ == 0);
    if (framing.kind == Framing::chunked) {
        static const llhttp_t fresh = Glue::fresh();
        llhttp_ = fresh;
        llhttp_.data = this;
    }
}

Piece BodyDecoder::next(std::string_view input)
{
    if (error_.status)
        return {{}, 0, Piece::error};
    if (done_)
        return {{}, 0, Piece::done};
    if (framing_.kind == Framing::chunked)
        return next_chunked(input);
    if (input.empty())
        return {};
    if (framing_.kind == Framing::length) {
        input = input.substr(0, std::min<uint64_t>(left_, input.size()));
        left_ -= input.size();
        done_ = left_ == 0;
    }
    received_ += input.size();
    return {input, input.size(), Piece::data_};
}

bool BodyDecoder::at_eof()
{
    if (framing_.kind == Framing::until_close)
        done_ = true;
    return done_ && !error_.status;
}

bool BodyDecoder::fail(std::string_view reason)
{
    error_ = {400, reason, {}};
    return false;
}

Piece BodyDecoder::next_chunked(std::string_view input)
{
    size_t i = 0;
    while (i < input.size() && !done_) {
        if (at_ == At::data) {
            std::string_view data = input.substr(i, std::min<uint64_t>(left_, input.size() - i));
            uint64_t left = left_ - data.size();
            if (!tell(data))
                return {{}, i, Piece::error};
            left_ = left;
            received_ += data.size();
            if (left_ == 0)
                at_ = At::data_cr;
            return {data, i + data.size(), Piece::data_};
        }
        if (!step(input, i))
            return {{}, i, Piece::error};
    }
    return {{}, i, done_ ? Piece::done : Piece::more};
}

/// llhttp follows; it must agree with what was found here.
bool BodyDecoder::tell(std::string_view bytes)
{
    return llhttp_execute(&llhttp_, bytes.data(), bytes.size()) == HPE_OK ||
           fail("invalid chunk size");
}

/// Moves over one element of framing.
bool BodyDecoder::step(std::string_view input, size_t& i)
{
    switch (at_) {
    case At::size: return take_size(input, i);
    case At::blank:
    case At::extension: return take_extension(input, i);
    case At::size_lf:
        return input[i++] == '\n' ? begin_chunk() : fail("invalid end of chunk size line");
    case At::data_cr:
        at_ = At::data_lf;
        return input[i++] == '\r' || fail("chunk data longer than its size");
    case At::data_lf:
        at_ = At::size;
        return input[i++] == '\n' ? tell("\r\n") : fail("chunk data longer than its size");
    case At::end_lf:
        return input[i++] == '\n' ? read_trailers() : fail("invalid end of chunked body");
    default: return take_trailer(input, i);
    }
}

bool BodyDecoder::take_size(std::string_view input, size_t& i)
{
    size_t from = i;
    while (i < input.size() && hex_value(input[i]) >= 0)
        ++i;
    line_ += i - from;
    if (line_ > max_digits || !tell(input.substr(from, i - from)))
        return fail("invalid chunk size");
    if (i == input.size())
        return true;
    char c = input[i];
    if (line_ == 0 || !(c == '\r' || c == ';' || c == ' ' || c == '\t'))
        return fail("invalid chunk size");
    ++i;
    line_ = 0;
    at_ = c == '\r' ? At::size_lf : c == ';' ? At::extension : At::blank;
    return true;
}

bool BodyDecoder::take_extension(std::string_view input, size_t& i)
{
    for (; i < input.size(); ++i) {
        char c = input[i];
        if (c == '\r') {
            at_ = At::size_lf;
            ++i;
            return true;
        }
        if (at_ == At::blank && c == ';')
            at_ = At::extension;
        else if (is_control(c) || (at_ == At::blank && c != ' ' && c != '\t'))
            return fail("invalid chunk size line");
        if (++line_ > max_extension)
            return fail("too long chunk extension");
    }
    return true;
}

/// Behind a whole size line.
bool BodyDecoder::begin_chunk()
{
    line_ = 0;
    if (!tell("\r\n"))
        return false;
    if (left_ > static_cast<uint64_t>(INT64_MAX) - received_)
        return fail("too large chunk size");
    at_ = left_ ? At::data : At::trailer;
    return true;
}

bool BodyDecoder::take_trailer(std::string_view input, size_t& i)
{
    if (at_ == At::trailer && input[i] == '\r') {
        ++i;
        at_ = At::end_lf;
        return true;
    }
    at_ = At::trailer_line;
    std::string_view rest = input.substr(i);
    size_t lf = rest.find('\n');
    rest = rest.substr(0, lf == std::string_view::npos ? lf : lf + 1);
    // Two bytes are for the empty line that ends them.
    if (trailer_size_ + rest.size() + 2 > trailer_max_)
        return fail("too large trailers");
    if (!trailer_)
        trailer_ = arena_->chars(trailer_max_);
    std::memcpy(trailer_ + trailer_size_, rest.data(), rest.size());
    trailer_size_ += rest.size();
    i += rest.size();
    if (lf == std::string_view::npos)
        return true;
    at_ = At::trailer;
    return (trailer_size_ >= 2 && trailer_[trailer_size_ - 2] == '\r') || fail("invalid trailer");
}

bool BodyDecoder::read_trailers()
{
    done_ = true;
    if (trailer_size_ == 0)
        return true;
    std::memcpy(trailer_ + trailer_size_, "\r\n", 2);
    FieldReader fields;
    fields.start({false, true, max_trailer_fields}, {}, *arena_, trailers_, nullptr);
    FieldReader::Taken taken = fields.take({trailer_, trailer_size_ + 2});
    trailers_.remove_if(forbidden_in_trailers);
    if (fields.fault() == FieldFault::none && taken.end)
        return true;
    done_ = false;
    trailers_.reset();
    return fail("invalid trailer");
}

size_t write_chunk_head(char (&out)[20], uint64_t size)
{
    char digits[16];
    size_t n = 0;
    do {
        digits[n++] = "0123456789abcdef"[size & 15];
        size >>= 4;
    } while (size);
    std::reverse_copy(digits, digits + n, out);
    out[n] = '\r';
    out[n + 1] = '\n';
    return n + 2;
}

}  // namespace sluice::http
