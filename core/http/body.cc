// SPDX-License-Identifier: Apache-2.0
#include "core/http/body.h"

#include <algorithm>

#include "core/http/connection.h"
#include "core/http/request.h"
#include "core/os/sys.h"

namespace sluice::http {
namespace {

constexpr size_t replay_window = 65536;
constexpr size_t max_trailer_bytes = 8192;
/// Kept in memory while client_body_buffer_size is not written: as much as client_max_body_size
/// allows by default.
constexpr size_t memory_by_default = 1 << 20;

}  // namespace

void BodyReader::borrow(const BodyReader& lender)
{
    lender_ = &lender;
    decoder_.start(lender.framing(), 0, r_.arena());
    stored_ = invited_ = true;
    stored_size_ = lender.stored_size_;
}

void BodyReader::start(Framing framing)
{
    decoder_.start(framing, max_trailer_bytes, r_.arena());
}

int BodyReader::status_of(const BodyRead& failed)
{
    switch (failed.kind) {
    case BodyRead::too_large: return 413;
    case BodyRead::malformed: return 400;
    case BodyRead::timeout: return 408;
    case BodyRead::closed: return 400;
    default: return 500;
    }
}

bool BodyReader::over_limit(uint64_t size) const
{
    uint64_t limit = r_.core().client_max_body_size->n;
    return limit && size > limit && framing().kind == Framing::chunked;
}

Task<BodyRead> BodyReader::pull(Request& r, Deadline deadline)
{
    for (;;) {
        buf::Buffer& from = r.c.in.empty() ? buffer_ : r.c.in;
        Piece piece = decoder_.next(from.view());
        from.consume(piece.consumed);
        received_raw_ += piece.consumed;
        if (piece.state == Piece::data_) {
            if (over_limit(decoder_.received())) {
                r.log(Level::error, "client intended to send too large chunked body: {} bytes",
                      decoder_.received());
                co_return BodyRead{BodyRead::too_large};
            }
            co_return BodyRead{BodyRead::data, piece.data};
        }
        if (piece.state == Piece::done)
            co_return BodyRead{BodyRead::end};
        if (piece.state == Piece::error) {
            r.log(Level::info, "client sent invalid chunked body: {}", decoder_.error().reason);
            co_return BodyRead{BodyRead::malformed};
        }
        if (!from.empty())
            continue;
        if (!invited_ && r.head.expect_continue) {
            BodyRead invited = co_await invite(r);
            if (!invited.good())
                co_return invited;
        }
        Instant began = Clock::now();
        net::Io io = co_await r.c.stream.read(buffer_, read_size_, deadline);
        waited_ += Clock::now() - began;
        if (io.good() && r.core().client_min_rate->broken(received_raw_ + io.n, waited_)) {
            r.timed_out = true;
            r.log(Level::info, "client sends its body more slowly than client_min_rate {}",
                  r.core().client_min_rate->bytes);
            co_return BodyRead{BodyRead::timeout};
        }
        if (io.n >= read_size_)
            read_size_ = std::min(read_size_ * 2, buf::Buffer::largest);
        if (io.kind == net::Io::timeout) {
            r.timed_out = true;
            r.log(Level::info,
                  "client timed out (110: Connection timed out) while reading client request body");
            co_return BodyRead{BodyRead::timeout};
        }
        if (io.kind == net::Io::canceled)
            co_return BodyRead{BodyRead::canceled};
        if (!io.good()) {
            r.log(Level::info,
                  "client prematurely closed connection while reading client request body");
            client_left_ = true;
            co_return BodyRead{BodyRead::closed};
        }
    }
}

Task<BodyRead> BodyReader::invite(Request& r)
{
    bool waits = !invited_ && r.head.expect_continue && !r.head_sent() && !complete();
    bool here = !r.c.in.empty() || !buffer_.empty();
    invited_ = true;
    if (!waits || here)
        co_return BodyRead{BodyRead::end};
    Rc rc = co_await r.send_informational(100, nullptr);
    if (rc == closed)
        co_return BodyRead{BodyRead::closed};
    co_return BodyRead{BodyRead::end};
}

Task<BodyRead> BodyReader::read(Request& r)
{
    if (stored_)
        co_return co_await replay(r);
    co_return co_await pull(r, Clock::in(*r.core().client_body_timeout));
}

Task<BodyRead> BodyReader::store(Request& r)
{
    if (stored_)
        co_return BodyRead{BodyRead::end};
    const auto& configured = r.core().client_body_buffer_size;
    size_t in_memory = configured.is_set() ? configured->n : memory_by_default;
    if (framing().kind == Framing::length && framing().size <= in_memory && framing().size > 0)
        memory_ = buf::Buffer(framing().size);
    for (;;) {
        BodyRead piece = co_await pull(r, Clock::in(*r.core().client_body_timeout));
        if (piece.kind == BodyRead::end)
            break;
        if (!piece.good())
            co_return piece;
        stored_size_ += piece.bytes.size();
        if (!file_ && memory_.size() + piece.bytes.size() > in_memory && !spill(r))
            co_return BodyRead{BodyRead::failed};
        if (file_) {
            os::Io io = os::write_all(file_.get(), piece.bytes.data(), piece.bytes.size());
            if (!io.ok()) {
                r.log(Level::crit, "write() to a client body's temporary file failed {}",
                      errno_text(io.error));
                co_return BodyRead{BodyRead::failed};
            }
        } else {
            if (memory_.room_size() < piece.bytes.size())
                memory_.grow(std::max(memory_.capacity() * 2, memory_.size() + piece.bytes.size()));
            memory_.append(piece.bytes);
        }
    }
    stored_ = true;
    // What lies behind the body stays where it is until the request ends: the head's views point
    // into the connection's buffer.
    if (buffer_.empty())
        buffer_.release();
    co_return BodyRead{BodyRead::end};
}

// Moves what is in memory to a file that has no name: it is gone with its descriptor.
bool BodyReader::spill(Request& r)
{
    std::string directory = r.main().full_path(*r.core().client_body_temp_path);
    int error = 0;
    file_ = os::temporary_file(directory, error);
    if (!file_) {
        r.log(Level::crit,
              "open() of a temporary file in \"{}\" failed {}; see client_body_temp_path",
              directory, errno_text(error));
        return false;
    }
    r.log(Level::warn, "a client request body is buffered to a temporary file in {}", directory);
    os::Io io = os::write_all(file_.get(), memory_.view().data(), memory_.size());
    memory_.release();
    return io.ok();
}

Task<BodyRead> BodyReader::replay(Request& r)
{
    if (replayed_ == stored_size_)
        co_return BodyRead{BodyRead::end};
    const BodyReader& holder = lender_ ? *lender_ : *this;
    if (!holder.file_) {
        std::string_view rest = holder.memory_.view().substr(replayed_);
        replayed_ = stored_size_;
        co_return BodyRead{BodyRead::data, rest};
    }
    if (!memory_)
        memory_ = buf::Buffer(replay_window);
    memory_.clear();
    os::Io io = os::pread(holder.file_.get(), memory_.room(), memory_.room_size(),
                          static_cast<off_t>(replayed_));
    if (!io.ok() || io.n == 0) {
        r.log(Level::crit, "pread() of a client body's temporary file failed {}",
              errno_text(io.error));
        co_return BodyRead{BodyRead::failed};
    }
    memory_.filled(static_cast<size_t>(io.n));
    replayed_ += static_cast<uint64_t>(io.n);
    co_return BodyRead{BodyRead::data, memory_.view()};
}

void BodyReader::give_back(buf::Buffer& in)
{
    if (buffer_.empty())
        return;
    if (!in)
        in = buf::Buffer(std::max<size_t>(8192, buffer_.size()));
    if (in.room_size() < buffer_.size())
        in.grow(in.size() + buffer_.size());
    in.append(buffer_.view());
    buffer_.clear();
}

Task<bool> BodyReader::discard(Request& r, Deadline deadline)
{
    if (r.head.expect_continue && !invited_ && decoder_.received() == 0)
        co_return false;  // it may send the body or not: only closing is certain (RFC 9110 10.1.1)
    invited_ = true;
    for (;;) {
        Deadline next = std::min(deadline, Clock::in(*r.core().lingering_timeout));
        BodyRead piece = co_await pull(r, next);
        if (piece.kind == BodyRead::end)
            co_return true;
        if (!piece.good() || Clock::now() >= deadline)
            co_return false;
    }
}

}  // namespace sluice::http
