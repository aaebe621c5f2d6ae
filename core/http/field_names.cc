// SPDX-License-Identifier: Apache-2.0
#include "core/http/field_names.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace sluice::http {

void FieldNames::add(std::string_view name)
{
    HeaderId id = header_id(name);
    if (id == HeaderId::other)
        names_.push_back(lower(name));
    else
        add(id);
}

void FieldNames::remove(std::string_view name)
{
    HeaderId id = header_id(name);
    if (id == HeaderId::other)
        std::erase(names_, lower(name));
    else
        ids_ &= ~bit(id);
}

bool FieldNames::has(const Header& field) const
{
    if (field.id != HeaderId::other)
        return ids_ & bit(field.id);
    return std::any_of(names_.begin(), names_.end(),
                       [&](const std::string& name) { return iequals(name, field.name); });
}

}  // namespace sluice::http
