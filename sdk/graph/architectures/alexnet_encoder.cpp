// AlexNet's convolutional part (torchvision's layout), with feature taps behind its three max pools.
#include "alexnet.hpp"

#include "classifiers.hpp"
#include "mirra/error.hpp"

namespace mirra::graph {
namespace {

const std::string kPrefix = "encoder.features.";

std::string conv_relu(Builder &b, const std::string &x, Builder::Conv conv, int index) {
    conv.bias = true;
    return b.relu(b.conv2d(x, conv, kPrefix + std::to_string(index)), kPrefix + std::to_string(index + 1));
}

std::string pool(Builder &b, const std::string &x, int index) {
    return b.max_pool(x, 3, 2, kPrefix + std::to_string(index));
}

const std::string &pick(const AlexNetFeatures &features, AlexNetTap tap) {
    switch (tap) {
    case AlexNetTap::conv1:
        return features.conv1;
    case AlexNetTap::conv2:
        return features.conv2;
    case AlexNetTap::conv5:
        return features.conv5;
    }
    throw Error(ErrorCode::invalid_argument, "unknown AlexNet tap", "tap");
}

} // namespace

AlexNetFeatures append_alexnet_encoder(Builder &b, const std::string &pixels, AlexNetTap last, double width) {
    const auto wide = [&](std::int64_t channels) { return scaled_channels(channels, width); };
    AlexNetFeatures features;
    std::string x =
        conv_relu(b, pixels, {.in = 3, .out = wide(64), .kernel = 11, .stride = 4, .padding = 2}, 0);
    features.conv1 = x = pool(b, x, 2);
    if (last == AlexNetTap::conv1) return features;
    x = conv_relu(b, x, {.in = wide(64), .out = wide(192), .kernel = 5, .padding = 2}, 3);
    features.conv2 = x = pool(b, x, 5);
    if (last == AlexNetTap::conv2) return features;
    x = conv_relu(b, x, {.in = wide(192), .out = wide(384)}, 6);
    x = conv_relu(b, x, {.in = wide(384), .out = wide(256)}, 8);
    x = conv_relu(b, x, {.in = wide(256), .out = wide(256)}, 10);
    features.conv5 = pool(b, x, 12);
    return features;
}

Graph alexnet_encoder(InputTransform transform, std::string name) {
    Builder b(std::move(name));
    const std::string pixels = append_input_transform(b, b.input("image", 3), transform, "encoder.scaled");
    const AlexNetFeatures features = append_alexnet_encoder(b, pixels, AlexNetTap::conv5);
    b.output("conv1", features.conv1);
    b.output("conv2", features.conv2);
    b.output("conv5", features.conv5);
    return b.finish();
}

Graph alexnet_encoder(InputTransform transform, AlexNetTap tap, std::string name) {
    Builder b(std::move(name));
    const std::string pixels = append_input_transform(b, b.input("image", 3), transform, "encoder.scaled");
    b.output("features", pick(append_alexnet_encoder(b, pixels, tap), tap));
    return b.finish();
}

Graph alexnet_autoencoder(AlexNetTap tap, InputTransform transform) {
    Builder b("autoencoder");
    const std::string pixels = append_input_transform(b, b.input("image", 3), transform, "encoder.scaled");
    const std::string features = pick(append_alexnet_encoder(b, pixels, tap), tap);
    b.output("image", append_alexnet_generator(b, features, tap));
    return b.finish();
}

} // namespace mirra::graph
