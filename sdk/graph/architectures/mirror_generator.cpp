// The plain mirror image of an encoder, with the channels that the encoder has at each resolution
// (docs/explanation/method.md). "mirror" doubles by transposed convolutions. "resize" doubles by nearest
// neighbours between convolutions (Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts",
// 2016): a transposed convolution meets some pixels more often than others, which shows as a weave where
// features are none that it was trained on, such as those of a style.
#include "classifiers.hpp"
#include "generators.hpp"

namespace mirra::graph {
namespace {

/// Appends what doubles the resolution, with so many channels behind it.
using Doubling = void (*)(GeneratorSequence &, std::int64_t channels);

std::string append_mirrored(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                            double width, Doubling doubled) {
    const auto wide = [&](std::size_t stage) { return scaled_channels(geometry.stages[stage], width); };
    GeneratorSequence s(b, features, geometry.channels);
    auto stage = geometry.stages.size() - 1;
    s.conv(wide(stage));
    if (geometry.missing == 1) {
        s.transposed(wide(stage), 1);
        s.conv(wide(stage));
    }
    while (stage-- > 0) {
        doubled(s, wide(stage));
        s.conv(wide(stage));
    }
    return s.image();
}

} // namespace

std::string append_mirror_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                                 double width) {
    return append_mirrored(b, features, geometry, width,
                           [](GeneratorSequence &s, std::int64_t channels) { s.transposed(channels, 2); });
}

std::string append_resize_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                                 double width) {
    return append_mirrored(b, features, geometry, width, [](GeneratorSequence &s, std::int64_t channels) {
        s.conv(channels);
        s.upsample();
    });
}

} // namespace mirra::graph
