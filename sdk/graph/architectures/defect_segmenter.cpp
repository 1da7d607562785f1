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

struct Maps {
    std::vector<std::string> names; ///< of those that say what a picture looks like
    std::int64_t channels = 0;      ///< of all together
};

/// Ends with the output "logits".
Maps add_network(Builder &b, const std::vector<std::int64_t> &channels) {
    if (channels.empty() || std::ranges::min(channels) < 1)
        throw Error(ErrorCode::invalid_argument, "every level needs a channel, and one level is needed",
                    "channels");
    constexpr std::int64_t kBands = 4;
    std::string x = b.haar_analysis(b.input("normalised", 3));
    std::vector<std::string> skips;
    std::int64_t in = 3 * kBands;
    for (std::size_t level = 0; level < channels.size(); ++level) {
        if (level > 0) x = b.max_pool(x, 2, 2);
        x = two_convolutions(b, x, in, channels[level], "segmenter.down." + std::to_string(level + 1));
        in = channels[level];
        skips.push_back(x);
    }
    Maps maps{{x}, in};
    for (std::size_t level = channels.size() - 1; level-- > 0;) {
        x = b.concat({b.upsample_nearest(x, 2), skips[level]});
        x = two_convolutions(b, x, in + channels[level], channels[level],
                             "segmenter.up." + std::to_string(level + 1));
        in = channels[level];
        if (level == 0) break;
        maps.names.push_back(x);
        maps.channels += in;
    }
    x = b.conv2d(x, {.in = in, .out = kBands, .kernel = 1, .padding = 0, .bias = true}, "segmenter.output");
    b.output("logits", b.haar_synthesis(x));
    return maps;
}

std::string add_features(Builder &b, const Maps &maps) {
    std::vector<std::string> means;
    for (const auto &map : maps.names) means.push_back(b.adaptive_avg_pool(map, kPicturePlaces));
    return means.size() > 1 ? b.concat(means) : means.front();
}

} // namespace

Graph defect_segmenter(const std::vector<std::int64_t> &channels) {
    Builder b("segmenter");
    add_network(b, channels);
    return b.finish();
}

Graph picture_features(const std::vector<std::int64_t> &channels) {
    Builder b("segmenter");
    const auto maps = add_network(b, channels);
    b.output("features", add_features(b, maps));
    return b.finish();
}

Graph defect_segmenter(const std::vector<std::int64_t> &channels, const PictureMemory &memory) {
    Builder b("segmenter");
    const auto maps = add_network(b, channels);
    if (std::ssize(memory.mean) != maps.channels || memory.members < 1 || memory.codes < 1)
        throw Error(ErrorCode::invalid_argument, "the memory is not one of this network's features",
                    "memory");
    auto x = b.normalise(add_features(b, maps), memory.mean, memory.deviation, "picture_memory.features");
    x = b.conv2d(x, {.in = maps.channels, .out = memory.codes, .kernel = 1, .padding = 0},
                 "picture_memory.codes");
    b.output("codes", x);
    constexpr auto kPlaces = kPicturePlaces * kPicturePlaces;
    b.output(
        "similarity",
        b.conv2d(
            x, {.in = memory.codes, .out = kPlaces * memory.members, .kernel = 1, .padding = 0, .bias = true},
            "picture_memory.members"));
    return b.finish();
}

} // namespace mirra::graph
