// Pictures, what an attack makes of them, and what networks see in them.
#pragma once

#include "attacks/pgd.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// One network's view of N pictures, on the CPU.
struct NetworkView {
    std::string name;
    torch::Tensor clean;       ///< [N, K]: probabilities of the classes
    torch::Tensor adversarial; ///< [N, 3, H, W]: what PGD on this network made of the pictures
    torch::Tensor attacked;    ///< [N, K]: probabilities of the classes then
    torch::Tensor gradient;    ///< [N, 3, H, W]: of the true class's logit by the picture
};

struct AdversarialExamples {
    torch::Tensor images, labels; ///< [N, 3, H, W] in [0, 1], int64 [N], on the CPU
    std::vector<std::string> classes;
    std::string data; ///< where the pictures are from, for people
    std::uint64_t seed = 0;
    PgdOptions attack;
    NetworkView own;
    std::optional<NetworkView> other;
};

/// PGD as the examples use it: 20 steps from the picture itself, the best iterate.
PgdOptions example_attack(const Budget &budget);

struct ViewOptions {
    PgdOptions attack;
    std::int64_t batch = 64;
    torch::Device device = torch::kCPU; ///< where the classifier is
};

/// @param images, labels  on the CPU, at least one
NetworkView view_of(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                    const ViewOptions &options);

/// Indices of up to `count` labels in their order, no class twice before every class was there once, and so
/// on: few examples show many classes, and which ones does not depend on what the network makes of them.
std::vector<std::int64_t> spread_over_classes(const torch::Tensor &labels, std::int64_t count);

} // namespace mirra::trainer
