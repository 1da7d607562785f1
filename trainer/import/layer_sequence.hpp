// Convolutions one after the other, as in torchvision's AlexNet and VGG.
#pragma once

#include "mirra/graph.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace mirra::trainer::importer {

inline constexpr std::int64_t kPool = 0;

/// A convolution with ReLU, or a max pool.
struct Layer {
    std::int64_t channels = 0, kernel = 3, stride = 1, padding = 1; ///< channels kPool: a max pool, unpadded
    std::string_view tap = {};                                      ///< name of what comes out
};

using Tap = std::function<void(std::string_view name, const std::string &value, std::int64_t channels)>;

/// Appends them to a picture. Nodes are called "<prefix>N", counted as torch's sequences count.
/// @param tap  told of each that has a name
void append_sequence(graph::Builder &b, std::string x, const std::string &prefix,
                     std::span<const Layer> layers, const Tap &tap);

} // namespace mirra::trainer::importer
