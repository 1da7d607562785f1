// Tables of functions for plugins, handed out and taken back.
#include "plugin_table.hpp"

#include "immortal.hpp"
#include "mirra/forks.hpp"
#include "plugin.hpp"
#include "process_life.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace mirra::host {
namespace {

void keep_own_stays() noexcept;

struct Tables {
    ProcessMutex mutex{keep_own_stays};
    std::vector<std::unique_ptr<PluginTable>> all;
    std::map<InitFunction, std::vector<PluginTable *>> unused;
};

const Immortal<Tables> kTables;

/// In a child of fork(): the parent's other threads do not come out of a table any more.
void keep_own_stays() noexcept {
    for (const auto &table : kTables->all) table->gate.keep(Inside::times(table.get()));
}

} // namespace

PluginTable &take_table(InitFunction of, Plugin &plugin) {
    Tables &known = *kTables;
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
    table.gate.close(Inside::times(&table)); // an engine may end in its own log callback
    Tables &known = *kTables;
    const std::lock_guard lock(known.mutex);
    table.plugin = nullptr;
    known.unused.find(of)->second.push_back(&table);
}

} // namespace mirra::host
