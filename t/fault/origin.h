// SPDX-License-Identifier: Apache-2.0
// Origin: an upstream server of the test's own on a port that it says, a thread for each
// connection; it may go away and come back.
//     Origin origin(fleet.port(1), [](Peer& peer) { std::string head; peer.head(head); ... });
//     origin.stop();   // the port refuses, open connections end
//     origin.start();
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "rig.h"

namespace sluice::fault {

class Origin
{
public:
    using Play = std::function<void(Peer&)>;
    Origin(int port, Play play) : port_(port), play_(std::move(play)) { start(); }
    ~Origin() { stop(); }
    Origin(const Origin&) = delete;

    void start()
    {
        stop_ = false;
        listener_ = Socket::listen(std::to_string(port_));
        acceptor_ = std::thread([this] { accept_all(); });
    }
    void stop()
    {
        stop_ = true;
        if (acceptor_.joinable())
            acceptor_.join();
        listener_.close();
        {
            std::lock_guard lock(mutex_);
            for (Peer& peer : peers_)
                ::shutdown(peer.socket.fd(), SHUT_RDWR);
        }
        while (playing_ > 0)
            runner::sleep_seconds(0.001);
        std::lock_guard lock(mutex_);
        peers_.clear();
    }
    std::atomic<int> accepted = 0;

private:
    void accept_all()
    {
        while (!stop_) {
            Socket s = listener_.accept(in_seconds(0.02));
            if (!s.open())
                continue;
            ++accepted;
            ++playing_;
            std::lock_guard lock(mutex_);
            Peer& peer = peers_.emplace_back(Peer{std::move(s), {}});
            std::thread([this, &peer] {
                play_(peer);
                {
                    std::lock_guard done(mutex_);
                    peer.socket.close();
                    peers_.remove_if([&](const Peer& p) { return &p == &peer; });
                }
                --playing_;
            }).detach();
        }
    }

    int port_;
    Play play_;
    std::atomic<bool> stop_ = false;
    Socket listener_;
    std::thread acceptor_;
    std::mutex mutex_;
    std::list<Peer> peers_;
    std::atomic<int> playing_ = 0;
};

}  // namespace sluice::fault
