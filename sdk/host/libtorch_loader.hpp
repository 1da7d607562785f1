// Finds and loads the LibTorch that a runtime module runs on.
#pragma once

#include <filesystem>
#include <string>

namespace mirra::host {

struct LibTorch {
    std::string file;   ///< empty: the module needs none
    std::string origin; ///< why this one
};

/// Loads the private LibTorch that the module was linked against; it stays loaded.
/// @param given  the host's folder, or empty
/// @throws Error device, with all places that were looked at; the message names the module and the LibTorch
/// that do not fit
LibTorch load_libtorch_for(const std::filesystem::path &module, const std::string &given);

} // namespace mirra::host
