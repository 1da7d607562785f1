// The three generators that invert AlexNet's taps; layer numbers are those of the authors' state dicts.
#include "alexnet.hpp"

#include "classifiers.hpp"
#include "generators.hpp"
#include "mirra/error.hpp"

#include <functional>

namespace mirra::graph {
namespace {

/// Factor of the published channel counts, which rounding leaves multiples of 8.
using Wide = std::function<std::int64_t(std::int64_t)>;

std::string conv5_generator(GeneratorSequence &s, const Wide &wide) {
    s.conv(wide(256));
    s.transposed(wide(256), 1);
    s.conv(wide(256));
    s.transposed(wide(256), 2);
    s.conv(wide(256));
    s.transposed(wide(128), 2);
    s.conv(wide(128));
    s.transposed(wide(64), 2);
    s.conv(wide(64));
    s.transposed(wide(32), 2);
    s.conv(wide(32));
    s.transposed(kColors, 2);
    return s.image();
}

std::string conv2_generator(GeneratorSequence &s, const Wide &wide) {
    s.conv(wide(192));
    s.transposed(wide(192), 1);
    s.conv(wide(96));
    s.upsample();
    s.conv(wide(96));
    s.conv(wide(64));
    s.upsample();
    s.conv(wide(64));
    s.upsample();
    s.conv(wide(64));
    s.upsample();
    s.conv(wide(32));
    s.conv(kColors);
    return s.image();
}

std::string conv1_generator(GeneratorSequence &s, const Wide &wide) {
    s.conv(wide(64));
    s.transposed(wide(64), 1);
    s.conv(wide(64));
    s.upsample();
    s.conv(wide(64));
    s.conv(wide(32));
    s.upsample();
    s.conv(wide(32));
    s.upsample();
    s.conv(wide(16));
    s.conv(kColors);
    return s.image();
}

std::string append_tap(Builder &b, const std::string &features, AlexNetTap tap, std::int64_t channels,
                       const Wide &wide) {
    GeneratorSequence s(b, features, channels);
    switch (tap) {
    case AlexNetTap::conv1:
        return conv1_generator(s, wide);
    case AlexNetTap::conv2:
        return conv2_generator(s, wide);
    case AlexNetTap::conv5:
        return conv5_generator(s, wide);
    }
    throw Error(ErrorCode::invalid_argument, "unknown AlexNet tap", "tap");
}

std::int64_t tap_channels(AlexNetTap tap) {
    if (tap == AlexNetTap::conv1) return 64;
    return tap == AlexNetTap::conv2 ? 192 : 256;
}

AlexNetTap tap_of_stride(std::int64_t stride) {
    switch (stride) {
    case 8:
        return AlexNetTap::conv1;
    case 16:
        return AlexNetTap::conv2;
    case 32:
        return AlexNetTap::conv5;
    default:
        throw Error(ErrorCode::unsupported, "AlexNet has no features of stride " + std::to_string(stride),
                    "layout", "use the layout 'mirror'");
    }
}

} // namespace

std::string append_image_range(Builder &b, const std::string &x, const std::string &tanh_name) {
    return b.normalise(b.tanh(x, tanh_name), {-1, -1, -1}, {2, 2, 2}, "generator.image");
}

std::string append_alexnet_generator(Builder &b, const std::string &features, AlexNetTap tap) {
    return append_tap(b, features, tap, tap_channels(tap), [](std::int64_t channels) { return channels; });
}

std::string append_alexnet_layout(Builder &b, const std::string &features, const FeatureGeometry &geometry,
                                  double width) {
    const auto tap = tap_of_stride(geometry.stride);
    if (geometry.missing != 1)
        throw Error(ErrorCode::unsupported, "this encoder's features are not those of an AlexNet", "layout",
                    "use the layout 'mirror'");
    const double factor =
        width * static_cast<double>(geometry.channels) / static_cast<double>(tap_channels(tap));
    return append_tap(b, features, tap, geometry.channels,
                      [factor](std::int64_t channels) { return scaled_channels(channels, factor); });
}

Graph alexnet_generator(AlexNetTap tap) {
    Builder b("generator");
    b.output("image", append_alexnet_generator(b, b.input("features", tap_channels(tap)), tap));
    return b.finish();
}

} // namespace mirra::graph
