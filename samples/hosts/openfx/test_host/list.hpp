// What effects say of themselves, as JSON.
#pragma once

#include "openfx.hpp"

#include <string>

namespace test_host {

/// An array with the labels of all effects and their parameters.
std::string list_of(OFX::Host::ImageEffect::PluginCache &cache);

} // namespace test_host
