// SPDX-License-Identifier: Apache-2.0
//
// Replaces $TEST_NGINX_* and Test::Nginx's own variables ($ServerPort, $ServerRoot, ...) in texts.
//
// Names that are not set here are looked for in the environment; an unknown $TEST_NGINX_* throws.
// Every other "$name" is the server's business and stays.
#pragma once

#include <map>
#include <string>

#include "perl.h"

namespace sluice::runner {

class Expander
{
public:
    void set(const std::string& name, const std::string& value) { values_[name] = value; }
    std::string text(const std::string& in) const;
    Value value(Value in) const;

private:
    std::map<std::string, std::string> values_;
};

}  // namespace sluice::runner
