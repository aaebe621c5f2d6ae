// SPDX-License-Identifier: Apache-2.0
// Target: where X_pass of fastcgi, uwsgi, scgi and memcached leads: "host:port", "unix:/path", a
// group, or variables that say one of these.
#pragma once

#include <string>

#include "core/http/module.h"
#include "core/upstream/groups.h"

namespace sluice::upstream {

struct Target {
    http::Template text;
    Group* group = nullptr;          // null: found per request
    bool over_tls = false;           // it was written with the TLS scheme
    std::shared_ptr<Secure> secure;  // null: plain
    std::string tls_name;            // of a constant address: the server's
    conf::Pos pos;

    /// Binds a constant address, once the configuration has been read.
    void finish(http::Finish& finish);
    /// The group of this request; null (and an error log line) when there is none.
    Group* choose(http::Request& r) const;
};

/// Reads it from the directive's first argument and makes `handler` the location's content handler.
/// `scheme` ("uwsgi") may stand before the address as "uwsgi://", and as "suwsgi://" with TLS;
/// empty: no scheme may.
void set_target(Apply& apply, std::shared_ptr<Target>& out, Handler handler,
                std::string_view scheme = {});

}  // namespace sluice::upstream
