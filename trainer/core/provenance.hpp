// Where a bundle comes from: what every training writes into its manifest, and what older ones say there.
#pragma once

#include "core/recipe.hpp"
#include "mirra/provenance.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// What a training knows of itself at its end.
struct TrainingFacts {
    std::vector<std::string> data; ///< as given on the command line; folders are recorded by their last name
    std::int64_t pictures = 0;
    const Recipe *recipe = nullptr;
    std::uint64_t seed = 0;
    std::int64_t steps = 0, batch = 0, extent = 0;
    std::string device;
    int processes = 1;
    std::vector<bundle::Round> rounds = {}; ///< see rounds_before(); empty: random weights
};

/// "cifar10" of "cifar10:DIR", else the last two names of the path: "imagenette224/train".
std::string data_name(const std::string &source);

/// With today's date and this trainer's version.
bundle::Provenance provenance_of(const TrainingFacts &facts);

/// The perturbations that a network was trained against; nothing where its manifest does not tell. Encoders
/// of older trainers say it in the text of their recipe alone; one that cannot be read gives a warning.
std::optional<bundle::Adversary> adversary_of(const bundle::Manifest &manifest);

/// What a manifest says of the encoder that a network was trained upon.
bundle::EncoderRecord encoder_record(const bundle::Bundle &encoder, const std::string &name);

/// The trainings before one that starts from a bundle, with the bundle's own as the last one.
std::vector<bundle::Round> rounds_before(const bundle::Bundle &initial);

/// Their epochs together; nothing where one does not say. None of no rounds.
std::optional<std::int64_t> epochs_of(const std::vector<bundle::Round> &rounds);

/// Fails early, before hours of training, if the bundle could not be written in the end.
/// @throws Error not_found | io
void check_output(const std::filesystem::path &output);

} // namespace mirra::trainer
