// SPDX-License-Identifier: Apache-2.0
#include "modules/lib/tls_values.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace sluice::tls {
namespace {

std::string conf_folder(const conf::Diagnostics& diag, conf::Pos pos)
{
    const conf::File* file = &diag.file(pos);
    while (file->included_at.line)
        file = &diag.file(file->included_at);
    return file->path.substr(0, file->path.rfind('/') + 1);
}

}  // namespace

bool parse(Apply& apply, size_t arg, File& out)
{
    out = {apply.arg(arg), apply.node.args[arg].pos};
    return true;
}

bool parse(Apply& apply, size_t arg, Command& out)
{
    out = {apply.arg(arg), apply.arg(arg + 1), apply.node.args[arg].pos};
    return true;
}

bool parse(Apply& apply, size_t arg, Protocols& out)
{
    static constexpr std::pair<std::string_view, uint32_t> names[] = {
        {"SSLv2", net::tls_sslv2},  {"SSLv3", net::tls_sslv3},  {"TLSv1", net::tls_v1},
        {"TLSv1.1", net::tls_v1_1}, {"TLSv1.2", net::tls_v1_2}, {"TLSv1.3", net::tls_v1_3}};
    out.mask = 0;
    for (size_t i = arg; i < apply.size(); ++i) {
        auto it = std::find_if(std::begin(names), std::end(names),
                               [&](const auto& n) { return iequals(n.first, apply.arg(i)); });
        if (it == std::end(names)) {
            apply.fail_at(i, fmt::format("invalid value \"{}\"", apply.arg(i)),
                          "one or more of TLSv1 TLSv1.1 TLSv1.2 TLSv1.3");
            return false;
        }
        if (out.mask & it->second)
            apply.warn("duplicate-value", fmt::format("duplicate value \"{}\"", apply.arg(i)));
        out.mask |= it->second;
    }
    return true;
}

std::string full_path(const File& file, const http::Main& main, const conf::Diagnostics& diag)
{
    for (std::string_view prefix : {"/", "data:", "engine:", "store:"})
        if (file.path.starts_with(prefix))
            return file.path;
    return main.full_path(conf_folder(diag, file.pos) + file.path);
}

bool read_passwords(const File& file, const http::Main& main, conf::Diagnostics& diag,
                    net::TlsPasswords& out)
{
    std::string path = full_path(file, main, diag);
    int error = out.read(path);
    if (error)
        diag.error(file.pos, fmt::format("open() \"{}\" failed {}", path, errno_text(error)));
    return error == 0;
}

}  // namespace sluice::tls
