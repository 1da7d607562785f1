// Element types of tensors and their names in safetensors headers.
#pragma once

#include "mirra/bundle.hpp"

#include <optional>
#include <string_view>

namespace mirra::bundle {

/// "F32", "BF16", …
std::string_view safetensors_name(DType type);
std::optional<DType> dtype_from_safetensors(std::string_view name);

/// Bytes of a dense tensor; nothing if an extent is negative or the product overflows.
std::optional<std::uint64_t> byte_count(DType type, const graph::Shape &shape);

} // namespace mirra::bundle
