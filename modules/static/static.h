// SPDX-License-Identifier: Apache-2.0
// static: files by URI. What the parts of the module share: its conf and the way from a URI to a
// path.
//   static.cc     directives, variables, paths
//   lookup.cc     how files are looked up: open_file_cache, disable_symlinks
//   files.cc      one file as a response; index
//   try_files.cc  try_files
#pragma once

#include "core/files/open_files.h"
#include "core/http/conditions.h"
#include "core/http/module.h"

namespace sluice::static_ {

extern const Module module;

using http::IfModified;

struct Root {
    Template text;
    std::string absolute;  // when it has no variables: with the prefix in front
    bool is_alias = false;
    size_t alias_cut = 0;  // bytes of the URI that an alias replaces; SIZE_MAX: all of it
};

struct TryFiles {
    struct Name {
        Template text;
        bool directory = false;  // written with a slash at its end
    };
    std::vector<Name> names;
    Template fallback;
    int code = 0;  // instead of the fallback
};

/// disable_symlinks.
struct Symlinks {
    os::Links::Mode mode = os::Links::follow;
    Template from;  // links in this beginning of a path are followed
};

struct Conf {
    Setting<Root> root;
    Setting<std::vector<Template>> index;
    Setting<size_t> max_ranges{SIZE_MAX};
    Setting<IfModified> if_modified_since{IfModified::exact};
    std::shared_ptr<const TryFiles> try_files;                   // not inherited
    Setting<std::shared_ptr<files::OpenFiles>> open_file_cache;  // set and null: off
    Setting<std::chrono::seconds> open_file_cache_valid{std::chrono::seconds(60)};
    Setting<uint32_t> open_file_cache_min_uses{1};
    Setting<bool> open_file_cache_errors{false};
    Setting<Symlinks> disable_symlinks;
};

/// root's or alias's value, absolute, without a slash at the end of a root.
std::string_view document_root(Request& r);
/// The path of `uri` in the arena, with a NUL byte behind the view.
std::string_view path_of(Request& r, std::string_view uri);

/// `path` as path_of makes it.
files::Found open_file(Request& r, std::string_view path);
/// 0 or errno.
int file_info(Request& r, std::string_view path, os::FileInfo& info);
/// There is no such name (nor can be): an errno of it says nothing that a log should tell.
bool is_missing(int error);

Task<Rc> serve_index(Request& r);
Task<Rc> serve_file(Request& r);
Task<Rc> try_names(Request& r);
bool has_try_files(const http::Location& location);

void set_try_files(Apply& apply, Conf& conf);
void set_open_file_cache(Apply& apply, Conf& conf);
void set_disable_symlinks(Apply& apply, Conf& conf);

}  // namespace sluice::static_
