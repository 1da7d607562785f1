// Pieces that the generators share, and the table that chooses among them.
#pragma once

#include "mirra/architectures.hpp"

#include <string>

namespace mirra::graph {

inline constexpr std::int64_t kColors = 3;

/// How far features lie below their picture.
struct FeatureGeometry {
    std::int64_t channels = 0;
    std::int64_t stride = 0;  ///< pixels of the picture per feature, a power of two
    std::int64_t missing = 0; ///< features of an extent H are H / stride - missing
    /// Channels of the encoder's layers by doublings below the picture: [0] at its own resolution. Stages
    /// that an encoder jumps over have the channels of the next one.
    std::vector<std::int64_t> stages;
};

/// @throws Error unsupported for features whose extent does not follow the picture's so
FeatureGeometry feature_geometry(const Graph &part);

/// Appends the layers of a torch-like sequence and counts them, since the counts are the names of the
/// weights: convolutions without bias, each with batch norm and ReLU behind it.
class GeneratorSequence {
  public:
    GeneratorSequence(Builder &builder, std::string x, std::int64_t channels)
        : b_(builder)
        , x_(std::move(x))
        , channels_(channels) {}

    void conv(std::int64_t channels);
    /// Kernel 4, padding 1: stride 1 adds a pixel, stride 2 doubles the extent.
    void transposed(std::int64_t channels, std::int64_t stride);
    void upsample();
    /// The last convolution, the only one with a bias, and what maps it to [0, 1].
    std::string image();

  private:
    std::string next();
    void norm_relu();

    Builder &b_;
    std::string x_;
    std::int64_t channels_;
    int index_ = 0;
};

/// A layout: features [N, geometry.channels, h, w] -> image in [0, 1]. @throws Error unsupported
using GeneratorBuilder = std::string (*)(Builder &, const std::string &features, const FeatureGeometry &,
                                         double width);

std::string append_alexnet_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                                  double width);
std::string append_mirror_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                                 double width);
std::string append_deepsim_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                                  double width);
std::string append_resize_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                                 double width);

} // namespace mirra::graph
