// What a bundle says of itself, without its weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace mirra::bundle {

struct Summary {
    std::string task, name;  ///< as in Manifest
    std::uint64_t bytes = 0; ///< of the file
};

/// Header and manifest, checked as Bundle::open() does; the bytes of the weights are not read.
/// @param budget  the most bytes to read; what was read is taken off
/// @throws Error as Bundle::open() | limit (beyond the budget)
Summary summarize(const std::filesystem::path &path, std::uint64_t &budget);

} // namespace mirra::bundle
