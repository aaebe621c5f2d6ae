// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "core/net/tls.h"
#include "core/net/tls_context.h"
#include "core/net/tls_error.h"
#include "core/os/sys.h"

namespace sluice::net {
namespace {

constexpr size_t batch = 3 * 16384;      // plaintext a send: records of it fit into a 64 KiB buffer
constexpr size_t out_size = 64 * 1024;   // and then into the cache
constexpr size_t record_overhead = 64;   // header, nonce, tag, padding of the largest cipher suite
constexpr size_t segment_record = 1369;  // with TCP, IPv6 and record overhead: one 1500-byte packet
constexpr size_t small_bytes = 16384;    // about ten segments: the initial congestion window
constexpr ms pause{1000};                // after it the window may have shrunk again
constexpr size_t out_limit = 256 * 1024;  // alerts and key updates that a peer provokes

char scratch[16384];  // one record's plaintext, gathered; used up before anybody else runs

}  // namespace

/// The BIO between OpenSSL and the socket.
struct TlsBio {
    static int read(BIO* bio, char* to, int size)
    {
        auto& s = *static_cast<TlsSession*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        int n = s.receive(to, size);
        if (n < 0 && !s.eof_ && s.errno_ == 0 && !s.spoke_plain_)
            BIO_set_retry_read(bio);
        return n;
    }
    // Never refuses: out_ grows. Whoever writes bounds what is in it.
    static int write(BIO* bio, const char* from, int size)
    {
        auto& s = *static_cast<TlsSession*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        auto n = static_cast<size_t>(size);
        if (!s.out_)
            s.out_ = buf::Buffer(n);
        if (s.out_.room_size() < n)
            s.out_.grow(s.out_.size() + n);
        s.out_.append({from, n});
        return size;
    }
    static long ctrl(BIO* bio, int command, long, void*)
    {
        switch (command) {
        case BIO_CTRL_FLUSH: return 1;
        case BIO_CTRL_EOF: return static_cast<TlsSession*>(BIO_get_data(bio))->eof_;
        default: return 0;
        }
    }
    static const BIO_METHOD* method()
    {
        static BIO_METHOD* m = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
            BIO_meth_set_read(made, read);
            BIO_meth_set_write(made, write);
            BIO_meth_set_ctrl(made, ctrl);
            return made;
        }();
        return m;
    }
};

TlsKeeper::~TlsKeeper()
{
    keep(nullptr);
}

void TlsKeeper::keep(SSL_SESSION* session)
{
    if (session_)
        SSL_SESSION_free(session_);
    session_ = session;
}

TlsSession::TlsSession(event::Watch& watch, const TlsContext& first, TlsChooser& chooser)
    : watch_(watch), context_(first), chooser_(&chooser), is_server_(true)
{
    begin();
    SSL_set_accept_state(ssl_);
    reads_early_ = SSL_get_max_early_data(ssl_) > 0;
}

TlsSession::TlsSession(event::Watch& watch, const TlsContext& context,
                       const std::string& server_name, TlsKeeper* keeper)
    : watch_(watch), context_(context), keeper_(keeper), is_server_(false)
{
    begin();
    SSL_set_connect_state(ssl_);
    if (!server_name.empty())
        SSL_set_tlsext_host_name(ssl_, server_name.c_str());
    if (keeper && keeper->session())
        SSL_set_session(ssl_, keeper->session());
}

void TlsSession::begin()
{
    ssl_ = SSL_new(context_.handle());
    BIO* bio = BIO_new(TlsBio::method());
    SLUICE_CHECK(ssl_ && bio);  // out of memory
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_app_data(ssl_, this);
}

TlsSession::~TlsSession()
{
    say_goodbye();
    // Or OpenSSL would forget the session: it can be resumed all the same.
    if (established_)
        SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl_);
    forget_tls_errors();
}

TlsSession* TlsSession::of(const ssl_st* ssl)
{
    return static_cast<TlsSession*>(SSL_get_app_data(ssl));
}

std::string_view TlsSession::server_name() const
{
    const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name ? std::string_view(name) : std::string_view();
}

void TlsSession::set_session_id(std::string_view digest)
{
    SSL_set_session_id_context(ssl_, reinterpret_cast<const unsigned char*>(digest.data()),
                               static_cast<unsigned int>(digest.size()));
}

