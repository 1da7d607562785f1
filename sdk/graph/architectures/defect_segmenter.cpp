// Finds defects: a U-Net between a Haar analysis and a Haar synthesis, so that its largest maps have half the
// picture's size and nothing of the picture is lost.
#include "mirra/defect_segmenter.hpp"
#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::graph {
namespace {

std::string two_convolutions(Builder &b, std::string x, std::int64_t in, std::int64_t out,
                             const std::string &prefix) {
    for (const char *part : {"1", "2"}) {
        x = b.conv2d(x, {.in = in, .out = out}, prefix + ".conv" + part);
        x = b.relu(b.batch_norm(x, out, prefix + ".norm" + part));
        in = out;
    }
    return x;
}

} // namespace

Graph defect_segmenter(const std::vector<std::int64_t> &channels) {
    if (channels.empty() || std::ranges::min(channels) < 1)
        throw Error(ErrorCode::invalid_argument, "every level needs a channel, and one level is needed",
                    "channels");
    constexpr std::int64_t kBands = 4;
    Builder b("segmenter");
    std::string x = b.haar_analysis(b.input("normalised", 3));
    std::vector<std::string> skips;
    std::int64_t in = 3 * kBands;
    for (std::size_t level = 0; level < channels.size(); ++level) {
        if (level > 0) x = b.max_pool(x, 2, 2);
        x = two_convolutions(b, x, in, channels[level], "segmenter.down." + std::to_string(level + 1));
        in = channels[level];
        skips.push_back(x);
    }
    for (std::size_t level = channels.size() - 1; level-- > 0;) {
        x = b.concat({b.upsample_nearest(x, 2), skips[level]});
        x = two_convolutions(b, x, in + channels[level], channels[level],
                             "segmenter.up." + std::to_string(level + 1));
        in = channels[level];
    }
    x = b.conv2d(x, {.in = in, .out = kBands, .kernel = 1, .padding = 0, .bias = true}, "segmenter.output");
    b.output("logits", b.haar_synthesis(x));
    return b.finish();
}

} // namespace mirra::graph
