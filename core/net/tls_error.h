// SPDX-License-Identifier: Apache-2.0
// OpenSSL's error queue as text. It is emptied here, always: whatever fails and does not ask must
// call forget_tls_errors(), or the next call's failure is taken for another.
#pragma once

#include <string>

namespace sluice::net {

/// "(SSL: error:0A000126:SSL routines::unexpected eof while reading)"; with an empty queue "(SSL:
/// no reason given)".
std::string take_tls_error();
void forget_tls_errors();
/// The reason code of the first error in the queue; 0: none.
int peek_tls_reason();

}  // namespace sluice::net
