// SPDX-License-Identifier: Apache-2.0
// BodyReader: the request body, pulled. Bytes come from what followed the head in the connection's
// buffer, then from the socket through a pool buffer that grows with the flow (up to 256 KiB). Says
// `100 Continue` at the first read if the client waits for it; enforces client_max_body_size as
// bytes come (the declared length is checked before content handlers run).
//
// store(): reads all of it first (proxy_request_buffering): small bodies into memory, larger ones
// into an unlinked temporary file; afterwards read() replays from there, from the start again after
// rewind().
#pragma once

#include <cstdint>
#include <string_view>

#include "core/buf/pool.h"
#include "core/http/body_decoder.h"
#include "core/module/module.h"
#include "core/os/fd.h"

namespace sluice::http {

class Request;

struct BodyRead {
    enum Kind : uint8_t {
        data,
        end,
        too_large,
        malformed,
        timeout,
        closed,
        canceled,
        failed
    } kind = end;
    std::string_view bytes;  // valid until the next read
    bool good() const { return kind == data || kind == end; }
};

class BodyReader
{
public:
    explicit BodyReader(Request& r) : r_(r) {}

    /// By the head's framing; the connection's buffer stands behind the head.
    void start(Framing framing);
    Framing framing() const { return decoder_.framing(); }
    bool absent() const
    {
        return framing().kind == Framing::none ||
               (framing().kind == Framing::length && framing().size == 0);
    }

    Task<BodyRead> read(Request& r);
    /// Says 100 Continue now if the client waits for it: before others write to the connection
    /// while the body is read. end, or closed.
    Task<BodyRead> invite(Request& r);
    /// Status of a failed read: 400, 408, 413, 500.
    static int status_of(const BodyRead& failed);

    /// Nothing of the body has been taken by read() (rewound counts): a retry may send it whole.
    bool untouched() const { return stored_ ? replayed_ == 0 : decoder_.received() == 0; }
    /// The stored body of another request, which must outlive this one: each reads it by itself.
    void borrow(const BodyReader& lender);
    /// Reads it all in. end: it is there.
    Task<BodyRead> store(Request& r);
    bool stored() const { return stored_; }
    uint64_t stored_size() const { return stored_size_; }
    /// The next read() begins at the start again; only when stored.
    void rewind() { replayed_ = 0; }
    /// The client closed in the middle: there is nobody to answer.
    bool client_left() const { return client_left_; }
    bool complete() const { return decoder_.done() || absent(); }
    /// The memory part when the whole body is in memory ($request_body).
    std::string_view stored_text() const
    {
        const BodyReader& holder = lender_ ? *lender_ : *this;
        return holder.file_ ? std::string_view{} : holder.memory_.view();
    }
    Headers& trailers() { return decoder_.trailers(); }
    uint64_t received() const { return decoder_.received(); }
    /// As it came: with the framing of chunks.
    uint64_t received_raw() const { return received_raw_; }

    /// What was read past the body's end; valid until give_back().
    std::string_view read_past() const { return complete() ? buffer_.view() : std::string_view(); }
    /// It goes behind what `in` holds: it is the next request.
    void give_back(buf::Buffer& in);

    /// Throws away what is left; true when the body's end was reached before the deadline.
    Task<bool> discard(Request& r, Deadline deadline);

private:
    Task<BodyRead> pull(Request& r, Deadline deadline);
    Task<BodyRead> replay(Request& r);
    bool over_limit(uint64_t size) const;
    bool spill(Request& r);

    Request& r_;
    const BodyReader* lender_ = nullptr;
    BodyDecoder decoder_;
    buf::Buffer buffer_;  // socket bytes, grows with the flow
    buf::Buffer memory_;  // stored body, or the file's window while replaying
    os::Fd file_;
    uint64_t stored_size_ = 0, replayed_ = 0, received_raw_ = 0;
    ms waited_{0};             // for the client, in all reads
    size_t read_size_ = 8192;  // doubles when a read fills it
    bool stored_ = false;
    bool invited_ = false;  // 100 Continue was sent, or is not needed
    bool client_left_ = false;
};

}  // namespace sluice::http