// ---- below OpenSSL ------------------------------------------------------------------------------

int TlsSession::receive(char* to, int size)
{
    if (!watch_.can_read() || spoke_plain_)
        return -1;
    auto room = static_cast<size_t>(size);
    os::Io io = os::recv(watch_.fd(), to, room);
    if (io.again()) {
        watch_.drained();
        return -1;
    }
    if (!io.ok()) {
        errno_ = io.error;
        return -1;
    }
    if (io.n == 0) {
        eof_ = true;
        return 0;
    }
    if (static_cast<size_t>(io.n) < room && !watch_.hung_up())
        watch_.drained();  // as of a plain stream
    if (first_ && is_server_) {
        // A record of a handshake begins with 22, an SSLv2 hello with a bit that no text has.
        auto c = static_cast<unsigned char>(to[0]);
        if (c != 22 && c < 128) {
            spoke_plain_ = true;
            plain_ = buf::Buffer(static_cast<size_t>(io.n));
            plain_.append({to, static_cast<size_t>(io.n)});
            return -1;
        }
    }
    first_ = false;
    return static_cast<int>(io.n);
}

// False: the socket is broken, errno_ says why.
bool TlsSession::flush(bool& again, bool more)
{
    while (!out_.empty()) {
        iovec part{const_cast<char*>(out_.view().data()), out_.size()};
        os::Io io = os::send_parts(watch_.fd(), &part, 1, more);
        if (io.again()) {
            watch_.filled();
            again = true;
            return true;
        }
        if (!io.ok()) {
            errno_ = io.error;
            failed_ = true;
            out_.release();
            return false;
        }
        out_.consume(static_cast<size_t>(io.n));
    }
    out_.release();
    return true;
}

void TlsSession::note_error()
{
    failed_ = true;
    error_ = take_tls_error();
}

Io TlsSession::failure(int system)
{
    failed_ = true;
    return {Io::reset, 0, system ? system : Io::tls_error};
}

// ---- reading ------------------------------------------------------------------------------------

Io TlsSession::read(buf::Buffer& b, bool& again)
{
    if (ended_)
        return end_;
    if (Io io; (reads_early_ || early_) && take_early(b, again, io))
        return io;
    // No event can have come since: asking the socket would only be told so.
    if (drained_in_ != 0 && drained_in_ == event::Loop::current().stats().turns)
        watch_.drained();
    drained_in_ = 0;
    size_t total = 0;
    while (b.room_size() > 0) {
        size_t n = 0;
        int rc = SSL_read_ex(ssl_, b.room(), b.room_size(), &n);
        if (rc != 1) {
            bool nothing = false;
            Io io = read_failed(rc, nothing, total == 0);
            if (!nothing) {
                end_ = io;
                ended_ = true;
            }
            if (total == 0) {
                again = nothing;
                return io;
            }
            if (ended_)
                watch_.assume_readable();  // to be told
            break;
        }
        b.filled(n);
        total += n;
        if (!watch_.can_read() && !SSL_has_pending(ssl_))
            break;  // asking once more would only be told so
    }
    // Room ended first: what OpenSSL holds, decrypted or not, makes no event.
    if (b.room_size() == 0 && SSL_has_pending(ssl_))
        watch_.assume_readable();
    return {Io::ok, total};
}

Io TlsSession::read_failed(int rc, bool& again, bool asks_for_more)
{
    int why = SSL_get_error(ssl_, rc);
    bool blocked = false;
    if (eof_ || errno_)
        out_.release();  // nobody hears an alert
    else if (!out_.empty() && held_ == 0 && (asks_for_more || why != SSL_ERROR_WANT_READ))
        flush(blocked);  // an alert, or the answer to a key update
    if (why == SSL_ERROR_WANT_READ && out_.size() <= out_limit) {
        again = true;
        return {};
    }
    if (why == SSL_ERROR_ZERO_RETURN) {
        forget_tls_errors();
        return {Io::eof};
    }
    if (eof_ && is_server_) {  // many clients just go
        forget_tls_errors();
        return {Io::eof};
    }
    note_error();
    return failure(errno_);
}

// ---- writing ------------------------------------------------------------------------------------

