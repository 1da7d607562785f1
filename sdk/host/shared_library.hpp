// Shared libraries that stay loaded until the process ends.
#pragma once

#include <filesystem>

#include <boost/dll/shared_library.hpp>

namespace mirra::host {

/// Loads at once and without giving its symbols to others; never unloaded, because LibTorch and plugins leave
/// threads and exit handlers behind that crash once their code is gone.
/// @throws Error plugin, its message is the loader's
boost::dll::shared_library &load_forever(const std::filesystem::path &file);

} // namespace mirra::host
