// SPDX-License-Identifier: Apache-2.0
//
// Certificates for TLS blocks, made anew for each: nothing secret is kept in the tree.
//
//   ca.pem            who signs the others (CN=test ca);  other-ca.pem: who signs none of them
//   localhost.pem     P-256, CN=localhost; also good for *.some.test and 127.0.0.1
//   rsa.pem           the same with RSA (only when the block names it: it takes a while)
//   self.pem          signed by itself, CN=localhost
//   expired.pem       CN=localhost, over since yesterday;   wrong.pem: good for elsewhere.example
//   only client.pem        CN=client,O=Test;   revoked.pem: in crl.pem;   chained.pem: from an
//                     intermediate authority, which is in the file too
//   NAME.key          unencrypted;   locked.key: that of localhost, with the password "secret"
//   passwords         "wrong" and "secret"
//   ocsp.der          ca's word that localhost.pem is good;   other-ocsp.der: other-ca's
//   dh.pem            parameters
#pragma once

#include <string>

namespace sluice::runner {

void write_certificates(const std::string& directory, bool with_rsa);

}  // namespace sluice::runner
