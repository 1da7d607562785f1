// Pictures made smaller.
#pragma once

#include "handles.hpp"

#include <cstdint>
#include <optional>

namespace mirra::cli {

/// A copy whose longer side has `longest` pixels, by a Lanczos filter, with the colour tags of the source and
/// no other metadata; nothing where the source is no longer than that.
std::optional<Picture> reduced(const Picture &source, std::int32_t longest);

} // namespace mirra::cli
