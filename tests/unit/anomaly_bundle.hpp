// A small bundle for the task "detect": the networks of the small inverter, a memory of random members, and a
// network that marks defects at random.
#pragma once

#include "inverter_bundle.hpp"
#include "mirra/defect_segmenter.hpp"

namespace mirra::test {

inline constexpr std::int64_t kExtent = 16;
inline constexpr std::int64_t kMembers = 7; ///< of the memory

/// Features of the layer "low", averaged and normalised, and how near they are to each member.
inline graph::Graph memory_graph() {
    graph::Builder builder("memory");
    const std::string features = encode(builder, builder.input("image", 3), false);
    builder.output("features", features);
    graph::Graph graph = builder.finish();
    graph.nodes.push_back(
        {"pooled",
         graph::Op::avg_pool,
         {features},
         {{"kernel", std::int64_t{3}}, {"stride", std::int64_t{1}}, {"padding", std::int64_t{1}}},
         {}});
    graph.nodes.push_back({"patches",
                           graph::Op::normalise,
                           {"pooled"},
                           {{"mean", std::vector<double>{0.1, 0.2, 0.3, 0.4}},
                            {"deviation", std::vector<double>{0.5, 0.6, 0.7, 0.8}}},
                           {}});
    graph.nodes.push_back(
        {"memory",
         graph::Op::conv2d,
         {"patches"},
         {{"in_channels", kLowChannels}, {"out_channels", kMembers}, {"kernel", std::int64_t{1}}},
         {{"weight", "memory.weight"}, {"bias", "memory.bias"}}});
    graph.outputs = {{"patches", "patches"}, {"similarity", "memory"}};
    graph::validate(graph);
    return graph;
}

inline std::map<std::string, graph::Graph> anomaly_graphs() {
    auto graphs = inverter_graphs();
    graphs.erase("generator-low");
    graphs.erase("autoencoder-low");
    graphs["memory"] = memory_graph();
    graphs["segmenter"] = graph::defect_segmenter({4, 6});
    return graphs;
}

inline constexpr const char *kUncalibrated =
    R"({"layer": "deep", "extent": 16, "pixel_weight": 0.01, "feature_weight": 0.02})";
inline constexpr const char *kCalibrated =
    R"({"layer": "deep", "extent": 16, "pixel_weight": 0.01, "feature_weight": 0.02, "method": "reconstruction",
        "false_positive_rate": 0.01, "reconstruction_threshold": 1e-6, "reconstruction_slope": 2,
        "reconstruction_offset": -1, "feature_memory_threshold": 1e6, "feature_memory_slope": 1,
        "feature_memory_offset": 0})";

struct AnomalyKind {
    std::map<std::string, graph::Graph> graphs = anomaly_graphs();
    std::string defaults = kUncalibrated;
    std::string task = "detect";
};

inline constexpr std::int64_t kCodes = 3, kPictureMembers = 2; ///< of a memory of pictures

/// The same network with a memory of random pictures.
inline graph::Graph comparing_segmenter() {
    return graph::defect_segmenter({4, 6}, {.mean = {0.1, 0.2, 0.3, 0.2, 0.1, 0},
                                            .deviation = {0.5, 0.6, 0.7, 0.8, 0.9, 1},
                                            .codes = kCodes,
                                            .members = kPictureMembers});
}

inline constexpr const char *kComparing =
    R"({"extent": 16, "method": "segmentation", "segmentation_distance": 0.8,
        "segmentation_distance_power": 3, "segmentation_odds": 0.25, "segmentation_odds_power": 1.5})";

/// The bias makes similarities distances: -|m|^2 / 2.
inline bundle::Weights anomaly_weights(const std::map<std::string, graph::Graph> &graphs) {
    bundle::Weights weights = random_weights(graphs);
    for (const std::string memory : {"memory", "picture_memory.members"}) {
        if (!weights.contains(memory + ".weight")) continue;
        const auto &members = weights.at(memory + ".weight").values;
        auto &bias = weights.at(memory + ".bias").values;
        const std::size_t channels = members.size() / bias.size();
        for (std::size_t k = 0; k < bias.size(); ++k) {
            bias[k] = 0;
            for (std::size_t c = 0; c < channels; ++c)
                bias[k] -= members[k * channels + c] * members[k * channels + c] / 2;
        }
    }
    return weights;
}

inline void write_anomaly(const std::string &path, const AnomalyKind &kind = {}) {
    write_small(path, "small parts", kind.task, kind.defaults, kind.graphs, anomaly_weights(kind.graphs));
}

} // namespace mirra::test
