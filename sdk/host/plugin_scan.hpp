// Plugins loaded in a process of their own first, so that one that ends or blocks it is found out.
#pragma once

#include <filesystem>

namespace mirra::host {

/// What mirra-worker says to kChildDescriptor when it came through.
inline constexpr char kScanned[2] = {'o', 'k'};

/// @throws Error plugin where the file ended or blocked the process that loaded it, limit where none can be
/// made
void scan_plugin(const std::filesystem::path &worker, const std::filesystem::path &file);

} // namespace mirra::host
