// Small bundles for the task "stylize": two levels with random weights, or one that can be undone.
#pragma once

#include "inverter_bundle.hpp"

namespace mirra::test {

/// The networks of the small inverter and, for each level, its encoder alone.
inline std::map<std::string, graph::Graph> stylizer_graphs() {
    auto graphs = inverter_graphs();
    for (const bool deep : {false, true}) {
        const std::string name = deep ? "encoder-deep" : "encoder-low";
        graph::Builder encoder(name);
        encoder.output("features", encode(encoder, encoder.input("image", 3), deep));
        graphs[name] = encoder.finish();
    }
    return graphs;
}

/// A level "flat" whose features are the pixels (means of squares of `stride`) times kFlatScale, and whose
/// pictures are the features divided by it: what the transform does to features is seen in the pictures.
inline constexpr double kFlatScale = 30;

inline std::map<std::string, graph::Graph> flat_graphs(std::int64_t stride) {
    std::map<std::string, graph::Graph> graphs;
    const auto encode_flat = [&](graph::Builder &b, const std::string &x) {
        return b.conv2d(x, {3, 3, stride, stride, 0}, "encoder.flat");
    };
    const auto generate_flat = [&](graph::Builder &b, const std::string &x) {
        const auto made = b.conv2d(x, {3, 3, 1, 1, 0}, "generator-flat.flat");
        return stride > 1 ? b.upsample_nearest(made, stride, "enlarged") : made;
    };
    graph::Builder encoder("encoder-flat"), generator("generator-flat"), both("autoencoder-flat"),
        taps("encoder");
    encoder.output("features", encode_flat(encoder, encoder.input("image", 3)));
    generator.output("image", generate_flat(generator, generator.input("features", 3)));
    both.output("image", generate_flat(both, encode_flat(both, both.input("image", 3))));
    taps.output("flat", encode_flat(taps, taps.input("image", 3)));
    graphs["encoder-flat"] = encoder.finish();
    graphs["generator-flat"] = generator.finish();
    graphs["autoencoder-flat"] = both.finish();
    graphs["encoder"] = taps.finish();
    return graphs;
}

inline bundle::Weights flat_weights(std::int64_t stride) {
    bundle::Weights weights;
    for (const bool up : {true, false}) {
        const auto side = up ? stride : 1, area = side * side;
        auto &weight = weights[up ? "encoder.flat.weight" : "generator-flat.flat.weight"];
        weight.shape = {3, 3, side, side};
        const double value = (up ? kFlatScale : 1 / kFlatScale) / static_cast<double>(area);
        for (std::int64_t i = 0; i < 9 * area; ++i)
            weight.values.push_back(static_cast<float>(i / area % 4 != 0 ? 0 : value));
    }
    return weights;
}

struct StylizerKind {
    std::map<std::string, graph::Graph> graphs = stylizer_graphs();
    std::string defaults = R"({"levels": "deep,low"})";
    std::string task = "stylize";
    unsigned seed = 3; ///< of the weights
};

inline void write_stylizer(const std::string &path, const StylizerKind &kind = {}) {
    write_small(path, "small stylizer", kind.task, kind.defaults, kind.graphs,
                random_weights(kind.graphs, kind.seed));
}

inline void write_flat_stylizer(const std::string &path, std::int64_t stride) {
    write_small(path, "flat stylizer", "stylize", R"({"levels": "flat"})", flat_graphs(stride),
                flat_weights(stride));
}

} // namespace mirra::test
