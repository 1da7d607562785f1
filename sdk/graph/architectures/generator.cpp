// Generators for any encoder: the table of layouts, and what they read off the encoder.
#include "mirra/error.hpp"

#include "generators.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace mirra::graph {
namespace {

struct Layout {
    std::string_view name;
    GeneratorBuilder append;
};

constexpr std::array kLayouts{
    Layout{"mirror", append_mirror_layout},
    Layout{"alexnet", append_alexnet_layout},
    Layout{"deepsim", append_deepsim_layout},
    Layout{"resize", append_resize_layout},
};

/// AlexNet's taps lie one short of their stride's grid, which no other published encoder's do.
bool is_alexnet(const FeatureGeometry &geometry) {
    return geometry.missing == 1 && geometry.stride >= 8 && geometry.stride <= 32;
}

const Layout &find_layout(const std::string &name, const FeatureGeometry &geometry) {
    const std::string fitting = is_alexnet(geometry) ? "alexnet" : "mirror";
    const std::string &wanted = name == "auto" ? fitting : name;
    const auto found = std::ranges::find(kLayouts, wanted, &Layout::name);
    if (found != kLayouts.end()) return *found;
    std::string names = "auto";
    for (const auto &each : kLayouts) names += ", " + std::string(each.name);
    throw Error(ErrorCode::invalid_argument, "unknown layout '" + name.substr(0, 80) + "'", "layout",
                "one of: " + names);
}

[[noreturn]] void unsupported(const Graph &part, const std::string &what) {
    throw Error(ErrorCode::unsupported, "no generator mirrors this encoder: " + what, part.name,
                "use an encoder whose features are the picture's extent divided by a power of two");
}

using Shapes = std::map<std::string, Shape>;

Shapes shapes_at(const Graph &part, std::int64_t extent) {
    const auto &input = part.inputs.front();
    return infer_shapes(part, {{input.name, {1, input.channels, extent, extent}}});
}

const Shape &features_of(const Graph &part, const Shapes &shapes) {
    const auto &shape = shapes.at(part.outputs.front().source);
    if (shape.size() != 4) unsupported(part, "its output is no feature map");
    return shape;
}

/// Channels of the last convolution at each resolution.
std::vector<std::int64_t> stage_channels(const Graph &part, const Shapes &shapes, std::int64_t extent,
                                         std::size_t stages) {
    std::vector<std::int64_t> channels(stages, 0);
    for (const auto &node : part.nodes) {
        const auto &shape = shapes.at(node.name);
        if (node.op != Op::conv2d || shape.size() != 4) continue;
        const auto reduction = static_cast<std::uint64_t>((extent + shape[2] - 1) / shape[2]);
        const auto stage = static_cast<std::size_t>(std::bit_width(reduction) - 1);
        if (stage < stages) channels[stage] = shape[1];
    }
    for (auto stage = stages - 1; stage-- > 0;)
        if (channels[stage] == 0) channels[stage] = channels[stage + 1];
    return channels;
}

} // namespace

FeatureGeometry feature_geometry(const Graph &part) {
    constexpr std::int64_t kGridCells = 8;
    if (part.inputs.size() != 1 || part.outputs.size() != 1) unsupported(part, "it has several inputs");
    FeatureGeometry out;
    out.stride = alignment(part);
    if (!std::has_single_bit(static_cast<std::uint64_t>(out.stride)))
        unsupported(part, "its stride is " + std::to_string(out.stride));
    const auto extent = kGridCells * out.stride;
    const auto shapes = shapes_at(part, extent);
    const auto &features = features_of(part, shapes);
    out.channels = features[1];
    out.missing = kGridCells - features[2];
    if (out.missing < 0 || out.missing > 1 ||
        features_of(part, shapes_at(part, 2 * extent))[2] != 2 * kGridCells - out.missing)
        unsupported(part, "a picture of " + std::to_string(extent) + " pixels has " +
                              std::to_string(features[2]) + " features");
    const auto doublings = std::countr_zero(static_cast<std::uint64_t>(out.stride));
    out.stages = stage_channels(part, shapes, extent, static_cast<std::size_t>(doublings) + 1);
    out.stages.back() = out.channels;
    return out;
}

std::vector<std::string> generator_layouts() {
    std::vector<std::string> names{"auto"};
    for (const auto &each : kLayouts) names.emplace_back(each.name);
    return names;
}

Graph generator(const Graph &encoder, const std::string &tap, const GeneratorOptions &options) {
    constexpr double kNarrowest = 1.0 / 64, kWidest = 8;
    if (!(options.width >= kNarrowest && options.width <= kWidest))
        throw Error(ErrorCode::invalid_argument, "the width must lie in 1/64 to 8", "width");
    const auto geometry = feature_geometry(part_of(encoder, tap, "features"));
    const auto &layout = find_layout(options.layout, geometry);
    Builder b("generator-" + tap);
    const auto features = b.input("features", geometry.channels);
    b.output("image", layout.append(b, features, geometry, options.width));
    return b.finish();
}

Graph autoencoder(const Graph &encoder, const std::string &tap, const Graph &generator) {
    return chain(part_of(encoder, tap, "features"), generator, "autoencoder-" + tap);
}

} // namespace mirra::graph
