// SPDX-License-Identifier: Apache-2.0
// Subrequests: a request of ours to another location of the same server, with the client's head,
// method GET and no body. Its response goes nowhere; status and fields stand in its `out` behind
//     Request& sub = http::make_subrequest(r, "/auth", {});
//     Rc rc = co_await sub.run(next);
// It lives in the arena of the main request, whose variables it shares. Its phases begin with
// server_rewrite; the access phase is the main request's business, the log's only with
// log_subrequest on. `internal` locations are open to it.
#pragma once

#include <string_view>

#include "core/http/request.h"

namespace sluice::http {

inline Request& make_subrequest(Request& r, std::string_view uri, std::string_view args)
{
    return *r.arena().make<Request>(r, uri, args);
}

/// The client's method, too, and (once it is stored) its body.
inline Request& make_copy(Request& r, std::string_view uri, bool with_body)
{
    Request& sub = make_subrequest(r, uri, r.args);
    sub.method = r.method;
    sub.method_id = r.method_id;
    if (with_body && r.body.stored())
        sub.body.borrow(r.body);
    return sub;
}

}  // namespace sluice::http
