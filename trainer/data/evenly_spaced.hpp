// Which elements stand for a whole, spread evenly over it.
#pragma once

#include <cstdint>

namespace mirra::trainer {

/// The `i`-th of `count` places spread over `size` elements; the first is 0. `count` is from 1 to `size`.
constexpr std::int64_t evenly_spaced(std::int64_t i, std::int64_t count, std::int64_t size) {
    return i * size / count;
}

} // namespace mirra::trainer