/// A place in slices that are not used up yet.
class TlsSession::Cursor
{
public:
    explicit Cursor(std::span<const buf::Slice> slices) : slices_(slices) { skip_empty(); }
    bool at_end() const { return slices_.empty(); }
    size_t left() const { return slices_.front().size - used_; }
    /// Enough for a record without copying.
    bool has(size_t n) const
    {
        return slices_.front().file < 0 && (left() >= n || slices_.size() == 1);
    }
    const char* memory() const { return slices_.front().memory + used_; }
    void skip(size_t n)
    {
        used_ += n;
        skip_empty();
    }
    /// Copies up to n bytes; -1: the file is shorter than it was.
    ssize_t copy(char* to, size_t n)
    {
        size_t total = 0;
        while (total < n && !at_end()) {
            size_t part = std::min(left(), n - total);
            const buf::Slice& s = slices_.front();
            if (s.file < 0) {
                std::memcpy(to + total, memory(), part);
            } else {
                os::Io io =
                    os::pread(s.file, to + total, part, s.offset + static_cast<int64_t>(used_));
                if (!io.ok() || io.n <= 0)
                    return -1;
                part = static_cast<size_t>(io.n);
            }
            total += part;
            skip(part);
        }
        return static_cast<ssize_t>(total);
    }

private:
    void skip_empty()
    {
        while (!slices_.empty() && used_ >= slices_.front().size) {
            used_ -= slices_.front().size;
            slices_ = slices_.subspan(1);
        }
    }
    std::span<const buf::Slice> slices_;
    size_t used_ = 0;
};

size_t TlsSession::next_record() const
{
    return std::min(burst_ < small_bytes ? segment_record : sizeof scratch, record_limit_);
}

bool TlsSession::encrypt(const char* from, size_t size)
{
    size_t n = 0;
    int good = in_early_data() ? SSL_write_early_data(ssl_, from, size, &n)
                               : SSL_write_ex(ssl_, from, size, &n);
    if (good == 1) {
        burst_ += size;
        return true;
    }
    note_error();
    return false;
}

// For the records of what is to be written: one buffer, taken once.
void TlsSession::make_room(std::span<const buf::Slice> slices)
{
    size_t size = 0;
    for (size_t i = 0; i < slices.size() && size < batch; ++i)
        size += slices[i].size;
    size = std::min(size, batch);
    size = std::min(out_size, size + (size / next_record() + 2) * record_overhead);
    if (out_.empty())
        out_ = buf::Buffer(size);
    else if (out_.room_size() < size)
        out_.grow(out_.size() + size);  // the end of the handshake is still in it
}

Io TlsSession::write(std::span<buf::Slice>& slices, bool& again, bool final)
{
    if (failed_)
        return failure(errno_);
    if (held_ > 0 && !flush(again))
        return failure(errno_);
    if (again)
        return {Io::ok, 0};
    size_t done = std::exchange(held_, 0);
    Stream::advance(slices, done);
    Cursor at(slices);
    if (at.at_end())
        return {Io::ok, done};
    if (Clock::now() - written_at_ > pause)
        burst_ = 0;
    written_at_ = Clock::now();
    make_room(slices);
    size_t taken = 0;
    while (taken < batch && !at.at_end()) {
        size_t n = next_record();
        if (at.has(n)) {
            n = std::min(n, at.left());
            if (!encrypt(at.memory(), n))
                return failure(0);
            at.skip(n);
        } else {
            ssize_t got = at.copy(scratch, n);
            if (got < 0)
                return {Io::file_cut, done};
            n = static_cast<size_t>(got);
            if (!encrypt(scratch, n))
                return failure(0);
        }
        taken += n;
    }
    bool last = final && at.at_end();
    if (last && !in_early_data()) {
        said_goodbye_ = true;
        SSL_shutdown(ssl_);
    }
    if (!flush(again, last))
        return failure(errno_);
    if (again) {
        held_ = taken;
        return {Io::ok, done};
    }
    Stream::advance(slices, taken);
    return {Io::ok, done + taken};
}

void TlsSession::say_goodbye()
{
    if (!established_ || failed_ || held_ > 0 || said_goodbye_ || !watch_.is_open() ||
        watch_.broken() || in_early_data())
        return;
    said_goodbye_ = true;
    SSL_shutdown(ssl_);
    forget_tls_errors();
    bool again = false;
    flush(again);
}

}  // namespace sluice::net
