// What a bundle is called.
#pragma once

#include "mirra/printable.hpp"

#include <filesystem>
#include <string>

namespace mirra::trainer {

/// Manifest::name of a bundle that is written there. A file's name need not be UTF-8, a manifest is.
inline std::string bundle_name(const std::filesystem::path &output) {
    return printable(output.stem().string());
}

} // namespace mirra::trainer
