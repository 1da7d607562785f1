// Reads the parameters and the bundle of the task 'detect', and refuses what does not go together.
#include "settings.hpp"

#include "description.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace anomaly {
namespace {

constexpr const char *kTrainOne =
    "Give a bundle that was trained on pictures of good parts: mirra-train anomaly makes one.";

/// Of the paper (A3.2), for bundles that say nothing.
constexpr double kPixelWeight = 2e-6, kFeatureWeight = 2e-2;

[[noreturn]] void bad_bundle(const Host &host, const std::string &what) {
    host.fail(MIRRA_E_MISMATCH, "the bundle is not one of the task 'detect': " + what, "bundle", kTrainOne);
}

bool has_graph(const Host &host, const std::string &graph) {
    const auto graphs = host.graphs();
    return std::find(graphs.begin(), graphs.end(), graph) != graphs.end();
}

Method read_method(const Host &host) {
    std::string name = host.text("method");
    if (name == kAuto) name = host.default_text("method");
    for (const Method method :
         {Method::latent_search, Method::reconstruction, Method::feature_memory, Method::segmentation})
        if (name == name_of(method)) return method;
    if (has_graph(host, kMemory)) return Method::feature_memory;
    return has_graph(host, kSegmenter) ? Method::segmentation : Method::reconstruction;
}

std::int64_t read_extent(const Host &host, const char *name) {
    constexpr double kMost = 4096;
    const double extent = host.default_number(name).value_or(0);
    if (!(extent >= 1 && extent <= kMost) || extent != std::floor(extent))
        bad_bundle(host, "its manifest does not say to which size pictures are scaled (\"" +
                             std::string(name) + "\")");
    return static_cast<std::int64_t>(extent);
}

/// A graph that pictures go into.
struct Input {
    const char *graph, *name, *network; ///< network: what it is, in words
};

void check_input(const Host &host, const Networks &networks, const Input &input) {
    if (host.channels(input.graph, input.name) != kColors)
        bad_bundle(host, std::string("it has no graph '") + input.graph + "' with an input '" + input.name +
                             "' of three channels");
    if (networks.extent % host.alignment(input.graph) != 0)
        bad_bundle(host, "it scales pictures to " + std::to_string(networks.extent) +
                             " pixels, which is no multiple of " +
                             std::to_string(host.alignment(input.graph)) + ", as its " + input.network +
                             " needs");
}

/// The bundle was made for other methods. @param missing  what this one would need
[[noreturn]] void no_such_method(const Host &host, const std::string &missing) {
    host.fail(MIRRA_E_NOT_FOUND, "the bundle has no " + missing, "method",
              "Leave the method at 'auto', or train a bundle with it: mirra-train anomaly.");
}

void read_generator(const Host &host, Networks &networks) {
    networks.layer = host.default_text("layer");
    if (!has_graph(host, kEncoder) && (has_graph(host, kMemory) || has_graph(host, kSegmenter)))
        no_such_method(host, "generator of good pictures");
    check_input(host, networks, {kEncoder, kImage, "encoder"});
    if (networks.layer.empty()) bad_bundle(host, "its manifest names no layer");
    networks.features = host.output_shape(kEncoder, networks.layer, networks.extent, networks.extent);
    networks.generator = "generator-" + networks.layer;
    if (host.channels(networks.generator, kFeatures) != networks.features[1])
        bad_bundle(host, "it has no graph '" + networks.generator + "' for the features of that layer");
    const Shape made =
        host.output_shape(networks.generator, kImage, networks.features[2], networks.features[3]);
    if (made != Shape{1, kColors, networks.extent, networks.extent})
        bad_bundle(host,
                   "its generator does not make pictures of " + std::to_string(networks.extent) + " pixels");
}

void read_memory(const Host &host, Networks &networks) {
    if (!has_graph(host, kMemory)) no_such_method(host, "memory of good features");
    check_input(host, networks, {kMemory, kImage, "memory"});
    networks.similarity = host.output_shape(kMemory, kSimilarity, networks.extent, networks.extent);
    networks.patches = host.output_shape(kMemory, kPatches, networks.extent, networks.extent);
    if (networks.patches[2] != networks.similarity[2] || networks.patches[3] != networks.similarity[3])
        bad_bundle(host, "the outputs of its graph 'memory' differ in size");
}

constexpr const char *kDistance = "segmentation_distance", *kDistancePower = "segmentation_distance_power",
                     *kOdds = "segmentation_odds", *kOddsPower = "segmentation_odds_power";

/// @param least  0, or the smallest number above it
double read_scale(const Host &host, const std::string &name, double least) {
    const double value = host.default_number(name.c_str()).value_or(-1);
    if (!std::isfinite(value) || value < least)
        bad_bundle(host, "its manifest's \"" + name + "\" is missing, or no finite number " +
                             (least > 0 ? "above 0" : "of at least 0"));
    return value;
}

/// The memory of whole pictures, which not every bundle has.
void read_picture_memory(const Host &host, Settings &settings) {
    constexpr std::array kKeys{kDistance, kDistancePower, kOdds, kOddsPower};
    constexpr double kAboveZero = std::numeric_limits<double>::min();
    if (std::none_of(kKeys.begin(), kKeys.end(),
                     [&](const char *key) { return host.default_number(key).has_value(); }))
        return;
    settings.scale = Scale{.distance = read_scale(host, kDistance, kAboveZero),
                           .distance_power = read_scale(host, kDistancePower, 0),
                           .odds = read_scale(host, kOdds, kAboveZero),
                           .odds_power = read_scale(host, kOddsPower, 0)};
    auto &networks = settings.networks;
    networks.patches = host.output_shape(kSegmenter, kCodes, networks.extent, networks.extent);
    networks.similarity = host.output_shape(kSegmenter, kSimilarity, networks.extent, networks.extent);
    const auto &codes = networks.patches, &similarity = networks.similarity;
    if (codes[2] != similarity[2] || codes[3] != similarity[3] ||
        similarity[1] % (similarity[2] * similarity[3]) != 0)
        bad_bundle(host, "its graph 'segmenter' does not compare every place with members of its own");
}

void read_segmenter(const Host &host, Networks &networks) {
    if (!has_graph(host, kSegmenter)) no_such_method(host, "network that marks defects");
    check_input(host, networks, {kSegmenter, kNormalised, "network"});
    if (host.output_shape(kSegmenter, kLogits, networks.extent, networks.extent) !=
        Shape{1, 1, networks.extent, networks.extent})
        bad_bundle(host, "its graph 'segmenter' does not mark every pixel of a picture");
}

void read_networks(const Host &host, Settings &settings) {
    auto &networks = settings.networks;
    const bool marks = settings.method == Method::segmentation;
    const bool own = marks && host.default_number("segmentation_extent").has_value();
    networks.extent = read_extent(host, own ? "segmentation_extent" : "extent");
    if (marks) {
        read_segmenter(host, networks);
        return read_picture_memory(host, settings);
    }
    if (settings.method == Method::feature_memory) return read_memory(host, networks);
    read_generator(host, networks);
}

Calibration read_calibration(const Host &host, Method method) {
    std::string prefix = name_of(method);
    std::replace(prefix.begin(), prefix.end(), '-', '_');
    const auto number = [&](const char *name) { return host.default_number((prefix + name).c_str()); };
    Calibration calibration{number("_threshold"), number("_slope"), number("_offset")};
    if (calibration.slope && *calibration.slope <= 0)
        bad_bundle(host,
                   "by its manifest's \"" + prefix + "_slope\" a larger score makes a defect less likely");
    if (const double own = host.real("threshold"); own > 0) calibration.threshold = own;
    return calibration;
}

/// The parameter, or what the manifest says, or the paper's.
double read_weight(const Host &host, const char *name, double standard) {
    const double own = host.real(name);
    if (own > 0) return own;
    const double of_bundle = host.default_number(name).value_or(0);
    return of_bundle > 0 ? of_bundle : standard;
}

Search read_search(const Host &host) {
    return {.iterations = host.integer("iterations"),
            .rate = host.real("rate"),
            .final_rate = host.real("final_rate"),
            .momentum = host.real("momentum"),
            .seed = static_cast<std::uint64_t>(host.integer("seed"))};
}

void read_batch(const Host &host, Settings &settings) {
    if (!host.given(kBatch)) return;
    const auto shape = host.port_shape(kBatch);
    if (shape.size() != 4 || shape[1] != kColors)
        host.fail(MIRRA_E_MISMATCH, "the batch has the shape " + plugin::to_text(shape), kBatch,
                  "Give pictures as {N, 3, height, width}.");
    settings.batch = shape[0];
    settings.batch_height = shape[2];
    settings.batch_width = shape[3];
}

} // namespace

const char *name_of(Method method) {
    switch (method) {
    case Method::latent_search:
        return kLatentSearch;
    case Method::feature_memory:
        return kFeatureMemory;
    case Method::segmentation:
        return kSegmentation;
    default:
        return kReconstruction;
    }
}

Settings read_settings(const Host &host) {
    if (host.graphs().empty())
        host.fail(MIRRA_E_NOT_FOUND, "the task 'detect' needs a bundle, and was given none", "bundle",
                  kTrainOne);
    Settings settings;
    settings.method = read_method(host);
    read_networks(host, settings);
    settings.pixel_weight = read_weight(host, "pixel_weight", kPixelWeight);
    settings.feature_weight = read_weight(host, "feature_weight", kFeatureWeight);
    settings.search = read_search(host);
    settings.calibration = read_calibration(host, settings.method);
    settings.overlay = host.integer("overlay") != 0;
    settings.heatmap = host.given(kHeatmap);
    settings.heat = host.given(kHeat);
    settings.scores = host.given(kScores);
    read_batch(host, settings);
    return settings;
}

} // namespace anomaly
