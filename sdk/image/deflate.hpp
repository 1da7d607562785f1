// zlib streams of metadata, with a bound on what comes out.
#pragma once

#include "bytes.hpp"

#include <optional>

namespace mirra::image::detail {

/// @param budget the most bytes that may come out; what came out, or was tried, is taken off
/// @return nothing where the stream is damaged or the budget too small
[[nodiscard]] std::optional<std::vector<std::byte>> inflate(ByteSpan stream, std::size_t &budget);

/// @throws std::bad_alloc
[[nodiscard]] std::vector<std::byte> deflate(ByteSpan bytes);

} // namespace mirra::image::detail
