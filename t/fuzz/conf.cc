// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration: lexer, parser, interpreter, values, diagnostics. The text may
// include itself as "self" and a fixed file as "inc". Beyond "no crash": an error always has a
// first line, and that is one line.
#include <cstddef>
#include <cstdint>

#include "core/base/check.h"
#include "core/conf/memory_files.h"
#include "t/unit/conf/rows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sluice::conf;
    std::string_view text(reinterpret_cast<const char*>(data), size);

    MemoryFiles files{{"/inc", "sendfile on; root a;"}, {"/self", std::string(text)}};
    Diagnostics diag;
    Tree tree = load("/self", files, "/", diag);
    test::Level level;
    Interpreter in(test::sets(), diag, tree);
    in.run(tree.nodes, level);
    test::inherit(level);
    SLUICE_CHECK(diag.failed() == !diag.first().empty());
    SLUICE_CHECK(diag.first().find('\n') == std::string::npos);
    (void)diag.render("nginx: ");
    (void)dump(tree);

    Diagnostics line;
    test::Level flags;
    Tree g = load_text("command line", text, line);
    Interpreter(test::sets(), line, g).run(g.nodes, flags);
    (void)line.render();
    return 0;
}
