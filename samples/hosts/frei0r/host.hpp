// What some hosts do otherwise than frei0r says.
#pragma once

#include <string>

namespace mirra_frei0r {

/// Why frames of this width cannot come from the code at `caller`, and what to do; "" if they can. FFmpeg 5
/// and older pass rows that are padded, without saying so, where the width is no multiple of 16: all would be
/// skewed.
[[nodiscard]] std::string refusal_of_caller(const void *caller, unsigned width);

} // namespace mirra_frei0r
