// SPDX-License-Identifier: Apache-2.0
#include "spec_case.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <sstream>

#include "certs.h"
#include "pattern.h"

namespace sluice::runner {

namespace {

constexpr double start_limit = 20;  // seconds; sanitizers start slowly on a busy machine
constexpr double log_limit = 2;     // how long a log line may come after the response

const std::set<std::string, std::less<>>& known_sections()
{
    // clang-format off
    static const std::set<std::string, std::less<>> names = {
        "config", "http_config", "main_config", "post_server_config", "nginx_conf", "request",
        "pipelined_requests", "raw_request", "raw_request_middle_delay", "more_headers",
        "response_body", "response_body_like", "response_body_unlike", "response_headers",
        "response_headers_like", "raw_response_headers_like", "raw_response_headers_unlike",
        "error_code", "error_code_like", "error_log", "no_error_log", "grep_error_log",
        "grep_error_log_out", "access_log", "no_access_log", "access_log_is", "access_log_like",
        "files_are", "tcp_listen", "tcp_reply", "tcp_query", "tcp_query_len", "tcp_no_close",
        "tcp_reply_delay", "tcp_shutdown", "origin", "origin_query", "origin_query_like",
        "origin_connections", "user_files", "timeout", "abort", "must_die", "wait", "shutdown",
        "ignore_response", "stap", "stap_out", "log_level", "ONLY", "SKIP", "LAST", "not_nginx",
        "response_raw", "response_raw_like", "connect", "stderr_like", "stdout_like", "cli",
        "exit_code", "tls", "tls_is_like", "no_check_leak", "description", "suppress_stderr",
        "cut_short", "dns", "dns_questions_like",
    };
    // clang-format on
    return names;
}

std::vector<std::string> words_of(const std::string& text)
{
    std::vector<std::string> words;
    std::istringstream in(text);
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

// ">>> name [mtime]" lines, each followed by the contents.
std::vector<std::vector<std::string>> files_of(const Value& v)
{
    std::vector<std::vector<std::string>> files;
    if (v.is_list()) {
        for (const Value& item : v.items) {
            files.emplace_back();
            for (const Value& part : item.items)
                files.back().push_back(part.text);
        }
        return files;
    }
    std::istringstream in(v.text);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(">>> ")) {
            std::vector<std::string> words = words_of(line.substr(4));
            files.push_back({words.at(0), ""});
            if (words.size() > 1)
                files.back().push_back(words[1]);
        } else if (files.empty()) {
            throw SpecError("a file starts with '>>> name': " + line);
        } else {
            files.back()[1] += line + "\n";
        }
    }
    return files;
}

std::vector<std::string> packets_of(const Value& v)
{
    std::vector<std::string> packets;
    for (const Value& item : v.items)
        packets.push_back(item.text);
    return v.is_list() ? packets : std::vector<std::string>{v.text};
}

std::string tail(const std::string& text)
{
    static constexpr size_t longest = 4000;
    return text.size() <= longest ? text : "..." + text.substr(text.size() - longest);
}

}  // namespace

SpecCase::SpecCase(const Block& block) : block_(block)
{
    if (!block.error.empty())
        throw SpecError(block.error);
    for (const Section& section : block.sections) {
        if (!known_sections().contains(section.name))
            throw SpecError("section not supported: " + section.name);
    }
    set_names();
    for (Section& section : block_.sections)
        section.value = names_.value(section.value);
}

void SpecCase::set_names()
{
    std::string port = std::to_string(ports_.at(0));
    for (const char* name : {"TEST_NGINX_SERVER_PORT", "TEST_NGINX_PORT", "TEST_NGINX_CLIENT_PORT",
                             "ServerPort", "ServerPortForClient"})
        names_.set(name, port);
    for (int i = 0; i <= 10; i++)
        names_.set("TEST_NGINX_RAND_PORT_" + std::to_string(i), std::to_string(ports_.at(1 + i)));
    names_.set("TEST_NGINX_ORIGIN_PORT", std::to_string(ports_.at(12)));
    names_.set("TEST_NGINX_DNS_PORT", std::to_string(ports_.at(13)));
    for (const char* name : {"TEST_NGINX_SERVER_ROOT", "ServerRoot"})
        names_.set(name, server_.root());
    for (const char* name : {"TEST_NGINX_HTML_DIR", "HtmlDir"})
        names_.set(name, server_.root() + "/html");
    names_.set("TEST_NGINX_CERTS", server_.root() + "/conf/certs");
}

void SpecCase::write_files()
{
    std::string certs = names_.text("$TEST_NGINX_CERTS");
    bool wanted = false, rsa = false;
    for (const Section& section : block_.sections) {
        wanted = wanted || section.value.text.find(certs) != std::string::npos;
        rsa = rsa || section.value.text.find(certs + "/rsa") != std::string::npos;
    }
    if (wanted || block_.has("tls"))
        write_certificates(certs, rsa);
    server_.write("conf/nginx.conf", nginx_conf(block_, names_));
    server_.write("html/index.html",
                  "<html><head><title>It works!</title></head><body>It works!"
                  "</body></html>");
    if (const Value* files = block_.find("user_files")) {
        for (const std::vector<std::string>& file : files_of(*files))
            server_.write("html/" + file.at(0), file.at(1),
                          file.size() > 2 ? std::stol(file[2]) : 0);
    }
}

