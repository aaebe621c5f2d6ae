// SPDX-License-Identifier: Apache-2.0
//
// Registers every block of every spec file as one GoogleTest case and runs them.
//
// Files come from the command line, else all *.t in $TEST_NGINX_SPEC_DIR or the built-in folder.
// Only running a block needs the server; listing does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "spec_case.h"
#include "spec_file.h"

#ifndef SPEC_DIR
#define SPEC_DIR "."
#endif

namespace sluice::runner {

namespace {

bool on_oracle()
{
    const char* oracle = std::getenv("SLUICE_ORACLE");
    return oracle != nullptr && std::string_view(oracle) == "1";
}

class SpecTest : public testing::Test
{
public:
    explicit SpecTest(Block block) : block_(std::move(block)) {}

    void TestBody() override
    {
        if (block_.skip)
            GTEST_SKIP() << "--- SKIP";
        if (on_oracle() && block_.has("not_nginx"))
            GTEST_SKIP() << block_.text("not_nginx");
        try {
            SpecCase spec(block_);
            Findings findings = spec.run();
            std::string all;
            for (const std::string& finding : findings)
                all += finding + "\n";
            if (!findings.empty())
                ADD_FAILURE() << block_.title << "\n" << all << spec.report();
        } catch (const std::exception& e) {
            ADD_FAILURE() << block_.title << "\n" << e.what();
        }
    }

private:
    Block block_;
};

void register_file(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    std::string suite = test_name(0, path.stem().string()).substr(4);
    std::string file = path.string();
    int index = 0;
    for (const Block& block : parse_spec(text.str())) {
        testing::RegisterTest(suite.c_str(), test_name(++index, block.title).c_str(), nullptr,
                              nullptr, file.c_str(), block.line,
                              [block]() -> SpecTest* { return new SpecTest(block); });
    }
}

std::vector<std::filesystem::path> spec_files(int argc, char** argv)
{
    if (argc > 1)
        return {argv + 1, argv + argc};
    const char* dir = std::getenv("TEST_NGINX_SPEC_DIR");
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(dir != nullptr ? dir : SPEC_DIR)) {
        if (entry.path().extension() == ".t")
            files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

}  // namespace sluice::runner

int main(int argc, char** argv)
{
    testing::InitGoogleTest(&argc, argv);
    try {
        for (const auto& path : sluice::runner::spec_files(argc, argv))
            sluice::runner::register_file(path);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "spec_runner: %s\n", e.what());
        return 2;
    }
    return RUN_ALL_TESTS();
}
