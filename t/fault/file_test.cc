// SPDX-License-Identifier: Apache-2.0
// Files that change while they are sent.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>

#include "rig.h"

namespace sluice::fault {
namespace {

using runner::sleep_seconds;

void play_nothing(Peer&) {}

// The client sees at once that the answer lacks its end, and the log says why.
TEST(File, TruncatedWhileItIsSent)
{
    const std::string locations =
        "send_timeout 30s;"
        "location = /sendfile { sendfile on; } location = /copied { sendfile off; }";
    Rig rig(locations, play_nothing);
    const std::pair<std::string, std::string> ways[] = {
        {"sendfile", "sendfile() reported that the file was truncated"},
        {"copied", "pread() read only 0 of"}};
    for (const auto& [name, alert] : ways) {
        std::string path = rig.root() + "/html/" + name;
        rig.write("html/" + name, "");
        std::filesystem::resize_file(path, 64 << 20);
        Socket client = rig.connect();
        client.write_all("GET /" + name + " HTTP/1.1\r\nHost: a\r\n\r\n", in_seconds(5));
        sleep_seconds(0.3);  // as much as fits is under way, and the file is still being sent
        std::filesystem::resize_file(path, 32 << 20);
        std::string bytes;
        size_t got = 0;
        Io end;
        while ((end = client.read_some(bytes, in_seconds(10))) == Io::ok) {
            got += bytes.size();
            bytes.clear();
        }
        EXPECT_EQ(end, Io::eof) << name;
        EXPECT_GE(got, size_t{32} << 20) << name;
        EXPECT_LT(got, size_t{33} << 20) << name;
        rig.expect_alert(alert);
        client.close();
        rig.expect_calm();
    }
}

// Files that are kept open give way to connections, and to other files.
TEST(File, KeptOnesGiveWayWhenDescriptorsRunOut)
{
    constexpr int files = 20, clients = 14;
    Rig rig("location /f { root html; }", play_nothing);
    for (int i = 0; i <= files; ++i)
        rig.write("html/f" + std::to_string(i), "file " + std::to_string(i));
    auto request = [](int i) {
        return "GET /f" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    sleep_seconds(2.2);  // what has just changed is not kept
    int before = rig.descriptors();
    for (int i = 0; i < files; ++i)
        ASSERT_EQ(rig.ask(request(i)).code(), "200");
    EXPECT_GE(rig.descriptors(), before + files);
    rlim_t limit = static_cast<rlim_t>(rig.descriptors()) + 2;
    rlimit few{limit, limit};
    ASSERT_EQ(::prlimit(rig.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
    std::vector<Socket> open;
    for (int i = 0; i < clients; ++i) {
        open.push_back(rig.connect());
        open.back().write_all(request(files), in_seconds(5));
    }
    for (Socket& client : open)
        EXPECT_EQ(read_reply(client).code(), "200");
    for (int i = 0; i < clients; ++i) {
        open[static_cast<size_t>(i)].write_all(request(i), in_seconds(5));
        EXPECT_EQ(read_reply(open[static_cast<size_t>(i)]).code(), "200");
    }
    open.clear();
    rig.expect_calm();
}

}  // namespace
}  // namespace sluice::fault
