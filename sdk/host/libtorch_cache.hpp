// Private copies of LibTorchs as they are distributed, in the user's cache.
#pragma once

#include <filesystem>

namespace mirra::host {

/// The private copy of the LibTorch in `folder`, made at first use: once for all threads and processes.
/// @param module  the runtime module, beside which the shim lies
/// @throws Error device (no place for it), or what making it throws
std::filesystem::path private_copy(const std::filesystem::path &folder, const std::filesystem::path &module);

} // namespace mirra::host
