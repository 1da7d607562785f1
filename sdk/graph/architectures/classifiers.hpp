// Pieces that the classification networks share.
#pragma once

#include "mirra/architectures.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mirra::graph {

/// channels x width, rounded to a multiple of 8 and at least 8; `channels` itself for a width of 1.
std::int64_t scaled_channels(std::int64_t channels, double width);

/// What an architecture appends to pixels that are normalised already.
struct ClassifierTrunk {
    std::vector<Output> taps; ///< deepest last
    std::string logits;       ///< empty where the head was not asked for
};
using ClassifierBuilder = ClassifierTrunk (*)(Builder &, const std::string &pixels, const ClassifierOptions &,
                                              bool head);

ClassifierTrunk append_alexnet(Builder &b, const std::string &pixels, const ClassifierOptions &options,
                               bool head);
ClassifierTrunk append_vgg16(Builder &b, const std::string &pixels, const ClassifierOptions &options,
                             bool head);
ClassifierTrunk append_resnet18(Builder &b, const std::string &pixels, const ClassifierOptions &options,
                                bool head);
ClassifierTrunk append_wrn_28_10(Builder &b, const std::string &pixels, const ClassifierOptions &options,
                                 bool head);

/// Adaptive pooling, hidden layers with ReLU, the last layer; `names` of the linear layers, one more than
/// hidden.
std::string append_linear_head(Builder &b, const std::string &features, std::int64_t channels,
                               const ClassifierOptions &options, const std::vector<std::string> &names);

} // namespace mirra::graph
