// Random numbers that are the same on every machine.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace plugin {

/// The number of that index, in [0, 1). SplitMix64.
inline double unit_random(std::uint64_t seed, std::uint64_t index) noexcept {
    std::uint64_t z = seed * 0xd1342543de82ef95U + (index + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    return static_cast<double>(z >> 11) * 0x1p-53;
}

/// The number of that index, normally distributed with mean 0 and deviation 1. Box and Muller.
inline double normal_random(std::uint64_t seed, std::uint64_t index) noexcept {
    const double radius = std::sqrt(-2 * std::log(1 - unit_random(seed, 2 * index)));
    return radius * std::cos(2 * std::numbers::pi * unit_random(seed, 2 * index + 1));
}

} // namespace plugin
