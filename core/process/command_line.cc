// SPDX-License-Identifier: Apache-2.0
#include "core/process/command_line.h"

#include <ares_version.h>
#include <fmt/format.h>
#include <llhttp.h>
#include <nghttp2/nghttp2ver.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

// Packagers give these to the compiler (CMake cache variables of the same names).
#ifndef SLUICE_PREFIX
#define SLUICE_PREFIX "/usr/local/sluice/"
#endif
#ifndef SLUICE_SBIN_PATH
#define SLUICE_SBIN_PATH "sbin/sluice"
#endif
#ifndef SLUICE_CONF_PATH
#define SLUICE_CONF_PATH "conf/nginx.conf"
#endif
#ifndef SLUICE_ERROR_LOG_PATH
#define SLUICE_ERROR_LOG_PATH "logs/error.log"
#endif
#ifndef SLUICE_HTTP_LOG_PATH
#define SLUICE_HTTP_LOG_PATH "logs/access.log"
#endif
#ifndef SLUICE_PID_PATH
#define SLUICE_PID_PATH "logs/nginx.pid"
#endif
#ifndef SLUICE_LOCK_PATH
#define SLUICE_LOCK_PATH "logs/nginx.lock"
#endif
#ifndef SLUICE_USER
#define SLUICE_USER "nobody"
#endif
#ifndef SLUICE_GROUP
#define SLUICE_GROUP "nogroup"
#endif
#ifndef SLUICE_VERSION
#define SLUICE_VERSION "0.1.0"
#endif

namespace sluice::process {
namespace {

struct Parser {
    const std::vector<std::string_view>& args;
    CommandLine out;
    std::string error;
    size_t at = 0;

    // The rest of the word, or the next word.
    bool value(std::string_view rest, char option, std::string_view what, std::string& to)
    {
        if (!rest.empty()) {
            to = rest;
            return true;
        }
        if (at + 1 < args.size()) {
            to = args[++at];
            return true;
        }
        error = fmt::format("option \"-{}\" requires {}", option, what);
        return false;
    }

    bool word(std::string_view flags)
    {
        while (!flags.empty()) {
            char flag = flags.front();
            flags.remove_prefix(1);
            std::string text;
            switch (flag) {
            case '?':
            case 'h': out.help = out.version = true; break;
            case 'v': out.version = true; break;
            case 'V': out.build = out.version = true; break;
            case 't': out.test = true; break;
            case 'T': out.test = out.dump = true; break;
            case 'q': out.quiet = true; break;
            case 'p': return value(flags, flag, "directory name", out.prefix.emplace());
            case 'e': return value(flags, flag, "file name", out.error_log.emplace());
            case 'c': return value(flags, flag, "file name", out.conf.emplace());
            case 'g': return value(flags, flag, "parameter", out.globals.emplace());
            case 's': return value(flags, flag, "parameter", out.signal) && known_signal();
            default: error = fmt::format("invalid option: \"{}\"", flag); return false;
            }
        }
        return true;
    }

    bool known_signal()
    {
        for (std::string_view name : {"stop", "quit", "reopen", "reload"})
            if (out.signal == name)
                return true;
        error = fmt::format("invalid option: \"-s {}\"", out.signal);
        return false;
    }
};

std::string absolute(std::string_view path)
{
    return below(defaults.prefix, path);
}

}  // namespace

const Defaults defaults{SLUICE_PREFIX,         SLUICE_SBIN_PATH,     SLUICE_CONF_PATH,
                        SLUICE_ERROR_LOG_PATH, SLUICE_HTTP_LOG_PATH, SLUICE_PID_PATH,
                        SLUICE_LOCK_PATH,      SLUICE_USER,          SLUICE_GROUP};

Result<CommandLine, std::string> parse_command_line(const std::vector<std::string_view>& args)
{
    Parser parser{args, {}, {}};
    for (; parser.at < args.size(); ++parser.at) {
        std::string_view arg = args[parser.at];
        if (arg.empty() || arg.front() != '-')
            return fail(fmt::format("invalid option: \"{}\"", arg));
        if (!parser.word(arg.substr(1)))
            return fail(std::move(parser.error));
    }
    return std::move(parser.out);
}

std::string_view version()
{
    return "nginx/1.31.4 (sluice/" SLUICE_VERSION ")";
}

std::string_view compiler()
{
#ifdef __clang__
    return "clang " __clang_version__;
#else
    return "gcc " __VERSION__;
#endif
}

std::string version_text()
{
    return fmt::format("nginx version: {}\n", version());
}

std::string build_text(const std::string& built_in_modules)
{
    std::string text = fmt::format("built by {}\nbuilt with {}", compiler(), OPENSSL_VERSION_TEXT);
    if (std::string_view running = OpenSSL_version(OPENSSL_VERSION);
        running != OPENSSL_VERSION_TEXT)
        text += fmt::format(" (running with {})", running);
    if (built_in_modules.find("http_ssl_module") != std::string::npos)
        text += "\nTLS SNI support enabled";
    text +=
        fmt::format("\nbuilt with llhttp {}.{}.{}, c-ares {}, nghttp2 {}\n", LLHTTP_VERSION_MAJOR,
                    LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH, ARES_VERSION_STR, NGHTTP2_VERSION);
    std::string prefix = absolute("");
    while (prefix.size() > 1 && prefix.back() == '/')
        prefix.pop_back();
    text += fmt::format(
        "configure arguments: --prefix={} --sbin-path={} --conf-path={} "
        "--error-log-path={} --http-log-path={} --pid-path={} --lock-path={} "
        "--user={} --group={}",
        prefix, absolute(defaults.sbin), absolute(defaults.conf),
        defaults.error_log == "stderr" ? "stderr" : absolute(defaults.error_log),
        absolute(defaults.http_log), absolute(defaults.pid), absolute(defaults.lock), defaults.user,
        defaults.group);
    if (!built_in_modules.empty())
        text += " " + built_in_modules;
    return text + "\n";
}

std::string help_text()
{
    return fmt::format(
        "Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]\n"
        "             [-e filename] [-c filename] [-g directives]\n"
        "\n"
        "Options:\n"
        "  -?,-h         : this help\n"
        "  -v            : show version and exit\n"
        "  -V            : show version and configure options then exit\n"
        "  -t            : test configuration and exit\n"
        "  -T            : test configuration, dump it and exit\n"
        "  -q            : suppress non-error messages during configuration testing\n"
        "  -s signal     : send signal to a master process: stop, quit, reopen, reload\n"
        "  -p prefix     : set prefix path (default: {})\n"
        "  -e filename   : set error log file (default: {})\n"
        "  -c filename   : set configuration file (default: {})\n"
        "  -g directives : set global directives out of configuration file\n"
        "\n",
        defaults.prefix, defaults.error_log, defaults.conf);
}

std::string below(std::string_view prefix, std::string_view path)
{
    if (!path.empty() && path.front() == '/')
        return std::string(path);
    return std::string(prefix).append(path);
}

}  // namespace sluice::process
