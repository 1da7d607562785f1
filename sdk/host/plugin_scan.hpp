// Plugins loaded in a process of their own first, so that one that ends or blocks it is found out.
#pragma once

#include <filesystem>

namespace mirra::host {

/// Where mirra-worker says that it came through, and what it says.
inline constexpr int kScanDescriptor = 3;
inline constexpr char kScanned[2] = {'o', 'k'};

/// The program mirra-worker. @throws Error not_found
std::filesystem::path worker_program(const std::filesystem::path &beside);
/// @throws Error plugin where the file ended or blocked the process that loaded it, limit where none can be
/// made
void scan_plugin(const std::filesystem::path &worker, const std::filesystem::path &file);

} // namespace mirra::host
