// The mirror image of an encoder that enlarges by nearest neighbours and convolves: "resize-convolution"
// (Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts", 2016). A transposed convolution
// meets some pixels more often than others, which shows as a weave where features are none that it was
// trained on, such as those of a style.
#include "classifiers.hpp"
#include "generators.hpp"

namespace mirra::graph {

std::string append_resize_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                                 double width) {
    const auto wide = [&](std::size_t stage) { return scaled_channels(geometry.stages[stage], width); };
    GeneratorSequence s(b, features, geometry.channels);
    auto stage = geometry.stages.size() - 1;
    s.conv(wide(stage));
    if (geometry.missing == 1) {
        s.transposed(wide(stage), 1);
        s.conv(wide(stage));
    }
    while (stage-- > 0) {
        s.conv(wide(stage));
        s.upsample();
        s.conv(wide(stage));
    }
    return s.image();
}

} // namespace mirra::graph
