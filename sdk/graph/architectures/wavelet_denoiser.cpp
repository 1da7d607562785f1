// Mirra's own blind denoiser: Haar analysis down, Haar synthesis up, residual blocks between, additive skips.
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::graph {
namespace {

std::string residual_blocks(Builder &b, std::string x, std::int64_t channels, std::int64_t count,
                            const std::string &prefix) {
    for (std::int64_t i = 0; i < count; ++i) {
        const std::string block = prefix + "." + std::to_string(i);
        const Builder::Conv conv{.in = channels, .out = channels, .bias = true};
        std::string y = b.relu(b.conv2d(x, conv, block + ".conv1"));
        x = b.add(x, b.conv2d(y, conv, block + ".conv2"));
    }
    return x;
}

void check(const WaveletDenoiserOptions &options) {
    if (options.channels.empty() || options.channels.size() != options.blocks.size())
        throw Error(ErrorCode::invalid_argument, "as many channel counts as block counts are needed",
                    "channels");
    if (std::ranges::min(options.channels) < 1)
        throw Error(ErrorCode::invalid_argument, "a level needs at least one channel", "channels");
    if (std::ranges::min(options.blocks) < 0)
        throw Error(ErrorCode::invalid_argument, "a level cannot have fewer than no blocks", "blocks");
}

} // namespace

Graph wavelet_denoiser(const WaveletDenoiserOptions &options) {
    check(options);
    const auto &channels = options.channels;
    const auto levels = channels.size();
    Builder b("denoiser");
    const std::string image = b.input("image", 3);
    std::string x = image;
    if (options.noise_level_input) x = b.concat({image, b.input("noise_level", 1)});
    const std::int64_t in = options.noise_level_input ? 4 : 3;
    x = b.conv2d(b.haar_analysis(x), {.in = 4 * in, .out = channels[0], .bias = true}, "encoder.input");

    std::vector<std::string> skips;
    for (std::size_t level = 0; level < levels; ++level) {
        const std::string prefix = "encoder." + std::to_string(level + 1);
        if (level > 0)
            x = b.conv2d(b.haar_analysis(x),
                         {.in = 4 * channels[level - 1],
                          .out = channels[level],
                          .kernel = 1,
                          .padding = 0,
                          .bias = true},
                         prefix + ".down");
        x = residual_blocks(b, x, channels[level], options.blocks[level], prefix + ".blocks");
        skips.push_back(x);
    }
    for (std::size_t level = levels - 1; level-- > 0;) {
        const std::string prefix = "decoder." + std::to_string(level + 1);
        x = b.conv2d(
            x,
            {.in = channels[level + 1], .out = 4 * channels[level], .kernel = 1, .padding = 0, .bias = true},
            prefix + ".up");
        x = b.add(skips[level], b.haar_synthesis(x));
        x = residual_blocks(b, x, channels[level], options.blocks[level], prefix + ".blocks");
    }
    x = b.conv2d(x, {.in = channels[0], .out = 12, .bias = true}, "decoder.output");
    b.output("image", b.add(image, b.haar_synthesis(x)));
    return b.finish();
}

} // namespace mirra::graph
