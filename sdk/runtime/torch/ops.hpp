// Every op of the table over LibTorch: differentiable, one node at a time, any device and dtype.
#pragma once

#include "mirra/graph.hpp"

#include <ATen/core/TensorBody.h>

#include <functional>
#include <optional>
#include <span>

namespace mirra::runtime {

/// The weight of a role ("weight", "bias", …) of the node at hand; undefined where the node has none.
using RoleSource = std::function<at::Tensor(const char *role)>;

struct OpMode {
    bool training = false; ///< batch norm takes the batch's statistics and updates the running ones
    /// The input that the result may be written over, of an op whose Execution says that it can be.
    std::optional<std::size_t> over = {};
};

/// Computes one node as its OpInfo says. Inputs must have been shape-checked.
at::Tensor apply_op(const graph::Node &node, std::span<const at::Tensor> inputs, const RoleSource &weight,
                    OpMode mode = {});

} // namespace mirra::runtime
