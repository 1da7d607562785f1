// The discriminator of Table A5, conditioned on the features of the target (docs/explanation/method.md). Its
// linear layers are convolutions over their whole input, which is the same and keeps every tensor an image.
#include "classifiers.hpp"

namespace mirra::graph {
namespace {

constexpr std::int64_t kFeatureExtent = 6;

/// The first stride: 4 from 128 pixels on, as published; less for pictures that would vanish.
std::int64_t first_stride(std::int64_t extent) {
    if (extent >= 128) return 4;
    return extent >= 64 ? 2 : 1;
}

std::string conv_relu(Builder &b, const std::string &x, Builder::Conv conv, const std::string &name) {
    conv.bias = true;
    return b.relu(b.conv2d(x, conv, name), name + ".relu");
}

} // namespace

Graph discriminator(std::int64_t feature_channels, std::int64_t extent, double width) {
    const auto wide = [&](std::int64_t channels) { return scaled_channels(channels, width); };
    Builder b("discriminator");
    const auto image = b.input("image", 3), features = b.input("features", feature_channels);
    auto x = conv_relu(b, image,
                       {.in = 3, .out = wide(32), .kernel = 7, .stride = first_stride(extent), .padding = 1},
                       "features.0");
    x = conv_relu(b, x, {.in = wide(32), .out = wide(64), .kernel = 5, .padding = 0}, "features.3");
    x = conv_relu(b, x, {.in = wide(64), .out = wide(128), .stride = 2, .padding = 0}, "features.6");
    x = conv_relu(b, x, {.in = wide(128), .out = wide(256), .padding = 0}, "features.9");
    x = conv_relu(b, x, {.in = wide(256), .out = wide(256), .stride = 2, .padding = 0}, "features.12");
    x = b.global_avg_pool(x, "features.pool");

    auto y = b.adaptive_avg_pool(features, kFeatureExtent, "classifier01.pool");
    y = conv_relu(b, y, {.in = feature_channels, .out = wide(1024), .kernel = kFeatureExtent, .padding = 0},
                  "classifier01.0");
    y = conv_relu(b, y, {.in = wide(1024), .out = wide(512), .kernel = 1, .padding = 0}, "classifier01.2");

    auto z = b.concat({x, y}, "classifier02.input");
    z = conv_relu(b, z, {.in = wide(256) + wide(512), .out = wide(512), .kernel = 1, .padding = 0},
                  "classifier02.1");
    z = b.conv2d(z, {.in = wide(512), .out = 1, .kernel = 1, .padding = 0, .bias = true}, "classifier02.4");
    b.output("logit", b.flatten(z, "logit"));
    return b.finish();
}

} // namespace mirra::graph
