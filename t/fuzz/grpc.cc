// SPDX-License-Identifier: Apache-2.0
// What a gRPC server says to a probe: any bytes may come, in pieces of any size (the first byte
// says which).
#include "modules/health_check/grpc_client.h"
#include "t/fuzz/lib/http_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sluice::health_check;
    if (size == 0)
        return 0;
    std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
    serving_status(all);
    size_t step = data[0] ? data[0] : 1;
    GrpcClient client;
    client.ask({"http", "app", "service"});
    client.output();
    for (size_t i = 0; i < all.size(); i += step) {
        sluice::http::fuzz::Exact copy(all.substr(i, step));
        client.feed(copy.view());
        client.output();
    }
    if (client.answered())
        client.fault(12);
    if (client.reusable())
        client.ask({"http", "app", ""});
    return 0;
}
