// SPDX-License-Identifier: Apache-2.0
#include "core/http/config.h"

#include <cstddef>

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

// Where each module's conf lies in the one block of a set.
struct ConfSet::Layout {
    size_t size = 0;
    std::vector<size_t> offsets;

    explicit Layout(Kind kind)
    {
        for (const Module* m : all_modules()) {
            const conf::ConfType* type = type_of_kind(*m, kind);
            SLUICE_CHECK(!type || type->align <= alignof(std::max_align_t));
            if (type)
                size = (size + type->align - 1) / type->align * type->align;
            offsets.push_back(size);
            size += type ? type->size : 0;
        }
    }
    static const Layout& of(Kind kind)
    {
        static const Layout layouts[] = {Layout(main), Layout(server), Layout(location)};
        return layouts[kind];
    }
};

ConfSet::ConfSet(Kind kind) : kind_(kind)
{
    const Layout& layout = Layout::of(kind);
    block_ = std::make_unique_for_overwrite<std::byte[]>(layout.size);
    objects_.reserve(layout.offsets.size());
    for (const Module* m : all_modules()) {
        const conf::ConfType* type = type_of_kind(*m, kind);
        void* object = type ? block_.get() + layout.offsets[m->index] : nullptr;
        if (type)
            type->construct(object);
        objects_.push_back(object);
    }
}

ConfSet::~ConfSet()
{
    for (const Module* m : all_modules())
        if (void* object = objects_[m->index])
            type_of_kind(*m, kind_)->destroy(object);
}

void ConfSet::inherit(const ConfSet& parent)
{
    for (const Module* m : all_modules())
        if (void* object = objects_[m->index])
            type_of_kind(*m, kind_)->inherit(object, parent.objects_[m->index]);
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
    case ConfSet::main: return main_confs_->at(owner.module_index);
    case ConfSet::server: return server_confs_ ? server_confs_->at(owner.module_index) : nullptr;
    default: return location.confs.at(owner.module_index);
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
