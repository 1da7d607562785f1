// The values of tensors by their type: how each is stored, computed in float.
#pragma once

#include "mirra/samples.hpp"
#include "runtime/cuda/kernels.h"
#include "runtime/rows/bfloat16.hpp"

namespace mirra::cuda {

struct Float {
    using Stored = float;
    MIRRA_HOST_DEVICE static float load(float stored) { return stored; }
    MIRRA_HOST_DEVICE static float store(float value) { return value; }
};

struct Half {
    using Stored = std::uint16_t;
    MIRRA_HOST_DEVICE static float load(std::uint16_t stored) { return samples::half_to_float(stored); }
    /// NaN becomes 0; what a half cannot hold becomes the largest.
    MIRRA_HOST_DEVICE static std::uint16_t store(float value) { return samples::UnboundedF16::to_raw(value); }
};

struct Bfloat16 {
    using Stored = std::uint16_t;
    MIRRA_HOST_DEVICE static float load(std::uint16_t stored) { return runtime::from_bfloat16(stored); }
    MIRRA_HOST_DEVICE static std::uint16_t store(float value) { return runtime::to_bfloat16(value); }
};

/// Calls `function` with the one that stands for `type`.
template<class Function> inline decltype(auto) with_values(std::int32_t type, const Function &function) {
    if (type == MIRRA_CUDA_HALF) return function(Half{});
    if (type == MIRRA_CUDA_BFLOAT16) return function(Bfloat16{});
    return function(Float{});
}

} // namespace mirra::cuda
