// SPDX-License-Identifier: Apache-2.0
#include "core/http/error_page.h"

#include <fmt/format.h>

#include <unordered_map>

#include "core/http/request.h"

namespace sluice::http {
namespace {

// What 494 to 497 say below "400 Bad Request".
struct Special {
    int status;
    std::string_view title, text;
};
constexpr Special specials[] = {
    {494, "Request Header Or Cookie Too Large", "Request Header Or Cookie Too Large"},
    {495, "The SSL certificate error", "The SSL certificate error"},
    {496, "No required SSL certificate was sent", "No required SSL certificate was sent"},
    {497, "The plain HTTP request was sent to HTTPS port",
     "The plain HTTP request was sent to HTTPS port"},
};

/// What a page is headed with: mostly the status line's words, as in nginx.
std::string_view heading_of(int status)
{
    switch (status) {
    case 302: return "302 Found";
    case 401: return "401 Authorization Required";
    default: return status_line_text(status);
    }
}

bool has_page(int status)
{
    if (status >= 301 && status <= 308)
        return status != 304 && status != 305 && status != 306;
    return status >= 400 && !status_line_text(status).empty();
}

constexpr std::string_view padding =
    "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n";

std::string make_page(int status, Tokens tokens, bool padded)
{
    std::string tail;
    for (int i = 0; padded && i < 6; ++i)
        tail += padding;
    std::string title(heading_of(status)), heading = title, more;
    for (const Special& s : specials)
        if (s.status == status) {
            title = fmt::format("400 {}", s.title);
            heading = "400 Bad Request";
            more = fmt::format("<center>{}</center>\r\n", s.text);
        }
    return fmt::format(
        "<html>\r\n<head><title>{}</title></head>\r\n<body>\r\n<center><h1>{}</h1></center>\r\n{}"
        "<hr><center>{}</center>\r\n</body>\r\n</html>\r\n{}",
        title, heading, more, server_token(tokens), tail);
}

}  // namespace

std::string_view error_page_text(int status, Tokens tokens, bool padded)
{
    if (!has_page(status) && !(status >= 494 && status <= 497))
        return {};
    static std::unordered_map<int, std::string> pages[3][2];
    auto& table = pages[static_cast<size_t>(tokens)][padded];
    auto it = table.find(status);
    if (it == table.end())
        it = table.emplace(status, make_page(status, tokens, padded)).first;
    return it->second;
}

}  // namespace sluice::http
