// A graph's weights as tensors.
#pragma once

#include "mirra/runtime.hpp"

#include <ATen/core/TensorBody.h>

namespace mirra::runtime {

/// A copy of the weight in fp32 on the processor, contiguous. @throws Error not_found | mismatch (count)
at::Tensor load_weight(const WeightSource &source, const std::string &name, const graph::Shape &shape);

} // namespace mirra::runtime
