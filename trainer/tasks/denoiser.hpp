// mirra-train denoiser: trains a denoising network on clean pictures with synthetic noise. Its command,
// recipe, network and bundle.
#pragma once

#include "core/graph_module.hpp"
#include "losses/comparator.hpp"
#include "mirra/architectures.hpp"
#include "tasks/crop_training.hpp"
#include "tasks/denoiser_noise.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct DenoiserCommand : CropCommand {
    std::optional<std::filesystem::path> encoder; ///< a bundle whose encoder weights and comparator are used
    std::optional<std::filesystem::path> start;   ///< a denoiser bundle whose weights are the first
};

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> denoiser_task(const DenoiserCommand &command);

/// Trains, or goes on training, and writes the bundle. Returns the process's exit status.
/// @throws Error
int train_denoiser(const DenoiserCommand &command);

struct DenoiserRecipe : CropRecipe {
    std::string architecture = "wavelet-denoiser"; ///< wavelet-denoiser | alexnet-denoiser
    graph::WaveletDenoiserOptions wavelet;
    std::optional<graph::InputTransform> input_transform; ///< of alexnet-denoiser; empty: the encoder's
    std::vector<std::string> spectral_norm, zero_init, frozen;
    bool identity_tail = false; ///< the last layers start as color_tail.hpp has it

    NoiseRecipe noise;

    bool pixel_l1 = true;      ///< otherwise squared error
    double pixel_weight = 1;   ///< of the mean over all values
    double feature_weight = 0; ///< of the distance of comparator features; 0: no comparator
    FeatureDistance feature_distance = FeatureDistance::squared;

    double validation_sigma = 50;

    void declare(RecipeKeys &keys);
    /// @throws Error invalid_argument
    static DenoiserRecipe read(const Recipe &recipe) { return read_recipe<DenoiserRecipe>(recipe); }
    /// Whether the network's encoder is that of an encoder bundle.
    [[nodiscard]] bool starts_from_encoder() const { return architecture == "alexnet-denoiser"; }
    /// The network to train.
    /// @param encoder  of the encoder bundle; null: alexnet-denoiser has the published width
    /// @throws Error invalid_argument | mismatch
    [[nodiscard]] graph::Graph network(const graph::Graph *encoder = nullptr) const;
};

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

struct DenoiserBundle {
    const std::filesystem::path &output;
    const GraphModule &network;
    const DenoiserRecipe &settings;
    const DenoiserOrigin &origin;
    std::string encoder_name; ///< of origin.encoder
    std::string licence;
    TrainingFacts facts;
};

/// Writes the bundle in fp16. @throws Error io
void write_denoiser_bundle(const DenoiserBundle &bundle);

} // namespace mirra::trainer
