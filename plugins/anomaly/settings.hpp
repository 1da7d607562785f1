// What a run does: method and parameters, the networks of the bundle, its calibration, the ports that are
// given.
#pragma once

#include "mirra/mirra_plugin.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace anomaly {

namespace plugin = mirra::plugin;
using plugin::Host, plugin::Shape, plugin::Tensor;

inline constexpr const char *kEncoder = "encoder";
inline constexpr const char *kMemory = "memory";
inline constexpr const char *kPatches = "patches";
inline constexpr const char *kSimilarity = "similarity";
inline constexpr const char *kFeatures = "features";
inline constexpr const char *kSegmenter = "segmenter";
inline constexpr const char *kNormalised = "normalised"; ///< a picture less its mean, of deviation 1
inline constexpr const char *kLogits = "logits";
inline constexpr const char *kCodes = "codes"; ///< of the picture's places, which a memory has members of
inline constexpr std::int64_t kColors = 3;

enum class Method : std::uint8_t { latent_search, reconstruction, feature_memory, segmentation };
const char *name_of(Method method);

/// The bundle's networks; shapes are those for one picture.
struct Networks {
    std::int64_t extent = 0;       ///< height and width that pictures are brought to
    std::string layer;             ///< output of the encoder
    std::string generator;         ///< its features -> picture
    Shape features{};              ///< of that layer
    Shape patches{}, similarity{}; ///< what is compared with a memory's members; of methods with one
};

/// How the method "segmentation" joins the distance d of the whole picture to good ones, and the odds o of
/// the most suspicious pixels: (d / distance)^distance_power + (o / odds)^odds_power.
struct Scale {
    double distance = 0, distance_power = 0, odds = 0, odds_power = 0;
};

/// The descent of the method "latent-search".
struct Search {
    std::int64_t iterations = 0;
    double rate = 0, final_rate = 0; ///< of the first and the last step, linear between
    double momentum = 0;
    std::uint64_t seed = 0;
};

/// What makes a verdict of a score; what is missing was not calibrated.
struct Calibration {
    std::optional<double> threshold, slope, offset;
};

struct Settings {
    Method method = Method::reconstruction;
    Networks networks;
    double pixel_weight = 0, feature_weight = 0; ///< of the score
    std::optional<Scale> scale;                  ///< of bundles whose "segmenter" has a memory of pictures
    Search search;
    Calibration calibration;
    std::int64_t batch = 0, batch_height = 0, batch_width = 0; ///< of the further pictures; 0: none
    bool heatmap = false, heat = false, scores = false;        ///< ports
    bool overlay = true;

    [[nodiscard]] std::int64_t pictures() const { return 1 + batch; }
    [[nodiscard]] bool needs_heat() const { return heatmap || heat; }
};

/// @throws Failed not_found (no bundle, no memory) | mismatch (bundle, batch)
Settings read_settings(const Host &host);

} // namespace anomaly
