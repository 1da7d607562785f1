#include "plugin_table.hpp"

#include "immortal.hpp"
#include "plugin.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace mirra::host {
namespace {

struct Tables {
    std::mutex mutex;
    std::vector<std::unique_ptr<PluginTable>> all;
    std::map<InitFunction, std::vector<PluginTable *>> unused;
};

Tables &tables() {
    static const Immortal<Tables> made;
    return *made;
}

} // namespace

PluginTable &take_table(InitFunction of, Plugin &plugin) {
    Tables &known = tables();
    const std::lock_guard lock(known.mutex);
    auto &unused = known.unused[of];
    if (unused.empty()) {
        unused.reserve(known.all.size() + 1); // so that giving it back needs no memory
        known.all.push_back(std::make_unique<PluginTable>());
        unused.push_back(known.all.back().get());
    }
    PluginTable &table = *unused.back();
    unused.pop_back();
    table.functions = make_host_table();
    table.functions.host = &table;
    table.plugin = &plugin;
    table.gate.open();
    return table;
}

void give_back_table(InitFunction of, PluginTable &table) noexcept {
    table.gate.close();
    Tables &known = tables();
    const std::lock_guard lock(known.mutex);
    table.plugin = nullptr;
    known.unused.find(of)->second.push_back(&table);
}

} // namespace mirra::host
