// Tensors as pictures of a page.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <string>

namespace mirra::trainer {

/// A picture [3, H, W] of values in [0, 1] as a PNG in a data URI; small ones enlarged by a whole factor to
/// about 128 pixels, without smoothing.
std::string picture_uri(const torch::Tensor &picture);

/// A difference around gray: 0.5 + factor x difference, clipped.
torch::Tensor enlarged_difference(const torch::Tensor &difference, double factor);

/// The round factor under which nearly all of these differences stay within the range of a picture.
double difference_factor(const torch::Tensor &differences);

/// A gradient around gray, in units of its own standard deviation, clipped at kGradientSigmas of them.
torch::Tensor gradient_picture(const torch::Tensor &gradient);
constexpr double kGradientSigmas = 3;

} // namespace mirra::trainer
