// A picture as floats.
#pragma once

#include <cstdint>
#include <vector>

namespace mirra::trainer {

/// height x width x 3, values in [0, 1] as a rule.
struct FloatPicture {
    std::int32_t width = 0, height = 0;
    std::vector<float> values;
};

} // namespace mirra::trainer
