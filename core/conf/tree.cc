// SPDX-License-Identifier: Apache-2.0
#include "core/conf/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "core/base/log.h"
#include "core/conf/lexer.h"

namespace sluice::conf {

namespace {

constexpr std::string_view command_line = "command line";
constexpr size_t nginx_buffer = 4096;  // what nginx calls a too long parameter

struct Loader {
    Tree& tree;
    Diagnostics& diag;
    FileSource* source;
    std::string prefix;
    std::vector<std::string> open = {};  // files being read, outermost first

    void text(std::string_view name, std::string text, Pos included_at, size_t depth,
              std::vector<Node>& out);
    void file(const std::string& path, Pos included_at, Pos caret, size_t depth,
              std::vector<Node>& out);
    void include(const std::string& name, Pos at, Pos caret, size_t depth, std::vector<Node>& out);
};

class Parser
{
public:
    Parser(Loader& loader, const File& file, uint32_t number)
        : loader_(loader), diag_(loader.diag), file_(file), lexer_(file.text, number, loader.diag)
    {
    }

    void top(size_t depth, std::vector<Node>& out) { block(depth, out, nullptr); }

private:
    bool block(size_t depth, std::vector<Node>& out, Node* owner);
    void directive(std::vector<Token>& words, Pos stop, size_t depth, std::vector<Node>& out);
    void open(std::vector<Token>& words, Pos stop, size_t depth, std::vector<Node>& out);
    void skip_block();
    void unterminated(const std::vector<Token>& words, Pos stop);
    void end_of_text(const std::vector<Token>& words, Pos stop, const Node* owner);

