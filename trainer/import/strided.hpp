// Tensors that lie in a storage with an offset and strides.
#pragma once

#include "allowance.hpp"

#include "mirra/bundle.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mirra::trainer::importer {

struct Layout {
    bundle::DType dtype = bundle::DType::f32;
    std::uint64_t offset = 0; ///< elements
    graph::Shape shape;       ///< none is negative
    graph::Shape strides;     ///< elements, none is negative
};

/// The values in row-major order. @param allowance  what they may take
/// @throws Error corrupt if the tensor reaches beyond its storage | limit | unsupported (integers)
std::vector<float> gather(std::span<const std::byte> storage, const Layout &layout, const std::string &file,
                          Allowance &allowance);

} // namespace mirra::trainer::importer
