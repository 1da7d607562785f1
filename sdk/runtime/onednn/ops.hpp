// Every op of the table but the convolutions, on blocks: one node at a time.
#pragma once

#include "mirra/graph.hpp"
#include "runtime/onednn/block.hpp"
#include "runtime/rows/three_channels.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace mirra::runtime::onednn {

/// Weights of a node in fp32, by role.
using Weights = std::map<std::string, std::vector<float>>;

/// Computes one node as its OpInfo says. Inputs must have been shape-checked; one that is owned and not read
/// on may be written over.
/// @throws Error internal for a convolution, which has a class of its own
Block apply_op(const graph::Node &node, std::span<Block> inputs, const Weights &weights);

/// x * scale + offset by channel, in fp32.
Block affine(const Block &x, std::span<const float> scale, std::span<const float> offset);
/// a + b, where b is as large as a, or one value for each of its channels or places.
Block add(Block a, Block b);
Block relu(Block x);
/// 1 / (1 + exp(-x)), in fp32.
Block sigmoid(Block x);
/// The convolution of the filter, with ReLU if asked for. Dense x, and a result of its type.
Block filter_three_channels(const Block &x, const ThreeChannelFilter &filter, bool relu);

/// [N, >= 4 C, H, W] -> [N, C, 2 H, 2 W]; see Kernel::phases.
Block join_phases(const Block &phases, std::int64_t channels);

} // namespace mirra::runtime::onednn
