// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/cgi_request.h"

namespace sluice::upstream {

void CgiWire::begin(http::Request& r, http::Method method)
{
    done_ = false;
    parser_.start(method, r.arena());
}

void CgiWire::take_head(http::Request& r, buf::Buffer& in)
{
    in.consume(parser_.head_size());
    decoder_.start(parser_.head().framing, 0, r.arena());
}

std::shared_ptr<const Rules> finish_cgi(http::Finish& finish, Target* pass,
                                        const Settings& settings, std::string_view prefix,
                                        bool keepalive)
{
    if (!pass)
        return nullptr;
    static constexpr std::string_view hidden[] = {"Status"};
    auto rules =
        std::make_shared<Rules>(compile_rules(finish, settings, prefix, pass->pos, hidden));
    rules->keepalive = keepalive;
    pass->finish(finish);
    return rules;
}

}  // namespace sluice::upstream
