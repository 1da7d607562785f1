// The memory of an anomaly detector: what the features of normal pictures look like, place by place.
#pragma once

#include "data/picture_set.hpp"
#include "runtime/torch/libtorch.hpp"
#include "tasks/inverter.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirra::trainer {

struct CoresetOptions {
    std::int64_t members = 1000;
    std::int64_t dimensions = 64; ///< of the random projection in which distances are measured; 0: all
    std::uint64_t seed = 0;
};

/// Indices of the members among the points, in the order of their choice: each the farthest point from those
/// chosen before, the first the farthest from the points' mean (greedy k-centre, as PatchCore has it: Roth et
/// al. 2022). All points where they are no more than the members; fewer members, but at
/// least one, where the others coincide with them.
/// @param points  {N, D} on the CPU
std::vector<std::int64_t> coreset(const torch::Tensor &points, const CoresetOptions &options);

/// A feature that hardly changes on normal pictures is no reason to take its noise for news.
torch::Tensor noticeable(const torch::Tensor &deviation);

struct MemoryOptions {
    std::vector<std::string> layers; ///< taps of the encoder
    CoresetOptions coreset;
    std::int64_t candidates = 100'000; ///< places that members are chosen from at most
    std::int64_t extent = 128;
    torch::Device device = torch::kCPU;
};

/// The tap that was asked for; without one "conv2" where the encoder has it, else its second deepest, or its
/// only one.
std::string memory_layer(const graph::Graph &encoder, const std::string &asked = {});

/// The encoder up to the taps and a mean over 3 x 3 places of each, those of coarser taps brought to the
/// places of the finest: "image" -> "patches".
/// @throws Error not_found | invalid_argument (none, one twice, places that do not fit together)
graph::Graph pooled_features(const graph::Graph &encoder, const std::vector<std::string> &layers);

/// What feature_memory() computes of the pictures.
struct FeatureMemory {
    std::vector<double> mean, deviation; ///< of each channel, over all places of all pictures
    torch::Tensor members;               ///< {K, C}, normalised by them
};

/// @param pictures  of the extent already; those that cannot be read are left out
/// @throws Error cancelled after Ctrl-C, under an InterruptGuard
FeatureMemory feature_memory(const bundle::Bundle &encoder, PictureSet &pictures,
                             const MemoryOptions &options);

/// Adds the graph "memory": "image" -> "patches", the normalised features of each place, and "similarity" to
/// the members m, p m - |m|^2 / 2, so that |p|^2 - 2 similarity is the squared distance.
void add_memory(const graph::Graph &encoder, const std::vector<std::string> &layers,
                const FeatureMemory &memory, BundleContents &contents);

} // namespace mirra::trainer
