// The plain mirror image of an encoder: per doubling of the resolution a transposed convolution and a
// convolution, with the channels that the encoder has there (docs/explanation/method.md).
#include "classifiers.hpp"
#include "generators.hpp"

namespace mirra::graph {

std::string append_mirror_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
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
        s.transposed(wide(stage), 2);
        s.conv(wide(stage));
    }
    return s.image();
}

} // namespace mirra::graph
