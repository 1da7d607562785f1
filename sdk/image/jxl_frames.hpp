// What the frames of a JPEG XL will cost, before libjxl decodes them.
#pragma once

#include "bytes.hpp"

#include <jxl/codestream_header.h>

namespace mirra::image::detail {

/// The frames of a codestream. Hidden ones may be many, and larger than the picture, so their headers are
/// read here.
struct JxlFrames {
    int shown = 0;             ///< pictures of an animation; 1 otherwise
    bool whole = true;         ///< false: there may be more, which cannot be reached
    std::uint64_t samples = 0; ///< at most that lie in memory at once, up to the first shown picture
    std::uint64_t pixels = 0;  ///< of all frames up to there
};

/// @param bytes  those behind the headers of the picture
/// @throws Error unsupported, for a hidden frame whose end cannot be found
[[nodiscard]] JxlFrames read_jxl_frames(ByteSpan bytes, const JxlBasicInfo &info);

} // namespace mirra::image::detail
