// Where the tables of functions lie that plugins get: in memory that is never given back, since a plugin's
// code stays mapped, and its threads may call long after an engine passed it over or ended.
#pragma once

#include "gate.hpp"
#include "mirra/mirra_plugin.h"

namespace mirra::host {

class Plugin;

struct PluginTable {
    mirra_host_api functions{}; ///< its `host` is this
    Gate gate;                  ///< closed while no plugin stands behind the table
    Plugin *plugin = nullptr;
};

using InitFunction = decltype(mirra_plugin_info::init);

/// A table for a plugin, opened. One that an earlier engine gave the same code, and that is no longer used,
/// serves again.
PluginTable &take_table(InitFunction of, Plugin &plugin);
/// Closes it: from then on its functions do nothing, or give an error.
void give_back_table(InitFunction of, PluginTable &table) noexcept;

} // namespace mirra::host
