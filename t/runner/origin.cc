// SPDX-License-Identifier: Apache-2.0
#include "origin.h"

#include <unistd.h>

#include <sstream>

#include "tls.h"

namespace sluice::runner {

namespace {

constexpr double io_limit = 10;  // seconds; a script never outlives its block by more

void add_reply(std::vector<Step>& steps, const Value& reply, double delay)
{
    if (reply.is_list()) {
        for (const Value& part : reply.items)
            add_reply(steps, part, delay);
        return;
    }
    if (delay > 0)
        steps.push_back({"sleep", "", delay});
    steps.push_back({"send", reply.text, 0});
}

}  // namespace

std::vector<Step> parse_script(const std::string& script)
{
    static const std::vector<std::string> verbs = {"accept", "head",     "read",   "some",  "eof",
                                                   "send",   "send_end", "sleep",  "close", "reset",
                                                   "shut",   "hold",     "repeat", "tls",   "bye"};
    std::vector<Step> steps;
    std::istringstream in(script);
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        Step step;
        if (!(words >> step.verb) || step.verb[0] == '#')
            continue;
        bool known = false;
        for (const std::string& verb : verbs)
            known |= verb == step.verb;
        if (!known)
            throw SpecError("origin: step not understood: " + line);
        std::string rest;
        std::getline(words, rest);
        if (step.verb == "send" || step.verb == "send_end")
            step.text = eval_perl(rest, {}).text;
        else if (step.verb == "tls")
            step.text = rest.substr(rest.find_first_not_of(' '));
        else if (step.verb == "read" || step.verb == "sleep")
            step.number = std::stod(rest);
        steps.push_back(step);
    }
    return steps;
}

std::vector<Step> script_of_tcp_sections(const Block& block)
{
    std::vector<Step> steps{{"accept", "", 0}};
    double length = block.number("tcp_query_len", 0);
    if (length == 0 && block.has("tcp_query"))
        length = static_cast<double>(block.text("tcp_query").size());
    steps.push_back({length > 0 ? "read" : "head", "", length});
    if (block.has("tcp_reply"))
        add_reply(steps, *block.find("tcp_reply"), block.number("tcp_reply_delay", 0));
    if (block.has("tcp_shutdown"))
        steps.push_back({"shut", "", 0});
    steps.push_back({block.has("tcp_no_close") ? "hold" : "close", "", 0});
    steps.push_back({"repeat", "", 0});
    return steps;
}

Origin::Origin(const std::string& address, std::vector<Step> steps)
    : listener_(Socket::listen(address)), steps_(std::move(steps))
{
    thread_ = std::thread([this] { run(); });
}

Origin::~Origin()
{
    stop_ = true;
    thread_.join();
}

std::string Origin::received()
{
    std::lock_guard lock(mutex_);
    return received_;
}

void Origin::run()
{
    for (size_t i = 0; i < steps_.size() && !stop_; i++) {
        if (steps_[i].verb == "repeat")
            i = static_cast<size_t>(-1);
        else if (!step(steps_[i]))
            break;
    }
    while (!stop_) {
        Socket extra = listener_.accept(in_seconds(0.02));
        connections_ += extra.open();
    }
}

bool Origin::read_until(size_t wanted, bool head)
{
    Deadline deadline = in_seconds(io_limit);
    while (!stop_) {
        size_t end = pending_.find("\r\n\r\n");
        if (head && end != std::string::npos) {
            pending_.erase(0, end + 4);
            return true;
        }
        if (!head && pending_.size() >= wanted) {
            pending_.erase(0, wanted);
            return true;
        }
        std::string bytes;
        Io io = current_.read_some(bytes, std::min(deadline, in_seconds(0.02)));
        if (io == Io::eof || io == Io::error || Clock::now() > deadline)
            return true;  // the script goes on: the peer may have left on purpose
        pending_ += bytes;
        std::lock_guard lock(mutex_);
        received_ += bytes;
    }
    return false;
}

bool Origin::step(const Step& step)
{
    if (step.verb == "accept") {
        current_.close();
        pending_.clear();
        while (!stop_ && !current_.open())
            current_ = listener_.accept(in_seconds(0.02));
        connections_ += current_.open();
        return current_.open();
    }
    if (step.verb == "head")
        return read_until(0, true);
    if (step.verb == "read")
        return read_until(static_cast<size_t>(step.number), false);
    if (step.verb == "some")
        return read_until(1, false) && (pending_.clear(), true);
    if (step.verb == "eof")
        return read_until(static_cast<size_t>(-1), false);
    if (step.verb == "tls") {
        TlsOptions options = parse_tls_options("quiet cert=" + step.text);
        current_.start_tls(options, true, in_seconds(io_limit));  // who refuses us says so
        return true;
    }
    if (step.verb == "bye") {
        if (current_.tls() != nullptr)
            current_.tls()->say_goodbye();
        return true;
    }
    if (step.verb == "send") {
        Deadline deadline = in_seconds(io_limit);
        std::string_view left = step.text;
        while (!left.empty() && !stop_ && Clock::now() < deadline) {
            std::string_view part = left.substr(0, 65536);
            if (current_.write_all(part, in_seconds(io_limit)) != Io::ok)
                break;
            left.remove_prefix(part.size());
        }
    } else if (step.verb == "send_end") {
        current_.write_all(step.text, in_seconds(io_limit), true);
        current_.close();
    } else if (step.verb == "sleep") {
        for (Deadline until = in_seconds(step.number); Clock::now() < until && !stop_;)
            sleep_seconds(0.005);
    } else if (step.verb == "close") {
        current_.close();
    } else if (step.verb == "reset") {
        current_.reset();
    } else if (step.verb == "shut") {
        current_.shut_write();
    } else if (step.verb == "hold") {
        held_.push_back(std::move(current_));
    }
    return true;
}

}  // namespace sluice::runner
