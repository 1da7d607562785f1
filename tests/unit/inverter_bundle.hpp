// A small bundle for the task "invert": two layers, random weights; a few ops that every runtime has.
#pragma once

#include "mirra/bundle.hpp"

#include <cmath>
#include <map>
#include <random>
#include <string>

namespace mirra::test {

inline constexpr std::int64_t kLowChannels = 4;  ///< of the layer "low", at half size
inline constexpr std::int64_t kDeepChannels = 6; ///< of the layer "deep", at a quarter

inline std::string encode(graph::Builder &b, const std::string &image, bool deep) {
    std::string x = b.conv2d(image, {3, kLowChannels, 3, 2, 1, true}, "encoder.1");
    x = b.relu(x, "encoder.1.relu");
    if (!deep) return x;
    return b.relu(b.conv2d(x, {kLowChannels, kDeepChannels, 3, 2, 1, true}, "encoder.2"), "encoder.2.relu");
}

inline std::string generate(graph::Builder &b, std::string x, bool deep) {
    const std::string prefix = deep ? "deep." : "low.";
    if (deep) x = b.upsample_nearest(x, 2, prefix + "up");
    const std::int64_t channels = deep ? kDeepChannels : kLowChannels;
    x = b.relu(b.conv2d(x, {channels, 5, 3, 1, 1, true}, prefix + "1"), prefix + "1.relu");
    x = b.upsample_nearest(x, 2, prefix + "up.last");
    return b.sigmoid(b.conv2d(x, {5, 3, 3, 1, 1, true}, prefix + "2"), prefix + "sigmoid");
}

inline std::map<std::string, graph::Graph> inverter_graphs() {
    std::map<std::string, graph::Graph> graphs;
    graph::Builder encoder("encoder");
    const std::string image = encoder.input("image", 3);
    const std::string deepest = encode(encoder, image, true);
    encoder.output("low", "encoder.1.relu");
    encoder.output("deep", deepest);
    graphs["encoder"] = encoder.finish();
    for (const bool deep : {false, true}) {
        const std::string layer = deep ? "deep" : "low";
        graph::Builder generator("generator-" + layer);
        generator.output(
            "image",
            generate(generator, generator.input("features", deep ? kDeepChannels : kLowChannels), deep));
        graphs["generator-" + layer] = generator.finish();
        graph::Builder both("autoencoder-" + layer);
        const std::string features = encode(both, both.input("image", 3), deep);
        both.output("image", generate(both, features, deep));
        graphs["autoencoder-" + layer] = both.finish();
    }
    return graphs;
}

inline bundle::Weights random_weights(const std::map<std::string, graph::Graph> &graphs, unsigned seed = 3) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0, 1);
    bundle::Weights weights;
    for (const auto &[graph_name, graph] : graphs)
        for (const auto &[name, shape] : graph::weight_shapes(graph)) {
            if (weights.contains(name)) continue;
            double count = 1;
            for (const std::int64_t extent : shape) count *= static_cast<double>(extent);
            const double spread =
                shape.size() < 2 ? 0.1 : 1.5 / std::sqrt(count / static_cast<double>(shape[0]));
            const bool variance = name.ends_with("running_var");
            auto &values = weights[name];
            values.shape = shape;
            for (double i = 0; i < count; ++i)
                values.values.push_back(static_cast<float>(variance ? 1.0 : spread * normal(random)));
        }
    return weights;
}

/// A bundle of these graphs, in fp32.
inline void write_small(const std::string &path, const std::string &name, const std::string &task,
                        const std::string &defaults, const std::map<std::string, graph::Graph> &graphs,
                        const bundle::Weights &weights) {
    bundle::Manifest manifest;
    manifest.task = task;
    manifest.name = name;
    manifest.licence = "MIT";
    manifest.defaults = defaults;
    manifest.graphs = graphs;
    bundle::write_bundle(path, manifest, weights, bundle::DType::f32);
}

struct InverterKind {
    std::map<std::string, graph::Graph> graphs = inverter_graphs();
    std::string defaults = R"({"layer": "deep"})";
    std::string task = "invert";
};

inline void write_inverter(const std::string &path, const InverterKind &kind = {}) {
    write_small(path, "small inverter", kind.task, kind.defaults, kind.graphs, random_weights(kind.graphs));
}

} // namespace mirra::test
