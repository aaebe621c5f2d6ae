// SPDX-License-Identifier: Apache-2.0
// Setters of the engine's block directives and of those that need more than a Setting.
#pragma once

#include "core/http/config.h"

namespace sluice::http {

/// What http {} is read into: the conf object of the main level.
struct HttpRoot {
    Main* main = nullptr;
};

void open_http(conf::Apply& apply, HttpRoot& root);
void open_server(conf::Apply& apply);
void open_location(conf::Apply& apply);
void open_types(conf::Apply& apply, CoreLocation& conf);
void set_server_name(conf::Apply& apply);
void set_error_log(conf::Apply& apply, CoreLocation& conf);

/// All has been read: inherits from the outside in, builds trees and listeners, runs the modules'
/// finish and install hooks, flattens handlers.
void finish_main(Main& main, conf::Diagnostics& diag);
/// Of a configuration that has errors already: what is said of names all the same.
void check_names(Main& main, conf::Diagnostics& diag);

}  // namespace sluice::http
