// SPDX-License-Identifier: Apache-2.0
// CgiRequest: a request that goes to a FastCGI, SCGI or uwsgi program, as the engine's Forwarder.
// What is left to a module: how the parameters are written, and its wire.
#pragma once

#include <memory>

#include "core/buf/writer.h"
#include "core/upstream/cgi.h"
#include "core/upstream/exchange.h"
#include "core/upstream/settings.h"
#include "core/upstream/stream_wire.h"
#include "core/upstream/target.h"

namespace sluice::upstream {

class CgiRequest : public Forwarder
{
public:
    /// `scheme` as the error log names it: "fastcgi".
    CgiRequest(std::string_view scheme, const Settings& settings)
        : scheme_(scheme), settings_(settings)
    {
    }

    const std::string_view* own_body(http::Request&) override
    {
        return *settings_.pass_request_body ? nullptr : &no_body_;
    }
    http::Method method(http::Request& r) override { return r.method_id; }
    std::string_view rewrite_field(http::Request&, const http::Header& h) override
    {
        return h.value;
    }
    bool asked_upgrade() const override { return false; }
    std::string_view url(http::Request& r, const Peer& peer) override
    {
        return r.arena().concat(scheme_, "://", peer.name);
    }

protected:
    ~CgiRequest() = default;
    bool sends_body(http::Request& r) const
    {
        return *settings_.pass_request_body && !r.body.absent();
    }
    bool sends_fields() const { return *settings_.pass_request_headers; }

private:
    std::string_view scheme_, no_body_;
    const Settings& settings_;
};

/// A wire whose answer is a CGI head and what follows until the connection closes, and whose
/// request body goes as it is: SCGI and uwsgi.
class CgiWire final : public StreamWire<CgiHeadParser>
{
public:
    void begin(http::Request& r, http::Method method) override;
    bool plain_body() const override { return true; }
    size_t frame(std::string_view piece, buf::Slice* parts, size_t& taken) override
    {
        return frame_plain(piece, parts, taken);
    }
    void take_head(http::Request& r, buf::Buffer& in) override;
    bool reusable() const override { return false; }
};

/// What a location says, compiled; null when it does not forward. `keepalive`: connections may be
/// used again.
std::shared_ptr<const Rules> finish_cgi(http::Finish& finish, Target* pass,
                                        const Settings& settings, std::string_view prefix,
                                        bool keepalive);

}  // namespace sluice::upstream
