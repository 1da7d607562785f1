// Where a bundle's weights come from: the manifest's "provenance", read and written in this one place. Its
// members are those of docs/reference/bundle-format.md.
#pragma once

#include "mirra/bundle.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirra::bundle {

/// The perturbations that a network was trained against, on pixels in [0, 1].
struct Adversary {
    std::string norm;   ///< l2 | linf
    double epsilon = 0; ///< 0: standard training
    [[nodiscard]] bool operator==(const Adversary &) const = default;
};

/// The encoder that a network was trained upon.
struct EncoderRecord {
    std::string name, sha256;
    std::optional<Adversary> adversary; ///< empty: it does not say
};

/// An earlier training whose weights a later one started from.
struct Round {
    std::string sha256, recipe;
    std::optional<std::int64_t> steps, epochs;
    std::optional<Adversary> adversary;
};

/// The pictures that calibrated an anomaly detector.
struct CalibrationRecord {
    std::optional<std::int64_t> normal, bad;
    std::string fingerprint, normal_data, bad_data;
};

/// Reconstructions of held-out pictures by a level of a stylizer.
struct LevelValidation {
    std::int64_t count = 0, extent = 0;
    double psnr = 0, ssim = 0;
};

struct LevelRecord;

/// What a provenance does not say is empty.
struct Provenance {
    std::vector<std::string> data; ///< names of the pictures' folders
    std::optional<std::int64_t> pictures;
    std::string recipe;
    std::optional<std::string> recipe_text; ///< with what the command line overrode
    std::optional<std::uint64_t> seed;
    std::optional<std::int64_t> steps, batch, extent;
    std::string device;
    std::optional<std::int64_t> processes;
    std::string date, trainer;        ///< of the end; version
    std::vector<std::string> classes; ///< in the order of the logits
    std::optional<EncoderRecord> encoder;
    std::string loss, initial_weights; ///< initial_weights: checksum of the bundle that it started from
    std::string normal_class, data_fingerprint;
    std::optional<std::int64_t> count; ///< pictures of the data at most; 0: all
    std::optional<CalibrationRecord> calibration;
    std::vector<LevelRecord> levels;
    std::optional<Adversary> adversary;
    std::optional<std::int64_t> epochs; ///< of this training alone
    std::vector<Round> rounds;          ///< the trainings before it, the first one first

    std::map<std::string, std::string> other; ///< members that are none of these, as JSON
    std::vector<std::string> damaged;         ///< names of members of another type, which are left out
};

/// A level of a stylizer: its own training, without the encoder, and the bundle that it was taken from.
struct LevelRecord {
    std::string layer;
    Provenance training;
    std::string sha256;
    std::optional<LevelValidation> validation;
};

/// Of a manifest, which anybody may have written: never throws for what it says.
Provenance parse_provenance(const Manifest &manifest);

/// Manifest::provenance. Leaves out what is empty.
std::string to_json(const Provenance &provenance);

} // namespace mirra::bundle
