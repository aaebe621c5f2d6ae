// SPDX-License-Identifier: Apache-2.0
#include "core/net/tls_error.h"

#include <openssl/err.h>

namespace sluice::net {

std::string take_tls_error()
{
    std::string text = "(SSL:";
    bool any = false;
    const char* data = nullptr;
    int flags = 0;
    while (unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags)) {
        char line[256];
        ERR_error_string_n(code, line, sizeof line);
        text.append(" ").append(line);
        if ((flags & ERR_TXT_STRING) && data && *data)
            text.append(":").append(data);
        any = true;
    }
    return text + (any ? ")" : " no reason given)");
}

void forget_tls_errors()
{
    if (ERR_peek_error())
        ERR_clear_error();
}

int peek_tls_reason()
{
    return ERR_GET_REASON(ERR_peek_error());
}

}  // namespace sluice::net
