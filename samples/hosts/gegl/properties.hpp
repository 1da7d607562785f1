// Settings of a filter as properties of an operation.
#pragma once

#include <filters.hpp>

#include <gegl-plugin.h>

#include <string>
#include <vector>

namespace mirra_gegl {

/// Installs a property for each setting; the setting's place + 1 is its number.
void install_properties(GObjectClass *klass, const mirra_filters::Filter &filter);

/// What a property holds, as Values hold it.
std::string text_of(const mirra_filters::Setting &setting, const GValue &value);

/// The reverse.
void set_value(GValue &value, const mirra_filters::Setting &setting, const std::string &text);

} // namespace mirra_gegl
