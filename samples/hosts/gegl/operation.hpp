// A filter of Mirra as an operation of GEGL.
#pragma once

#include <filters.hpp>

#include <gegl-plugin.h>

namespace mirra_gegl {

/// What an operation's class is made of. Lives as long as GLib's types do: to the end of the process.
struct Kind {
    mirra_filters::Filters &filters;
    const mirra_filters::Filter &filter;
};

/// Registers the operation "mirra:NAME".
void register_operation(GTypeModule *module, const Kind &kind);

} // namespace mirra_gegl
