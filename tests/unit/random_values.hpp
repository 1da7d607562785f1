// Values for kernels that are compared with plain loops.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

namespace mirra::test {

/// From -1 to 1, the same ones for each seed.
inline std::vector<float> random_values(std::size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(count);
    std::ranges::generate(values, [&] { return uniform(generator); });
    return values;
}

} // namespace mirra::test
