// Tensors as plain values: for attributes of graphs, for weights of bundles.
#pragma once

#include "mirra/bundle.hpp"
#include "runtime/torch/libtorch.hpp"

#include <vector>

namespace mirra::trainer {

/// @param tensor  of doubles on the processor, contiguous
inline std::vector<double> to_doubles(const torch::Tensor &tensor) {
    const auto *data = tensor.const_data_ptr<double>();
    return {data, data + tensor.numel()};
}

inline bundle::WeightTensor to_weight(const torch::Tensor &tensor) {
    const auto plain = tensor.to(at::kCPU, at::kFloat).contiguous();
    const auto *data = plain.const_data_ptr<float>();
    return {plain.sizes().vec(), {data, data + plain.numel()}};
}

} // namespace mirra::trainer
