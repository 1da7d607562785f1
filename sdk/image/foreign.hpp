// Files that are pictures for other programs, and how they become pictures for this one.
#pragma once

#include "bytes.hpp"

#include <optional>
#include <string_view>

namespace mirra::image::detail {

struct Foreign {
    std::string_view what; ///< "a HEIC picture"
    std::string_view hint; ///< the command that converts it
};

inline constexpr std::string_view kDevelopHint = "develop it first, for example: darktable-cli FILE "
                                                 "picture.tif, or rawtherapee-cli -o picture.tif -t -c FILE";

/// By the first bytes; nothing for files that are not known at all.
[[nodiscard]] std::optional<Foreign> foreign_format(ByteSpan bytes) noexcept;

} // namespace mirra::image::detail
