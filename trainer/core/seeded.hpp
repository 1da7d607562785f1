// LibTorch's random numbers from a seed of one's own, so that resuming needs no state.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <mutex>

namespace mirra::trainer {

/// The device's default generator, which has this seed from here on.
inline at::Generator seeded(const torch::Device &device, std::uint64_t seed) {
    auto generator = at::globalContext().defaultGenerator(device);
    const std::scoped_lock lock(generator.mutex());
    generator.set_current_seed(seed);
    return generator;
}

} // namespace mirra::trainer
