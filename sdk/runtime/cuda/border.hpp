// Where a place of an axis lies that may be beyond its ends.
#pragma once

#include "mirra/host_device.hpp"
#include "runtime/cuda/kernels.h"

#include <cstdint>

namespace mirra::cuda {

/// The first and the last place go on.
MIRRA_HOST_DEVICE inline std::int64_t replicated(std::int64_t at, std::int64_t extent) {
    if (at < 0) return 0;
    return at < extent ? at : extent - 1;
}

/// The axis goes on mirrored, its ends twice, as often as needed.
MIRRA_HOST_DEVICE inline std::int64_t mirrored(std::int64_t at, std::int64_t extent) {
    const std::int64_t turn = ((at % (2 * extent)) + 2 * extent) % (2 * extent);
    return turn < extent ? turn : 2 * extent - 1 - turn;
}

MIRRA_HOST_DEVICE inline std::int64_t within(std::int64_t at, std::int64_t extent, std::int32_t border) {
    return border == MIRRA_CUDA_MIRRORED ? mirrored(at, extent) : replicated(at, extent);
}

} // namespace mirra::cuda
