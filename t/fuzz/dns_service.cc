// SPDX-License-Identifier: Apache-2.0
// What we read of DNS messages ourselves (the TTL of SRV records, refusals): any bytes may come.
#include "core/net/dns_channel.h"
#include "t/fuzz/lib/http_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    sluice::http::fuzz::Exact copy({reinterpret_cast<const char*>(data), size});
    auto* bytes = reinterpret_cast<const unsigned char*>(copy.view().data());
    sluice::net::DnsChannel::services_ttl({bytes, size});
    std::string name;
    sluice::net::DnsChannel::refusal({bytes, size}, name);
    return 0;
}
