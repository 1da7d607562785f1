// What the task "detect" says of itself: ports and parameters.
#include "description.hpp"

#include "mirra/mirra_plugin.hpp"

#include <array>

namespace anomaly {
namespace {

using plugin::number, plugin::parameter, plugin::port, plugin::Range;

const std::array kPorts{
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, kImage, "Image", "The picture that is judged."),
    port(MIRRA_PORT_INPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, kBatch, "Further pictures",
         "Pictures {N, 3, h, w}, RGB between 0 and 1, judged together with the image; their results stand "
         "behind "
         "its own in 'scores' and 'heat'."),
    port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_OPTIONAL | MIRRA_PORT_COLORED, kHeatmap, "Heat map",
         "Where the image is anomalous: colours over the gray picture, or a gray map without 'overlay'."),
    port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, kHeat, "Heat",
         "The heat maps as numbers, {N, 1, extent, extent}, the image first."),
    port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, kScores, "Scores",
         "The scores of all pictures, {N}, the image first."),
};

const std::array kMethods{kAuto, kSegmentation, kFeatureMemory, kReconstruction, kLatentSearch};
const std::array kMethodLabels{"The bundle's own", "Marks of a network", "Nearest features of good pictures",
                               "Reconstruction", "Search for a latent code"};

mirra_param_info method() noexcept {
    return plugin::choice(
        "method", "Method",
        "'segmentation' marks defects by a network that has learned from synthetic ones, and compares the "
        "picture as a whole with good ones. 'feature-memory' "
        "compares places of the picture with those of good pictures. 'reconstruction' compares the picture "
        "with what the generator makes of its features. 'latent-search' looks for the features whose picture "
        "comes closest; slow. 'auto' is the bundle's own choice.",
        kMethods, kMethodLabels, kAuto);
}

/// Of the method "latent-search".
mirra_param_info search(std::int32_t type, const char *name, const char *label, const char *doc,
                        const Range &range) noexcept {
    return plugin::advanced(number(type, name, label, doc, range), "Latent search");
}

/// Of the score.
mirra_param_info scoring(const char *name, const char *label, const char *doc) noexcept {
    constexpr double kMost = 1e12;
    return plugin::advanced(number(MIRRA_TYPE_FLOAT, name, label, doc, {0, kMost, 1, 0}), "Score");
}

mirra_param_info overlay() noexcept {
    mirra_param_info info = parameter(MIRRA_TYPE_BOOL, "overlay", "Overlay",
                                      "Whether the heat map is laid over the picture in colours.");
    info.default_value = 1;
    return info;
}

const std::array kParameters{
    method(),
    scoring("threshold", "Threshold", "The score above which a picture is anomalous; 0: the bundle's."),
    overlay(),
    scoring("pixel_weight", "Pixel weight",
            "Weight of the pixels' differences in the score; 0: the bundle's."),
    scoring("feature_weight", "Feature weight",
            "Weight of the features' squared differences in the score; 0: the bundle's."),
    search(MIRRA_TYPE_INT, "iterations", "Iterations", "Steps that 'latent-search' takes.",
           {1, 100000, 1000, 100}),
    search(MIRRA_TYPE_FLOAT, "rate", "Step size", "Learning rate of the first step.", {0, 1000, 1, 0.1}),
    search(MIRRA_TYPE_FLOAT, "final_rate", "Last step size",
           "Learning rate of the last step; linear between.", {0, 1000, 1, 0.001}),
    search(MIRRA_TYPE_FLOAT, "momentum", "Momentum", "Momentum of the steps.", {0, 1, 1, 0.9}),
    search(MIRRA_TYPE_INT, "seed", "Seed", "Seed of the noise that 'latent-search' starts from.",
           {0, 4294967295.0, 1000, 0}),
};

} // namespace

mirra_task describe_task() noexcept {
    return plugin::task(
        "detect", "Detect anomalies",
        "Says how far a picture is from the good ones that the bundle was trained on: a score, a "
        "probability, a verdict and a heat map. Bundles are made by `mirra-train anomaly`.",
        kPorts, kParameters);
}

} // namespace anomaly
