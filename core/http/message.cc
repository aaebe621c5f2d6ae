// SPDX-License-Identifier: Apache-2.0
#include "core/http/message.h"

namespace sluice::http {
namespace {

// In the order of Method.
constexpr std::string_view methods[] = {
    "",        "GET",   "HEAD", "POST", "PUT",      "DELETE",    "OPTIONS", "PATCH", "TRACE",
    "CONNECT", "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "LOCK",    "UNLOCK"};
static_assert(methods[static_cast<size_t>(Method::unlock)] == "UNLOCK");

}  // namespace

Method method_id(std::string_view token)
{
    if (token == "GET")
        return Method::get;
    if (token.empty())
        return Method::other;
    for (size_t i = 2; i < std::size(methods); ++i)
        if (methods[i] == token)
            return static_cast<Method>(i);
    return Method::other;
}

std::string_view method_name(Method method)
{
    return methods[static_cast<size_t>(method)];
}

}  // namespace sluice::http
