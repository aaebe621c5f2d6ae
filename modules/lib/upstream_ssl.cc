// SPDX-License-Identifier: Apache-2.0
#include "modules/lib/upstream_ssl.h"

#include "core/upstream/groups.h"

namespace sluice::tls {
namespace {

// The chains of public authorities have two or three links; nginx's default of 1 is for one's own.
constexpr int depth_of_public_chains = 9;

std::string shape_of(const SslConf& c, const http::Main& main, const conf::Diagnostics& diag)
{
    std::string shape =
        fmt::format("{} {} {} {} {} {} {}", static_cast<int>(*c.mode), *c.server_name, *c.verify,
                    *c.verify_depth, *c.session_reuse, c.protocols->mask, *c.ciphers);
    for (const auto* file : {&c.trusted_certificate, &c.crl, &c.certificate, &c.certificate_key})
        shape += "\n" + (file->is_set() ? full_path(**file, main, diag) : std::string());
    for (const Command& command : *c.conf_command)
        shape += "\n" + command.name + " " + command.value;
    return shape;
}

class Filler
{
public:
    Filler(const SslConf& conf, Finish& finish, conf::Pos pos, std::string_view prefix,
           upstream::Secure& secure)
        : conf_(conf),
          finish_(finish),
          pos_(pos),
          prefix_(prefix),
          secure_(secure),
          context_(secure.context)
    {
    }

    void fill()
    {
        bool automatic = *conf_.mode == SslMode::automatic;
        secure_.sends_name = automatic || *conf_.server_name;
        secure_.verifies = automatic || *conf_.verify;
        secure_.resumes = *conf_.session_reuse;
        context_.set_protocols(conf_.protocols->mask);
        report(pos_, context_.set_ciphers(*conf_.ciphers, false));
        for (const Command& c : *conf_.conf_command)
            report(c.pos, context_.command(c.name, c.value));
        if (secure_.verifies)
            verify(automatic);
        if (conf_.certificate.is_set())
            show();
    }

private:
    void report(conf::Pos pos, const std::string& why)
    {
        if (!why.empty())
            finish_.diag.error(pos, why);
    }
    std::string path(const File& file) const { return full_path(file, finish_.main, finish_.diag); }

    void verify(bool automatic)
    {
        if (conf_.trusted_certificate.is_set())
            report(conf_.trusted_certificate->pos,
                   context_.trust(path(*conf_.trusted_certificate)));
        else if (automatic)
            context_.trust_system();
        else
            finish_.diag.error(
                pos_, fmt::format("no {0}ssl_trusted_certificate for {0}ssl_verify", prefix_),
                fmt::format("\"{}ssl auto\" trusts the system's authorities", prefix_));
        bool by_default = automatic && !conf_.verify_depth.is_set();
        context_.verify_peer(by_default ? depth_of_public_chains : *conf_.verify_depth);
        if (conf_.crl.is_set())
            report(conf_.crl->pos, context_.revoke(path(*conf_.crl)));
    }

    void show()
    {
        const File& certificate = *conf_.certificate;
        if (!conf_.certificate_key.is_set()) {
            finish_.diag.error(
                certificate.pos,
                fmt::format("no \"{}ssl_certificate_key\" is defined for certificate \"{}\"",
                            prefix_, certificate.path));
            return;
        }
        net::TlsPasswords passwords;
        if (conf_.password_file.is_set() &&
            !read_passwords(*conf_.password_file, finish_.main, finish_.diag, passwords))
            return;
        std::string key = path(*conf_.certificate_key);
        std::string why = context_.add_certificate(path(certificate), key, &passwords);
        report(certificate.pos, why.empty() ? context_.check_certificates(key) : why);
    }

    const SslConf& conf_;
    Finish& finish_;
    conf::Pos pos_;
    std::string_view prefix_;
    upstream::Secure& secure_;
    net::TlsContext& context_;
};

}  // namespace

std::span<const std::pair<std::string_view, SslMode>> enum_names(SslMode*)
{
    static constexpr std::pair<std::string_view, SslMode> names[] = {{"off", SslMode::by_hand},
                                                                     {"auto", SslMode::automatic}};
    return names;
}

void SslConf::inherit(const SslConf& p)
{
    mode.inherit(p.mode);
    server_name.inherit(p.server_name);
    name.inherit(p.name);
    verify.inherit(p.verify);
    verify_depth.inherit(p.verify_depth);
    trusted_certificate.inherit(p.trusted_certificate);
    crl.inherit(p.crl);
    certificate.inherit(p.certificate);
    certificate_key.inherit(p.certificate_key);
    password_file.inherit(p.password_file);
    session_reuse.inherit(p.session_reuse);
    protocols.inherit(p.protocols);
    ciphers.inherit(p.ciphers);
    conf_command.inherit(p.conf_command);
}

std::shared_ptr<upstream::Secure> make_secure(const SslConf& conf, Finish& finish, conf::Pos pos,
                                              std::string_view prefix)
{
    bool fresh = false;
    auto secure =
        upstream::Groups::of(finish.main).secure(shape_of(conf, finish.main, finish.diag), fresh);
    if (fresh)
        Filler(conf, finish, pos, prefix, *secure).fill();
    return secure;
}

void warn_if_unverified(const upstream::Secure& secure, Finish& finish, conf::Pos pos,
                        std::string_view text, std::string_view prefix)
{
    if (!secure.verifies)
        finish.diag.warn(
            pos, "upstream-not-verified",
            fmt::format("the certificate of \"{}\" is not verified: anybody on the way "
                        "can answer in its place (\"{}ssl auto\" verifies it)",
                        text, prefix));
}

std::string_view without_port(std::string_view name)
{
    if (name.starts_with('[')) {
        name.remove_prefix(1);
        return name.substr(0, name.find(']'));
    }
    size_t colon = name.find(':');
    return colon == name.rfind(':') ? name.substr(0, colon) : name;
}

}  // namespace sluice::tls
