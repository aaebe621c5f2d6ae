// SPDX-License-Identifier: Apache-2.0
// TlsSession: TLS (OpenSSL) below a Stream, which owns it through one pointer and hands it its
// reads and writes. Nothing above the stream knows, but for the handshake and the $ssl_* values.
//
// OpenSSL reads and writes through a BIO of ours. Reading ahead: one recv feeds as many records as
// the socket has. Writing: small slices are gathered into one record, records into one send; the
// first records after a pause fit into a TCP segment each, so that a browser can use what has come.
// Early data (TLS 1.3) is read as what it says, and answered, before the handshake has ended.
// While a connection idles it holds no buffers (SSL_MODE_RELEASE_BUFFERS, pool buffers).
//
// Bytes count as written when their records have been given to the kernel, whole. So whoever was
// told `again` comes back with the same bytes in front, or never writes again (as with SSL_write).
//
// Errors: Io::reset with errno of the socket, or with Io::tls_error, then error() says what.
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/buf/pool.h"
#include "core/event/loop.h"
#include "core/net/stream.h"

struct ssl_st;
struct ssl_session_st;

namespace sluice::net {

class TlsContext;
class TlsSession;

/// Who knows the servers behind a listening address.
class TlsChooser
{
public:
    /// For each ClientHello: the context of the server of this name (empty: none was sent). Null
    /// refuses the handshake (unrecognized_name).
    virtual const TlsContext* choose_tls(std::string_view server_name) = 0;
    /// For a full handshake, after that: gives the session its certificates, where the context has
    /// none. False: the handshake fails.
    virtual bool certify(TlsSession&) { return true; }
    /// What is stapled to its certificate (OCSP, DER), for a client that asks; empty: nothing.
    virtual std::string_view staple(TlsSession&) { return {}; }

protected:
    ~TlsChooser() = default;
};

/// The last session with one server, to be resumed by the next connection.
class TlsKeeper
{
public:
    TlsKeeper() = default;
    ~TlsKeeper();
    TlsKeeper(const TlsKeeper&) = delete;
    /// Takes over a reference.
    void keep(ssl_session_st* session);
    ssl_session_st* session() const { return session_; }

private:
    ssl_session_st* session_ = nullptr;
};

class TlsSession
{
public:
    /// Towards a client that has sent something. The context outlives it, the chooser the
    /// handshake.
    TlsSession(event::Watch& watch, const TlsContext& first, TlsChooser& chooser);
    /// Towards a server; `server_name` (SNI) may be empty, `keeper` null.
    TlsSession(event::Watch& watch, const TlsContext& context, const std::string& server_name,
               TlsKeeper* keeper);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;

    /// plain: the client's first bytes are no TLS (plain_bytes() has them). closed: it went away.
    enum class Step : uint8_t { done, want_read, want_write, plain, closed, failed };
    Step handshake();
    bool is_server() const { return is_server_; }
    bool established() const { return established_; }
    /// What is read now could have been sent by anybody who saw it before (RFC 8446 8).
    bool in_early_data() const;
    /// The peer has said something.
    bool heard() const { return !first_; }
    buf::Buffer& plain_bytes() { return plain_; }

    Io read(buf::Buffer& b, bool& again);
    /// `final`: close() follows at once; close_notify goes with the last record.
    Io write(std::span<buf::Slice>& slices, bool& again, bool final);
    /// close_notify, once, as far as it goes without waiting; not after an error or in the middle
    /// of a write.
    void say_goodbye();
    /// No close_notify: what was sent is not all.
    void forget_goodbye() { failed_ = true; }

    /// What the last tls_error was, in OpenSSL's words as nginx logs them; errno of a socket error.
    const std::string& error() const { return error_; }
    int system_error() const { return errno_; }
    /// The largest record that is written, plaintext bytes (ssl_buffer_size).
    void set_record_limit(size_t n) { record_limit_ = n; }
    /// The name that the client asked for, empty: none.
    std::string_view server_name() const;
    ssl_st* handle() const { return ssl_; }
    /// 32 bytes: sessions of others are not resumed. Before the handshake, or while it chooses.
    void set_session_id(std::string_view digest);
    /// That it began with: sessions are kept by its rules, whatever SNI chose.
    const TlsContext& first_context() const { return context_; }
    static TlsSession* of(const ssl_st* ssl);
    TlsChooser* chooser() const { return chooser_; }
    TlsKeeper* keeper() const { return keeper_; }
    /// The handshake is over, the chooser may go.
    void forget_chooser() { chooser_ = nullptr; }

private:
    friend struct TlsBio;
    class Cursor;
    void begin();
    int receive(char* to, int size);
    bool flush(bool& again, bool more = false);
    bool encrypt(const char* from, size_t size);
    int shake_hands();
    size_t read_early(buf::Buffer& b, int& rc);
    bool take_early(buf::Buffer& b, bool& again, Io& io);
    size_t next_record() const;
    void make_room(std::span<const buf::Slice> slices);
    Io read_failed(int rc, bool& again, bool asks_for_more = true);
    Io failure(int system);
    void note_error();

    event::Watch& watch_;
    const TlsContext& context_;
    TlsChooser* chooser_ = nullptr;
    TlsKeeper* keeper_ = nullptr;
    ssl_st* ssl_ = nullptr;
    buf::Buffer out_;    // records that the kernel has not taken yet
    buf::Buffer plain_;  // of a client that speaks no TLS
    buf::Buffer early_;  // early data that came while the handshake went on
    std::string error_;
    size_t held_ = 0;  // plaintext bytes in out_ that have not been reported as written
    size_t record_limit_ = 16384;
    uint64_t burst_ = 0;  // plaintext bytes written since the last pause
    Instant written_at_{0};
    uint64_t drained_in_ = 0;  // turn in which the socket was empty, and records were left here
    int errno_ = 0;
    Io end_;  // an end or error that came behind bytes: told by the next read
    bool is_server_;
    bool first_ = true;  // nothing has been received yet
    bool established_ = false;
    bool failed_ = false;
    bool eof_ = false;  // of the socket
    bool spoke_plain_ = false;
    bool reads_early_ = false;  // early data may come, or more of it
    bool ended_ = false;        // end_ is set
    bool said_goodbye_ = false;
};

}  // namespace sluice::net
