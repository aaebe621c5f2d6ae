// SPDX-License-Identifier: Apache-2.0
// How a session begins, and the data that a client may send before it has.
#include <openssl/ssl.h>

#include <algorithm>

#include "core/net/tls.h"
#include "core/net/tls_error.h"

namespace sluice::net {
namespace {

constexpr size_t early_buffer = 16384;  // what a client may send early: ssl_early_data's limit

constexpr size_t small_tail = 4096;  // of the handshake, that may wait for an answer

}  // namespace

TlsSession::Step TlsSession::handshake()
{
    bool again = false;
    if (!flush(again))
        return Step::failed;
    if (again)
        return Step::want_write;
    int rc = shake_hands();
    if (spoke_plain_) {
        failed_ = true;
        forget_tls_errors();
        return Step::plain;
    }
    int why = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, rc);
    bool waits = why == SSL_ERROR_WANT_READ;
    if (rc != 1 && !waits && (eof_ || errno_)) {
        failed_ = true;
        forget_tls_errors();
        return eof_ ? Step::closed : Step::failed;
    }
    if (rc != 1 && !waits)
        note_error();
    else
        forget_tls_errors();
    // The request is here already: a ticket leaves with what answers it, or when we wait for more.
    bool waits_for_answer = rc == 1 && is_server_ && SSL_is_init_finished(ssl_) &&
                            SSL_has_pending(ssl_) && out_.size() < small_tail;
    bool alert_sent = waits_for_answer || flush(again);  // an alert says why, if it goes
    if (rc != 1 && !waits)
        return Step::failed;
    if (!alert_sent)
        return Step::failed;
    if (again)
        return Step::want_write;
    if (waits)
        return Step::want_read;
    established_ = true;
    if (SSL_has_pending(ssl_)) {
        if (!watch_.can_read())
            drained_in_ = event::Loop::current().stats().turns;
        watch_.assume_readable();
    }
    return Step::done;
}

// As SSL_do_handshake(); but early data is an end, too.
int TlsSession::shake_hands()
{
    int rc = 1;
    if (reads_early_ && read_early(early_, rc) > 0)
        return 1;
    return rc == 1 ? SSL_do_handshake(ssl_) : rc;
}

bool TlsSession::in_early_data() const
{
    return established_ && !SSL_is_init_finished(ssl_);
}

// How much came; with 0 `rc` is 1 when no more will, or what SSL_get_error() wants to know.
size_t TlsSession::read_early(buf::Buffer& b, int& rc)
{
    if (!b)
        b = buf::Buffer(early_buffer);
    size_t n = 0;
    switch (SSL_read_early_data(ssl_, b.room(), b.room_size(), &n)) {
    case SSL_READ_EARLY_DATA_SUCCESS: b.filled(n); return n;
    case SSL_READ_EARLY_DATA_FINISH: reads_early_ = false; break;
    default: rc = 0; break;
    }
    if (b.empty() && &b == &early_)
        b.release();
    return 0;
}

// False: there is no early data (any more), and it is read as ever.
bool TlsSession::take_early(buf::Buffer& b, bool& again, Io& io)
{
    if (!early_.empty()) {
        size_t n = std::min(early_.size(), b.room_size());
        b.append(early_.view().substr(0, n));
        early_.consume(n);
        io = {Io::ok, n};
    } else {
        int rc = 1;
        size_t n = reads_early_ ? read_early(b, rc) : 0;
        if (n == 0 && rc == 1)
            return false;
        io = n > 0 ? Io{Io::ok, n} : read_failed(rc, again);
    }
    if (early_.empty())
        early_.release();
    if (io.good() && !again)
        watch_.assume_readable();  // for more of it, or the client's part of the handshake
    return true;
}

}  // namespace sluice::net
