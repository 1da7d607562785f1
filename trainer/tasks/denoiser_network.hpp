// The network of a denoiser's training, with the weights that it starts from.
#pragma once

#include "core/graph_module.hpp"
#include "tasks/denoiser_recipe.hpp"

#include <memory>

namespace mirra::trainer {

/// The bundles that a training stands on; null where it has none. They must outlive the calls below.
struct DenoiserOrigin {
    std::shared_ptr<const bundle::Bundle>
        encoder; ///< of `--encoder`: frozen weights, and what compares features
    /// Of `--start-from`: a denoiser with the same parameters, or with fewer residual blocks; those that it
    /// lacks start as identities, so that the deeper network starts where the other ended.
    std::shared_ptr<const bundle::Bundle> start;

    /// Of the checksums; empty without a bundle.
    [[nodiscard]] std::string fingerprint() const;
};

/// Weights from the recipe's seed, then those of the bundles; the encoder's win. Frozen as the recipe says.
/// @throws Error invalid_argument (a recipe that needs an encoder, or knows none) | mismatch (bundles of
/// other networks)
std::shared_ptr<GraphModule> make_denoiser(const DenoiserRecipe &recipe, const DenoiserOrigin &origin,
                                           const torch::Device &device);

} // namespace mirra::trainer