void SpecCase::start_origin()
{
    if (block_.has("dns"))
        dns_ = std::make_unique<DnsServer>(std::stoi(names_.text("$TEST_NGINX_DNS_PORT")),
                                           block_.text("dns"));
    if (block_.has("tcp_listen"))
        origin_ =
            std::make_unique<Origin>(block_.text("tcp_listen"), script_of_tcp_sections(block_));
    else if (block_.has("origin"))
        origin_ = std::make_unique<Origin>(names_.text("$TEST_NGINX_ORIGIN_PORT"),
                                           parse_script(block_.text("origin")));
}

std::string SpecCase::address() const
{
    return block_.text("connect", names_.text("$TEST_NGINX_SERVER_PORT"));
}

std::string SpecCase::error_log() const
{
    return server_.read("logs/error.log");
}

std::string SpecCase::all_errors() const
{
    return error_log() + server_.read("logs/stderr.log");
}

Findings SpecCase::run()
{
    forget_session();
    write_files();
    start_origin();
    if (block_.has("cli"))
        run_command_line();
    else if (block_.has("must_die"))
        run_must_die();
    else
        run_requests();
    if (!findings_.empty())
        server_.keep();
    return findings_;
}

void SpecCase::run_command_line()
{
    std::vector<std::string> args = words_of(block_.text("cli"));
    if (args.empty() || args[0] != "bare")
        args.insert(args.begin(), {"-p", server_.root() + "/", "-c", server_.conf_path()});
    else
        args.erase(args.begin());
    Ended ended = server_.run(args, start_limit);
    if (ended.killed || ended.code != static_cast<int>(block_.number("exit_code", 0)))
        findings_.push_back("--- exit_code: actual " + std::to_string(ended.code));
    check_text(block_, "stderr_like", server_.read("logs/stderr.log"), findings_);
    check_text(block_, "stdout_like", server_.read("logs/stdout.log"), findings_);
    check_error_logs(findings_);
    check_other_logs(findings_);
}

void SpecCase::run_must_die()
{
    Ended ended = server_.run({"-p", server_.root() + "/", "-c", server_.conf_path()}, start_limit);
    if (ended.killed || ended.code == 0)
        findings_.push_back("--- must_die: the server started, or left with code 0");
    check_text(block_, "stderr_like", server_.read("logs/stderr.log"), findings_);
    check_error_logs(findings_);
    check_other_logs(findings_);
}

void SpecCase::run_requests()
{
    if (!server_.start(address(), start_limit)) {
        findings_.push_back("the server did not start, exit code " +
                            std::to_string(server_.ended().code));
        return;
    }
    if (block_.has("raw_request"))
        send_raw();
    else if (block_.has("pipelined_requests"))
        send_pipelined();
    else if (const Value* request = block_.find("request"))
        send_each(*request);
    else
        throw SpecError("no request section");
    wait_for_logs();
    check_text(block_, "tls_is_like", tls_, findings_);
    check_stopped(server_.stop());
    check_other_logs(findings_);
    check_origin();
}

void SpecCase::send_each(const Value& request)
{
    std::vector<std::string> texts = packets_of(request);
    for (size_t i = 0; i < texts.size(); i++) {
        const Value* more = block_.find("more_headers");
        if (more != nullptr && more->is_list())
            more = &more->items.at(i);
        Request built = build_request(texts[i], more == nullptr ? "" : more->text, false);
        Sending sending;
        sending.packets = {built.bytes};
        sending.methods = {built.method};
        check_received(sending, texts.size() > 1
                                    ? std::to_string(i) + "/" + std::to_string(texts.size())
                                    : "");
    }
}

void SpecCase::send_pipelined()
{
    const Value* requests = block_.find("pipelined_requests");
    const Value* more = block_.find("more_headers");
    Sending sending;
    sending.packets = {""};
    for (size_t i = 0; i < requests->items.size(); i++) {
        const Value* mine = more != nullptr && more->is_list() ? &more->items.at(i) : more;
        Request built = build_request(requests->items[i].text, mine == nullptr ? "" : mine->text,
                                      i + 1 < requests->items.size());
        sending.packets[0] += built.bytes;
        sending.methods.push_back(built.method);
    }
    if (sending.methods.empty())
        throw SpecError("pipelined_requests must be a list");
    check_received(sending, "");
}

void SpecCase::send_raw()
{
    Sending sending;
    sending.packets = packets_of(*block_.find("raw_request"));
    sending.raw = true;
    std::string all;
    for (const std::string& packet : sending.packets)
        all += packet;
    sending.methods = {all.substr(0, all.find(' '))};
    sending.packet_delay = block_.number("raw_request_middle_delay", 0);
    check_received(sending, "");
}