    Loader& loader_;
    Diagnostics& diag_;
    const File& file_;
    Lexer lexer_;
    std::vector<Pos> unclosed_;
    bool ended_ = false;
    Pos end_;
};

/// Reads statements up to the } of `owner`, or to the end of the text. True when the } was there.
bool Parser::block(size_t depth, std::vector<Node>& out, Node* owner)
{
    std::vector<Token> words;
    Pos stop;
    while (!ended_) {
        switch (lexer_.statement(words, stop)) {
        case Lexer::End::semicolon:
            if (words.empty())
                diag_.error(stop, "unexpected \";\"");
            else
                directive(words, stop, depth, out);
            break;
        case Lexer::End::open: open(words, stop, depth, out); break;
        case Lexer::End::close:
            if (!words.empty())
                unterminated(words, stop);
            else if (!owner)
                diag_.error(stop, "unexpected \"}\"", "no block is open here");
            if (owner) {
                owner->end = stop;
                return true;
            }
            break;
        case Lexer::End::eof:
            ended_ = true;
            end_ = stop;
            end_of_text(words, stop, owner);
        }
    }
    if (owner)
        owner->end = end_;
    return false;
}

void Parser::directive(std::vector<Token>& words, Pos stop, size_t depth, std::vector<Node>& out)
{
    if (words[0].text == "include") {
        if (words.size() == 2)
            loader_.include(words[1].text, stop, words[1].pos, depth, out);
        else
            diag_.error(stop, "invalid number of arguments in \"include\" directive", {},
                        words[0].pos);
        return;
    }
    Node& node = out.emplace_back();
    node.name = std::move(words[0]);
    node.args.assign(std::make_move_iterator(words.begin() + 1),
                     std::make_move_iterator(words.end()));
    node.stop = node.end = stop;
}

void Parser::open(std::vector<Token>& words, Pos stop, size_t depth, std::vector<Node>& out)
{
    std::string error;
    if (!file_.line_names)
        error = "block directives are not supported in -g option";
    else if (words.empty())
        error = "unexpected \"{\"";
    else if (words[0].text == "include")
        error = "directive \"include\" is not terminated by \";\"";
    else if (depth >= max_block_depth)
        error = fmt::format("more than {} blocks inside each other", max_block_depth);
    unclosed_.push_back(stop);
    if (!error.empty()) {
        diag_.error(stop, std::move(error), {}, words.empty() ? stop : words[0].pos);
        skip_block();
        return;
    }
    Node& node = out.emplace_back();
    node.name = std::move(words[0]);
    node.args.assign(std::make_move_iterator(words.begin() + 1),
                     std::make_move_iterator(words.end()));
    node.block = true;
    node.stop = stop;
    if (block(depth + 1, node.children, &node))
        unclosed_.pop_back();
}

/// Over a block that cannot be taken, with as few words about it as possible.
void Parser::skip_block()
{
    std::vector<Token> words;
    Pos stop;
    for (size_t open = 1; open;) {
        switch (lexer_.statement(words, stop)) {
        case Lexer::End::open: ++open; break;
        case Lexer::End::close: --open; break;
        case Lexer::End::eof:
            ended_ = true;
            end_ = stop;
            if (file_.line_names)
                end_of_text(words, stop, nullptr);
            return;
        default:;
        }
    }
    unclosed_.pop_back();
}

void Parser::unterminated(const std::vector<Token>& words, Pos stop)
{
    const Token& last = words.back();
    diag_.error(
        stop, "unexpected \"}\"",
        fmt::format("a \";\" is missing after \"{}\" in line {}", last.text, last.pos.line));
}

void Parser::end_of_text(const std::vector<Token>& words, Pos stop, const Node* owner)
{
    if (!file_.line_names) {
        if (!words.empty())
            diag_.error(stop, "unexpected end of parameter, expecting \";\"");
        return;
    }
    if (char quote = lexer_.open_quote()) {
        Pos at = lexer_.open_quote_at();
        std::string hint = fmt::format("the {} of line {} is never closed", quote, at.line);
        if (lexer_.open_quote_size() >= nginx_buffer)
            diag_.error(
                at,
                fmt::format("too long parameter, probably missing terminating \"{}\" character",
                            quote),
                std::move(hint));
        else
            diag_.error(stop, "unexpected end of file, expecting \";\" or \"}\"", std::move(hint),
                        at);
        return;
    }
    if (!words.empty()) {
        diag_.error(stop, "unexpected end of file, expecting \";\" or \"}\"",
                    fmt::format("\"{}\" is not ended", words[0].text), words[0].pos);
    } else if (owner || !unclosed_.empty()) {
        Pos at = unclosed_.empty() ? Pos{} : unclosed_.back();
        diag_.error(stop, "unexpected end of file, expecting \"}\"",
                    fmt::format("the \"{{\" of line {} is never closed", at.line), at);
    }
}

void Loader::text(std::string_view name, std::string text, Pos included_at, size_t depth,
                  std::vector<Node>& out)
{
    bool names = name != command_line;
    auto file =
        std::make_shared<const File>(File{std::string(name), std::move(text), included_at, names});
    tree.files.push_back(file);
    uint32_t number = diag.add_file(file);
    open.emplace_back(name);
    Parser parser(*this, *file, number);
    parser.top(depth, out);
    open.pop_back();
}

void Loader::file(const std::string& path, Pos included_at, Pos caret, size_t depth,
                  std::vector<Node>& out)
{
    if (std::find(open.begin(), open.end(), path) != open.end()) {
        std::string how;
        for (const std::string& name : open)
            how.append(name).append(" includes\n");
        diag.error(included_at, fmt::format("\"{}\" includes itself", path), how + path, caret);
        return;
    }
    if (open.size() >= max_include_depth || tree.files.size() >= max_files) {
        diag.error(included_at,
                   open.size() >= max_include_depth
                       ? fmt::format("more than {} files include each other", max_include_depth)
                       : fmt::format("more than {} files are included", max_files),
                   {}, caret);
        return;
    }
    Result<std::string, int> content = source->read(path);
    if (!content) {
        std::string_view what = content.error() == EISDIR ? "pread()" : "open()";
        diag.error(included_at,
                   fmt::format("{} \"{}\" failed {}", what, path, errno_text(content.error())), {},
                   caret);
        return;
    }
    text(path, std::move(*content), included_at, depth, out);
}

void Loader::include(const std::string& name, Pos at, Pos caret, size_t depth,
                     std::vector<Node>& out)
{
    if (!source) {
        diag.error(at, "\"include\" directive is not allowed here", {}, caret);
        return;
    }
    std::string path = name;
    if (!path.starts_with('/'))
        path = prefix + path;
    if (path.find_first_of("*?[") == std::string::npos)
        return file(path, at, caret, depth, out);
    int error = 0;
    for (const std::string& found : source->glob(path, error))
        file(found, at, caret, depth, out);
    if (error)
        diag.error(at, fmt::format("glob() \"{}\" failed {}", path, errno_text(error)), {}, caret);
}

std::string with_slash(std::string_view prefix)
{
    std::string out(prefix);
    if (!out.empty() && out.back() != '/')
        out += '/';
    return out;
}

}  // namespace

Tree load(std::string_view path, FileSource& source, std::string_view prefix, Diagnostics& diag)
{
    Tree tree;
    Loader loader{tree, diag, &source, with_slash(prefix)};
    loader.file(std::string(path), {}, {}, 0, tree.nodes);
    return tree;
}

Tree load_text(std::string_view name, std::string_view text, Diagnostics& diag, FileSource* source,
               std::string_view prefix)
{
    Tree tree;
    Loader loader{tree, diag, source, with_slash(prefix)};
    loader.text(name, std::string(text), {}, 0, tree.nodes);
    return tree;
}

std::string dump(const Tree& tree)
{
    std::string out;
    std::unordered_set<std::string_view> seen;
    for (const auto& file : tree.files)
        if (seen.insert(file->path).second)
            out += fmt::format("# configuration file {}:\n{}\n", file->path, file->text);
    return out;
}

}  // namespace sluice::conf
