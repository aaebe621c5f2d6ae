// SPDX-License-Identifier: Apache-2.0
#include "core/http/config.h"

#include "core/base/check.h"

namespace sluice::http {
namespace {

const conf::ConfType* type_of_kind(const Module& m, ConfSet::Kind kind)
{
    switch (kind) {
    case ConfSet::main: return m.main_conf;
    case ConfSet::server: return m.server_conf;
    default: return m.location_conf;
    }
}

struct Owner {
    size_t module_index;
    ConfSet::Kind kind;
};

// Which module and level a conf type belongs to.
const std::unordered_map<const void*, Owner>& owners()
{
    static const auto table = [] {
        std::unordered_map<const void*, Owner> t;
        for (const Module* m : all_modules())
            for (auto kind : {ConfSet::main, ConfSet::server, ConfSet::location})
                if (const conf::ConfType* type = type_of_kind(*m, kind))
                    t.emplace(type->tag, Owner{m->index, kind});
        return t;
    }();
    return table;
}

}  // namespace

const std::vector<const Module*>& all_modules()
{
    static const auto modules = [] {
        std::vector<const Module*> all{&core_module};
        for (const Module* m : built_in_modules())
            all.push_back(m);
        for (size_t i = 0; i < all.size(); ++i)
            all[i]->index = i;
        return all;
    }();
    return modules;
}

ConfSet::ConfSet(Kind kind, Level level)
    : kind_(kind), objects_(all_modules().size()), own_(all_modules().size())
{
    if (level == outermost)
        for (const Module* m : all_modules())
            if (type_of_kind(*m, kind))
                own(m->index);
}

ConfSet::~ConfSet()
{
    for (const Module* m : all_modules())
        if (own_[m->index])
            type_of_kind(*m, kind_)->destroy(objects_[m->index]);
}

void* ConfSet::own(size_t module_index)
{
    if (!own_[module_index]) {
        objects_[module_index] = type_of_kind(*all_modules()[module_index], kind_)->make();
        own_[module_index] = true;
    }
    return objects_[module_index];
}

void ConfSet::inherit(const ConfSet& outer)
{
    for (const Module* m : all_modules()) {
        const conf::ConfType* type = type_of_kind(*m, kind_);
        if (!type)
            continue;
        if (!own_[m->index] && type->shareable(outer.objects_[m->index]))
            objects_[m->index] = outer.objects_[m->index];
        else
            type->inherit(own(m->index), outer.objects_[m->index]);
    }
}

void Location::set_content(conf::Apply& apply, Handler handler)
{
    if (content)
        apply.fail_directive("is duplicate");
    content = handler;
}

void* HttpBlock::conf(size_t, const void* tag)
{
    auto it = owners().find(tag);
    if (it == owners().end())
        return parent ? parent->conf(0, tag) : nullptr;
    const Owner& owner = it->second;
    switch (owner.kind) {
    case ConfSet::main: return main_confs_->own(owner.module_index);
    case ConfSet::server: return server_confs_ ? server_confs_->own(owner.module_index) : nullptr;
    default: return location.confs.own(owner.module_index);
    }
}

HttpBlock& http_block(conf::Apply& apply)
{
    for (conf::Block* block = &apply.block; block; block = block->parent)
        if (auto* found = dynamic_cast<HttpBlock*>(block))
            return *found;
    check_failed("an http directive stands in an http block", __FILE__, __LINE__);
}

}  // namespace sluice::http
