// The paper's denoiser: AlexNet's convolutions with Haar pooling, and a decoder that puts the details back.
#include "alexnet.hpp"

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

} // namespace

Graph alexnet_denoiser(InputTransform transform) {
    Builder b("denoiser");
    std::string x = append_input_transform(b, b.input("image", 3), transform, "encoder.scaled");
    x = encoder_conv(b, x, {.in = 3, .out = 64, .kernel = 11, .stride = 4, .padding = 2}, 0);
    const WaveletPool pool1 = wavelet_pool(b, x, 64, "encoder.pool1");
    x = encoder_conv(b, pool1.low, {.in = 64, .out = 192, .kernel = 5, .padding = 2}, 3);
    const WaveletPool pool2 = wavelet_pool(b, x, 192, "encoder.pool2");
    x = encoder_conv(b, pool2.low, {.in = 192, .out = 384}, 6);
    x = encoder_conv(b, x, {.in = 384, .out = 256}, 8);
    x = encoder_conv(b, x, {.in = 256, .out = 256}, 10);
    const WaveletPool pool3 = wavelet_pool(b, x, 256, "encoder.pool3");

    x = decoder_conv(b, pool3.low, 256, 256, "7_1");
    x = wavelet_unpool(b, x, pool3.details, "generator.unpool3");
    x = decoder_conv(b, x, 256, 256, "6_1");
    x = pad(b, x, 1, "generator.pad3");
    x = decoder_conv(b, x, 256, 256, "5_1");
    x = decoder_conv(b, x, 256, 192, "5_2");
    x = wavelet_unpool(b, x, pool2.details, "generator.unpool2");
    x = pad(b, x, 1, "generator.pad2");
    x = decoder_conv(b, x, 192, 128, "4_1");
    x = decoder_conv(b, x, 128, 64, "4_2");
    x = wavelet_unpool(b, x, pool1.details, "generator.unpool1");
    x = pad(b, x, 2, "generator.pad1");
    x = decoder_conv(b, x, 64, 64, "3_1");
    x = b.upsample_nearest(x, 2, "generator.up2");
    x = decoder_conv(b, x, 64, 32, "2");
    x = decoder_conv(b, x, 32, 32, "2_1");
    x = b.upsample_nearest(x, 2, "generator.up1");
    x = decoder_conv(b, x, 32, 3, "1");
    x = b.conv2d(x, {.in = 3, .out = 3, .bias = true}, "generator.conv1_1");
    b.output("image", append_image_range(b, x, "generator.tanh"));
    return b.finish();
}

} // namespace mirra::graph
