// The paper's denoiser: AlexNet's convolutions with Haar pooling, and a decoder that puts the details back.
#include "alexnet.hpp"

#include "generators.hpp"
#include "mirra/error.hpp"

#include <array>

namespace mirra::graph {
namespace {

/// A Haar level: the low band goes on, the three detail bands wait for the decoder.
struct WaveletPool {
    std::string low, details;
};

WaveletPool wavelet_pool(Builder &b, const std::string &x, std::int64_t channels, const std::string &name) {
    const std::string bands = b.haar_analysis(x, name);
    return {b.channel_slice(bands, 0, channels, name + ".LL"),
            b.channel_slice(bands, channels, 4 * channels, name + ".details")};
}

std::string wavelet_unpool(Builder &b, const std::string &low, const std::string &details,
                           const std::string &name) {
    return b.haar_synthesis(b.concat({low, details}, name + ".bands"), name);
}

/// Named as in alexnet_encoder(), so that the weights of any AlexNet encoder fit.
std::string encoder_conv(Builder &b, const std::string &x, Builder::Conv conv, int index) {
    const std::string prefix = "encoder.features.";
    conv.bias = true;
    return b.relu(b.conv2d(x, conv, prefix + std::to_string(index)), prefix + std::to_string(index + 1));
}

std::string decoder_conv(Builder &b, std::string x, std::int64_t in, std::int64_t out,
                         const std::string &name) {
    x = b.conv2d(x, {.in = in, .out = out}, "generator.conv" + name);
    x = b.batch_norm(x, out, "generator.bn" + name);
    return b.relu(x, "generator.relu" + name);
}

/// `extent` pixels on the left and below, as the published network has it.
std::string pad(Builder &b, const std::string &x, std::int64_t extent, const std::string &name) {
    return b.reflection_pad(x, extent, 0, 0, extent, name);
}

/// Channels behind each of the encoder's convolutions; the decoder's follow from them.
using Channels = std::array<std::int64_t, 5>;
constexpr Channels kPublished{64, 192, 384, 256, 256};

/// @throws Error mismatch
Channels channels_of(const Graph &encoder) {
    struct Layer {
        int index;
        std::int64_t kernel;
    };
    constexpr std::array kLayers{Layer{0, 11}, Layer{3, 5}, Layer{6, 3}, Layer{8, 3}, Layer{10, 3}};
    const auto shapes = weight_shapes(encoder);
    Channels channels{};
    std::int64_t in = kColors;
    for (std::size_t i = 0; i < kLayers.size(); ++i) {
        const auto [index, kernel] = kLayers.at(i);
        const auto found = shapes.find("encoder.features." + std::to_string(index) + ".weight");
        if (found == shapes.end() || found->second.size() != 4 ||
            found->second != Shape{found->second[0], in, kernel, kernel})
            throw Error(ErrorCode::mismatch, "the denoiser's encoder must be an AlexNet", encoder.name,
                        "give a bundle that mirra-train encoder --arch alexnet has made");
        channels.at(i) = in = found->second[0];
    }
    return channels;
}

/// The pixels as `encoder` has them.
std::string append_transform_of(Builder &b, const std::string &x, const Graph &encoder) {
    for (const auto &node : encoder.nodes)
        if (node.op == Op::normalise && node.inputs.front() == encoder.inputs.front().name)
            return b.normalise(x, node.reals("mean"), node.reals("deviation"), "encoder.scaled");
    return x;
}

Graph denoiser_behind(Builder &b, std::string x, const Channels &channels) {
    const auto [c1, c2, c3, c4, c5] = channels;
    x = encoder_conv(b, x, {.in = kColors, .out = c1, .kernel = 11, .stride = 4, .padding = 2}, 0);
    const WaveletPool pool1 = wavelet_pool(b, x, c1, "encoder.pool1");
    x = encoder_conv(b, pool1.low, {.in = c1, .out = c2, .kernel = 5, .padding = 2}, 3);
    const WaveletPool pool2 = wavelet_pool(b, x, c2, "encoder.pool2");
    x = encoder_conv(b, pool2.low, {.in = c2, .out = c3}, 6);
    x = encoder_conv(b, x, {.in = c3, .out = c4}, 8);
    x = encoder_conv(b, x, {.in = c4, .out = c5}, 10);
    const WaveletPool pool3 = wavelet_pool(b, x, c5, "encoder.pool3");

    x = decoder_conv(b, pool3.low, c5, c5, "7_1");
    x = wavelet_unpool(b, x, pool3.details, "generator.unpool3");
    x = decoder_conv(b, x, c5, c5, "6_1");
    x = pad(b, x, 1, "generator.pad3");
    x = decoder_conv(b, x, c5, c5, "5_1");
    x = decoder_conv(b, x, c5, c2, "5_2");
    x = wavelet_unpool(b, x, pool2.details, "generator.unpool2");
    x = pad(b, x, 1, "generator.pad2");
    x = decoder_conv(b, x, c2, 2 * c1, "4_1");
    x = decoder_conv(b, x, 2 * c1, c1, "4_2");
    x = wavelet_unpool(b, x, pool1.details, "generator.unpool1");
    x = pad(b, x, 2, "generator.pad1");
    x = decoder_conv(b, x, c1, c1, "3_1");
    x = b.upsample_nearest(x, 2, "generator.up2");
    x = decoder_conv(b, x, c1, c1 / 2, "2");
    x = decoder_conv(b, x, c1 / 2, c1 / 2, "2_1");
    x = b.upsample_nearest(x, 2, "generator.up1");
    x = decoder_conv(b, x, c1 / 2, kColors, "1");
    x = b.conv2d(x, {.in = kColors, .out = kColors, .bias = true}, "generator.conv1_1");
    b.output("image", append_image_range(b, x, "generator.tanh"));
    return b.finish();
}

} // namespace

Graph alexnet_denoiser(InputTransform transform) {
    Builder b("denoiser");
    const auto pixels = append_input_transform(b, b.input("image", kColors), transform, "encoder.scaled");
    return denoiser_behind(b, pixels, kPublished);
}

Graph alexnet_denoiser(const Graph &encoder, std::optional<InputTransform> transform) {
    const auto channels = channels_of(encoder);
    Builder b("denoiser");
    const auto image = b.input("image", kColors);
    return denoiser_behind(b,
                           transform ? append_input_transform(b, image, *transform, "encoder.scaled")
                                     : append_transform_of(b, image, encoder),
                           channels);
}

} // namespace mirra::graph