void SpecCase::check_received(const Sending& to_send, const std::string& what)
{
    Sending sending = to_send;
    sending.address = address();
    sending.timeout = block_.number("timeout", 5);
    sending.abort = block_.has("abort");
    sending.half_close = block_.has("shutdown");
    if (block_.has("tls"))
        sending.tls = parse_tls_options(block_.text("tls"), tls_connections_++);
    if (sending.tls && tls_connections_ > 1)
        sleep_seconds(sending.tls->pause);
    Received got = exchange(sending);
    raw_ += got.bytes;
    tls_ += got.tls + (got.tls.empty() ? "" : "\n");
    if (sending.abort || block_.has("ignore_response"))
        return;
    size_t before = findings_.size();
    if (got.timed_out)
        findings_.push_back("--- timeout: no complete response in time");
    check_raw(block_, got.bytes, findings_);
    bool cut = !got.responses.empty() && got.responses.back().cut_short;
    if (cut != block_.has("cut_short"))
        findings_.push_back(cut ? "the response was cut short" : "--- cut_short: it was not");
    if (block_.has("response_raw") || block_.has("response_raw_like"))
        return;
    size_t requests =
        what.empty() ? sending.methods.size() : std::stoul(what.substr(what.find('/') + 1));
    size_t first = what.empty() ? 0 : std::stoul(what);
    size_t responses = what.empty() ? sending.methods.size() : 1;
    for (size_t i = 0; i < responses; i++) {
        Response r = i < got.responses.size() ? got.responses[i] : Response{};
        check_response(block_, r, first + i, requests, findings_);
    }
    if (findings_.size() > before && !what.empty())
        findings_.push_back("(in request " + what + ")");
}

void SpecCase::check_error_logs(Findings& out) const
{
    std::string errors = all_errors();
    check_lines(block_, "error_log", true, errors, out);
    check_lines(block_, "no_error_log", false, errors, out);
    check_grep(block_, errors, out);
}

void SpecCase::check_other_logs(Findings& out) const
{
    std::string access = server_.read("logs/access.log");
    check_lines(block_, "access_log", true, access, out);
    check_lines(block_, "no_access_log", false, access, out);
    check_text(block_, "access_log_is", access, out);
    check_text(block_, "access_log_like", access, out);
    if (const Value* files = block_.find("files_are")) {
        for (const std::vector<std::string>& file : files_of(*files)) {
            std::string actual = server_.read(file[0]);
            if (actual != file[1])
                out.push_back("--- files_are " + file[0] + "\n    expected: " + visible(file[1]) +
                              "\n    actual:   " + visible(actual));
        }
    }
}

// A log line may be written after the client has its response: poll until all expectations hold.
// The error log is judged before the server stops, as stock does: stopping has lines of its own.
void SpecCase::wait_for_logs()
{
    sleep_seconds(block_.number("wait", 0));
    Deadline deadline = in_seconds(log_limit);
    for (;;) {
        Findings errors;
        Findings others;
        check_error_logs(errors);
        check_other_logs(others);
        if ((errors.empty() && others.empty()) || Clock::now() > deadline) {
            findings_.insert(findings_.end(), errors.begin(), errors.end());
            return;
        }
        sleep_seconds(0.01);
    }
}

void SpecCase::check_stopped(const Ended& ended)
{
    if (ended.killed)
        findings_.push_back("the server did not stop within 3 s of SIGTERM");
    else if (ended.code != 0)
        findings_.push_back("the server's exit code is " + std::to_string(ended.code));
    const Value* expected = block_.find("error_log");
    std::istringstream in(all_errors());
    for (std::string line; std::getline(in, line);) {
        for (const char* bad : {"AddressSanitizer", "LeakSanitizer", "UndefinedBehavior",
                                "runtime error:", "[alert]", "[emerg]"}) {
            bool awaited = expected != nullptr && expected->text.find(bad) != std::string::npos;
            if (line.find(bad) != std::string::npos && !awaited)
                findings_.push_back("in the server's log: " + line);
        }
    }
}

void SpecCase::check_origin()
{
    if (dns_ != nullptr)
        check_text(block_, "dns_questions_like", dns_->questions(), findings_);
    if (origin_ == nullptr)
        return;
    std::string received = origin_->received();
    check_text(block_, "tcp_query", received, findings_);
    check_text(block_, "origin_query", received, findings_);
    check_text(block_, "origin_query_like", received, findings_);
    int wanted = static_cast<int>(block_.number("origin_connections", -1));
    if (wanted >= 0 && wanted != origin_->connections())
        findings_.push_back("--- origin_connections: " + std::to_string(wanted) + ", actual " +
                            std::to_string(origin_->connections()));
}

std::string SpecCase::report()
{
    std::string asked = dns_ == nullptr ? "" : "\n  dns: " + visible(dns_->questions());
    std::string received =
        origin_ == nullptr ? "" : "\n  the origin read: " + visible(origin_->received());
    return "  configuration: " + server_.conf_path() + "\n  received: " + visible(raw_) + received +
           asked + (tls_.empty() ? "" : "\n  tls: " + tls_) +
           "\n  stderr: " + tail(server_.read("logs/stderr.log")) +
           "\n  error.log: " + tail(error_log());
}

}  // namespace sluice::runner
