// Pieces that the AlexNet graphs share: pixel transforms, the encoder and the generators, appended to a
// Builder.
#pragma once

#include "mirra/architectures.hpp"

#include <string>

namespace mirra::graph {

/// Pixels in [0, 1] as the encoder wants them; `x` itself for InputTransform::none.
std::string append_input_transform(Builder &b, const std::string &x, InputTransform transform,
                                   const std::string &name);
std::string append_normalisation(Builder &b, const std::string &x, const Normalisation &constants,
                                 const std::string &name);

/// tanh, then [-1, 1] to [0, 1].
std::string append_image_range(Builder &b, const std::string &x, const std::string &tanh_name);

/// Names of the tensors that alexnet_encoder() gives out; those beyond the tap asked for are empty.
struct AlexNetFeatures {
    std::string conv1, conv2, conv5;
};
/// @param width  factor of all channel counts
AlexNetFeatures append_alexnet_encoder(Builder &b, const std::string &pixels, AlexNetTap last,
                                       double width = 1);

/// Features of `tap` -> image in [0, 1].
std::string append_alexnet_generator(Builder &b, const std::string &features, AlexNetTap tap);

} // namespace mirra::graph
