// SPDX-License-Identifier: Apache-2.0
#include "core/net/turn_away.h"

#include <sys/epoll.h>
#include <sys/uio.h>

#include "core/os/socket.h"

namespace sluice::net {
namespace {

constexpr size_t most_reads = 64;  // of what a client still sends; then it has had its chance

}  // namespace

class TurnAway::Client final : public event::Watch, public event::Timer, public ListHook<>
{
public:
    Client(TurnAway& of, std::string_view text, size_t without_body)
        : of_(of), text_(text), without_body_(without_body)
    {
        ++of_.size_;
        of_.clients_.push_back(*this);
    }
    ~Client() { --of_.size_; }

    bool begin(os::Fd fd)
    {
        if (open(std::move(fd), EPOLLIN) != none)
            return false;
        event::Loop::current().timers().add(*this, Clock::in(patience));
        // Its request has often come already.
        os::Io io = os::recv(this->fd(), scratch, sizeof scratch);
        if (io.again())
            return true;
        heard(io);
        return !done_;
    }
    void answer()
    {
        if (answered_)
            return;
        answered_ = true;
        std::string_view all = head_request_ ? text_.substr(0, without_body_) : text_;
        iovec part{const_cast<char*>(all.data()), all.size()};
        os::send_parts(fd(), &part, 1, false);  // a fresh socket has room for it
        os::shutdown_write(fd());
        event::Loop::current().timers().add(*this, Clock::in(linger));
    }

private:
    void on_events(uint32_t) override
    {
        heard(os::recv(fd(), scratch, sizeof scratch));
        if (done_)
            delete this;
    }
    void heard(os::Io io)
    {
        if (io.again())
            return;
        if (io.n <= 0 || ++reads_ > most_reads) {
            done_ = true;
            if (io.n == 0)
                answer();  // half closed: it may still listen
            return;
        }
        if (!answered_)
            head_request_ =
                std::string_view(scratch, static_cast<size_t>(io.n)).starts_with("HEAD ");
        answer();
    }
    void expired() override
    {
        if (answered_) {
            delete this;
            return;
        }
        answer();
    }

    inline static char scratch[16384];
    TurnAway& of_;
    std::string_view text_;
    size_t without_body_;
    size_t reads_ = 0;
    bool answered_ = false, head_request_ = false, done_ = false;
};

TurnAway::~TurnAway()
{
    while (!clients_.empty())
        delete &clients_.front();
}

void TurnAway::take(os::Fd client, std::string_view text, size_t without_body)
{
    while (size_ >= limit_ && size_ > 0)
        finish_oldest();
    auto guest = std::make_unique<Client>(*this, text, without_body);
    if (guest->begin(std::move(client)))
        guest.release();  // it ends by itself, or by us
}

bool TurnAway::finish_oldest()
{
    if (clients_.empty())
        return false;
    clients_.front().answer();
    delete &clients_.front();
    return true;
}

}  // namespace sluice::net
