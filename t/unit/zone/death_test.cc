// SPDX-License-Identifier: Apache-2.0
// A process dies inside a table: at each of its stores (stepped through by ptrace, the table put
// right from what stands there after each instruction that changed it), and by kill -9 at any time
// with the lock in its hand.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <random>
#include <thread>

#include "core/base/log.h"
#include "core/zone/zone.h"
#include "t/unit/zone/table_check.h"

namespace sluice::zone {
namespace {

const std::string long_key(200, 'l'), other_key(100, 'o');

// Table is first: its memory is what the child changes. `check` after each change, on a table that
// has been recovered; then all is as the child left it again.
void at_each_store(TestTable& t, char* memory, const std::function<void()>& work,
                   const std::function<void()>& check, int& changes)
{
    constexpr size_t size = Table::min_memory;
    pid_t child = ::fork();
    if (child == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        work();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    std::string before(memory, size), now;
    while (WIFSTOPPED(status) && !::testing::Test::HasFailure()) {
        if (::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0)
            break;
        ::waitpid(child, &status, 0);
        if (std::memcmp(memory, before.data(), size) == 0)
            continue;
        ++changes;
        now.assign(memory, size);
        t.table.recover();
        expect_whole(t.table);
        check();
        now.copy(memory, size);
        before = now;
    }
    if (WIFSTOPPED(status)) {
        ::kill(child, SIGKILL);
        ::waitpid(child, &status, 0);
    }
    EXPECT_TRUE(WIFEXITED(status));
}

class EachStore : public testing::Test
{
protected:
    EachStore()
    {
        os::SharedMemory shared(Table::min_memory);
        memory_ = static_cast<char*>(shared.data());
        t_ = std::make_unique<TestTable>(std::move(shared));
        t_->add("stays");
        t_->add(other_key);
        t_->add("first");
        t_->table.remove(*t_->find("first"));  // something in the list of free cells
    }
    void run(const std::function<void()>& work)
    {
        at_each_store(
            *t_, memory_, work,
            [&] {
                ASSERT_TRUE(t_->find("stays"));
                EXPECT_EQ(t_->find("stays")->value<uint64_t>(), TestTable::value_of("stays"));
                Node* node = t_->find(long_key);
                if (node) {
                    EXPECT_EQ(node->value<uint64_t>(), TestTable::value_of(long_key));
                    t_->table.remove(*node);
                }
                if (Node* other = t_->find(other_key))
                    t_->table.remove(*other);
                // All that is not there can be used again: nothing leaked.
                EXPECT_EQ(t_->table.counts().used, 1u);
                for (size_t i = 1; i < t_->table.cells(); ++i)
                    ASSERT_TRUE(t_->add(std::to_string(i)));
            },
            changes_);
    }
    char* memory_ = nullptr;
    std::unique_ptr<TestTable> t_;
    int changes_ = 0;
};

TEST_F(EachStore, OfAdding)
{
    run([&] { t_->add(long_key); });
    EXPECT_GT(changes_, 20);
    EXPECT_TRUE(t_->find(long_key));
}

TEST_F(EachStore, OfRemoving)
{
    run([&] { t_->table.remove(*t_->find(other_key)); });
    EXPECT_GT(changes_, 5);
    EXPECT_FALSE(t_->find(other_key));
}

TEST_F(EachStore, OfTouching)
{
    run([&] { t_->table.touch(*t_->find("stays"), 9); });
    EXPECT_GT(changes_, 3);
    EXPECT_EQ(t_->table.newer(*t_->find("stays")), nullptr);
}

TEST_F(EachStore, OfDroppingAnOwner)
{
    t_->add(long_key, 7);
    run([&] { t_->table.drop_owner(7); });
    EXPECT_GT(changes_, 5);
}

TEST_F(EachStore, OfRecovering)
{
    run([&] { t_->table.recover(); });
    EXPECT_GT(changes_, 5);
    EXPECT_TRUE(t_->find(other_key));
}

// ---- by chance, with the lock -------------------------------------------------------------------

// Counts the alerts of all processes: whichever took the lock after a death says so.
class Alerts final : public LogSink
{
public:
    void write(std::string_view line) override
    {
        if (line.find("[alert]") != line.npos &&
            line.find("a process died while it changed zone \"z\"") != line.npos)
            ++*static_cast<std::atomic<unsigned>*>(count_.data());
    }
    unsigned count() const { return *static_cast<std::atomic<unsigned>*>(count_.data()); }

private:
    os::SharedMemory count_{sizeof(std::atomic<unsigned>)};
};

[[noreturn]] void toil(const Zone& zone, unsigned seed)
{
    std::mt19937 random(seed);
    auto own = static_cast<uint32_t>(::getpid());
    for (;;) {
        std::string key(1 + random() % 100, static_cast<char>('a' + random() % 20));
        Lock lock(zone);
        Table& table = zone.table();
        uint32_t hash = table.hash(key);
        Node* node = table.find(key, hash, own);
        if (!node)
            table.add(key, hash, own, TestTable::value_of(key), random() % 100);
        else if (random() % 2)
            table.remove(*node);
        else
            table.touch(*node, random() % 100);
    }
}

TEST(Death, KilledAgainAndAgain)
{
    int child = -1;
    auto alerts = std::make_shared<Alerts>();
    Log log;
    log.add(alerts, Level::info);
    Set zones;
    bool again = false;
    ASSERT_TRUE(zones.declare("z", &child, Table::min_memory, "$a", again));
    ASSERT_EQ(zones.open(nullptr, log), "");
    const Zone& zone = *zones.all().front();
    std::mt19937 random(3);
    // Until some deaths came inside and were said; a slow machine needs longer for that.
    auto begin = std::chrono::steady_clock::now();
    auto lasted = [begin](int seconds) {
        return std::chrono::steady_clock::now() - begin >= std::chrono::seconds(seconds);
    };
    for (int kills = 0; kills < 50 || alerts->count() < 3 || !lasted(2);) {
        ASSERT_FALSE(lasted(60)) << kills << " kills, " << alerts->count() << " alerts";
        pid_t pair[2];
        for (pid_t& pid : pair) {
            pid = ::fork();
            if (pid == 0)
                toil(zone, static_cast<unsigned>(::getpid()));
        }
        std::this_thread::sleep_for(std::chrono::microseconds(500 + random() % 5000));
        for (pid_t pid : pair) {
            ::kill(pid, SIGKILL);
            ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
            ++kills;
            // The other one may hold the lock just now.
            while (!zones.drop_owner(pid))
                std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
        Lock lock(zone);
        expect_whole(zone.table());
        ASSERT_EQ(zone.table().counts().nodes, 0u);
        ASSERT_EQ(zone.table().counts().used, 0u);
    }
    // Who put it right may have been killed before it said so.
    EXPECT_GE(zone.table().counts().recovered, alerts->count());
}

TEST(Death, WhoIsStoppedWithTheLockIsNotWaitedFor)
{
    int kind = 0;
    Log log;
    Set zones;
    bool again = false;
    ASSERT_TRUE(zones.declare("z", &kind, Table::min_memory, "", again));
    ASSERT_EQ(zones.open(nullptr, log), "");
    const Zone& zone = *zones.all().front();
    pid_t child = ::fork();
    if (child == 0) {
        Lock lock(zone);
        zone.table().add("a", zone.table().hash("a"), 5, 1, 0);
        ::raise(SIGSTOP);
        ::_exit(0);
    }
    ASSERT_EQ(::waitpid(child, nullptr, WUNTRACED), child);
    EXPECT_FALSE(zones.drop_owner(5));
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(zones.drop_owner(5));
    EXPECT_EQ(zone.table().counts().nodes, 0u);
}

}  // namespace
}  // namespace sluice::zone
