// Memory for decoded pictures.
#pragma once

#include "distributed/environment.hpp"

#include <cstdint>

namespace mirra::trainer {

/// What one process may keep.
struct CacheBudget {
    std::uint64_t training = 0, validation = 0; ///< bytes
};

/// An even part of 8 GB a computer: three quarters for the training's pictures, the rest for validation.
constexpr CacheBudget cache_budget(const ProcessEnvironment &environment) {
    constexpr std::uint64_t kComputer = std::uint64_t{8} << 30;
    const auto mine = kComputer / static_cast<std::uint64_t>(environment.local_world);
    return {.training = mine / 4 * 3, .validation = mine / 4};
}

} // namespace mirra::trainer
