// The bundle of an anomaly detector: graphs and weights, memories, calibration, record.
#include "tasks/anomaly_bundle.hpp"

#include "core/device.hpp"
#include "core/divergence.hpp"
#include "core/graph_module.hpp"
#include "core/made_folders.hpp"
#include "core/progress.hpp"
#include "core/provenance.hpp"
#include "core/text.hpp"
#include "data/evenly_spaced.hpp"
#include "eval/anomaly_methods.hpp"
#include "eval/classifier.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly_calibration.hpp"
#include "tasks/feature_memory.hpp"
#include "tasks/picture_memory.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace mirra::trainer {
namespace {

using Json = nlohmann::ordered_json;

/// Weights of the encoder that a graph needs, where they are not there yet.
void add_weights(const bundle::Bundle &encoder, const graph::Graph &graph, BundleContents &contents) {
    for (const auto &[name, shape] : graph::weight_shapes(graph)) {
        if (contents.weights.contains(name)) continue;
        const auto values = encoder.weight(name);
        contents.weights[name] = {shape, {values.begin(), values.end()}};
    }
}

void add_trained_memory(const AnomalyTraining &training, const bundle::Bundle &bundle,
                        BundleContents &contents) {
    const auto &settings = training.settings;
    const auto &encoder = bundle.graph("encoder");
    const auto layers = memory_layers(encoder, settings);
    const MemoryOptions options{.layers = layers,
                                .coreset = {.members = settings.memory_members,
                                            .dimensions = settings.memory_dimensions,
                                            .seed = settings.generator.seed},
                                .candidates = settings.memory_candidates,
                                .extent = settings.generator.extent,
                                .device = select_device(training.command.device)};
    const auto memory = feature_memory(bundle, *training.pictures.training, options);
    log_info("the memory has " + std::to_string(memory.members.size(0)) + " members of " + joined(layers));
    add_memory(encoder, layers, memory, contents);
    add_weights(bundle, contents.manifest.graphs.at("memory"), contents);
}

void add_segmenter(const AnomalyTraining &training, SegmentationTraining &segmentation,
                   BundleContents &contents) {
    contents.manifest.graphs["segmenter"] = segmentation.graph();
    contents.weights.merge(segmentation.weights());
    const auto &settings = training.settings;
    if (settings.memory_pictures == 0) return;
    const auto extent = settings.segmentation.extent;
    add_picture_memory(*training.pictures.training,
                       {.channels = settings.segmentation.channels,
                        .extent = extent,
                        .most = settings.memory_pictures,
                        .device = select_device(training.command.device)},
                       contents);
}

/// Of the features of held-out good pictures. @throws Error corrupt
double mean_square_of_features(const AnomalyTraining &training, const Trained &trained) {
    const torch::NoGradGuard no_grad;
    const auto &settings = training.settings;
    GraphModule network(
        graph::part_of(trained.encoder->graph("encoder"), trained.generator->layer, "features"), {});
    network.load(*trained.encoder);
    network.eval();
    auto &pictures = *training.pictures.normal;
    constexpr std::int64_t kBatch = 16;
    const auto taken = std::min(settings.calibration_pictures, pictures.size());
    double sum = 0, count = 0;
    for (std::int64_t begin = 0; begin < taken; begin += kBatch) {
        if (interrupted()) throw Error(ErrorCode::cancelled, "interrupted while features were measured");
        std::vector<std::int64_t> indices;
        for (auto i = begin; i < std::min(begin + kBatch, taken); ++i)
            indices.push_back(evenly_spaced(i, taken, pictures.size()));
        const auto images =
            to_images(evaluation_batch(pictures, indices, settings.generator.extent), torch::kCPU);
        const auto features = network.forward({{network.graph().inputs.front().name, images}}).at("features");
        sum += features.square().sum(at::kDouble).item<double>();
        count += static_cast<double>(features.numel());
    }
    if (!(sum > 0) || !std::isfinite(sum))
        throw Error(ErrorCode::corrupt,
                    "the encoder gives good pictures no features by which scores could be measured",
                    "score.feature", "leave it out of the recipe, or give another --encoder");
    return sum / count;
}

Json defaults_of(const AnomalyTraining &training, const Trained &trained, double feature_weight) {
    const auto &settings = training.settings;
    const auto marks = settings.segmentation.extent;
    Json out;
    if (trained.generator) out["layer"] = trained.generator->layer;
    out["extent"] = trained.encoder ? settings.generator.extent : marks;
    if (trained.segmentation) out["segmentation_extent"] = marks;
    if (trained.generator) {
        out["pixel_weight"] = settings.pixel_weight;
        out["feature_weight"] = feature_weight;
        out["iterations"] = settings.search_iterations;
    }
    out["false_positive_rate"] = settings.false_positive_rate;
    return out;
}

/// Of a bundle without a generator.
BundleContents plain_contents(const AnomalyTraining &training, const Trained &trained) {
    BundleContents out;
    auto &manifest = out.manifest;
    manifest.name = bundle_name(training.command.output);
    manifest.licence = training.command.licence;
    manifest.architecture =
        trained.encoder ? trained.encoder->manifest().architecture + "-memory" : "defect-segmenter";
    auto provenance = provenance_of(trained.facts);
    if (trained.encoder)
        provenance.encoder = encoder_record(*trained.encoder, training.command.encoder.stem().string());
    manifest.provenance = bundle::to_json(provenance);
    return out;
}

void add_provenance(const AnomalyTraining &training, bundle::Manifest &manifest) {
    const auto &command = training.command;
    auto provenance = bundle::parse_provenance(manifest);
    provenance.normal_class = command.class_name;
    provenance.data_fingerprint = training.pictures.source;
    provenance.count = command.count;
    bundle::CalibrationRecord calibration{.normal = training.pictures.normal->size(),
                                          .bad = {},
                                          .fingerprint = training.calibration,
                                          .normal_data = {},
                                          .bad_data = {}};
    if (!command.val_good.empty()) calibration.normal_data = data_name(command.val_good.string());
    if (training.pictures.bad) {
        calibration.bad = training.pictures.bad->size();
        calibration.bad_data = data_name(command.bad.string());
    }
    provenance.calibration = std::move(calibration);
    manifest.provenance = bundle::to_json(provenance);
}

/// A segmenter alone in fp16: its whitened codes are about 1, so that rounding changes a squared distance by
/// a thousandth. All else in fp32, since distances of features are small differences of large numbers.
void write(const std::filesystem::path &path, BundleContents &contents, const Json &defaults) {
    const auto &graphs = contents.manifest.graphs;
    const bool alone = graphs.size() == 1 && graphs.contains("segmenter");
    contents.manifest.defaults = defaults.dump();
    if (alone)
        write_trained(path, contents.manifest, contents.weights, bundle::DType::f16,
                      SegmentationRecipe::kRate);
    else
        bundle::write_bundle(path, contents.manifest, contents.weights, bundle::DType::f32);
}

/// How the two parts of the score of "segmentation" are joined, by what they are of held-out good pictures.
void add_scale(const AnomalyTraining &training, const std::filesystem::path &draft, BundleContents &contents,
               Json &defaults) {
    constexpr double kShareOfMarks = 0.5; // a small defect shows in them alone, all else in the distance
    constexpr LeastOfPart kOfDistance{.value = 0.1, .spread = 0.05}, kOfOdds{.value = 0.01, .spread = 0.3};
    const std::string key = kSegmentation;
    const auto set = [&](const Part &distance, const Part &odds) {
        defaults[key + "_distance"] = distance.typical;
        defaults[key + "_distance_power"] = distance.power;
        defaults[key + "_odds"] = odds.typical;
        defaults[key + "_odds_power"] = odds.power;
    };
    std::set<std::string> lost;
    const auto values = [&](const Part &distance, const Part &odds) {
        set(distance, odds);
        write(draft, contents, defaults);
        auto scores = segmentation_scores(draft, training, lost);
        for (double &score : scores) score -= 1; // the other part, with the power 0
        return scores;
    };
    const auto distance = part_of_score(values({1, 1}, {1, 0}), kOfDistance);
    auto odds = part_of_score(values({1, 0}, {1, 1}), kOfOdds);
    odds.power *= kShareOfMarks;
    set(distance, odds);
}

} // namespace

std::vector<std::string> memory_layers(const graph::Graph &encoder, const AnomalyRecipe &settings) {
    if (!settings.memory_layers.empty()) return settings.memory_layers;
    return {memory_layer(encoder, settings.memory_layer)};
}

std::string calibration_fingerprint_of(const std::filesystem::path &bundle) {
    try {
        const auto provenance = bundle::parse_provenance(bundle::Bundle::open(bundle)->manifest());
        return provenance.calibration ? provenance.calibration->fingerprint : std::string();
    } catch (const Error &) {
        return {};
    }
}

void write_anomaly_bundle(const AnomalyTraining &training, const Trained &trained) {
    const InterruptGuard guard; // the memory and the scorer look at it
    auto contents =
        trained.generator ? inverter_contents(*trained.generator) : plain_contents(training, trained);
    contents.manifest.task = "detect";
    add_provenance(training, contents.manifest);
    if (trained.segmentation) add_segmenter(training, *trained.segmentation, contents);
    if (training.parts.memory) add_trained_memory(training, *trained.encoder, contents);
    auto feature_weight = training.settings.feature_weight;
    if (trained.generator && training.settings.score_feature == FeatureDistance::relative)
        feature_weight /= mean_square_of_features(training, trained);
    auto defaults = defaults_of(training, trained, feature_weight);
    const auto folder = run_folder(training.command), draft = folder / "draft.mirra";
    const MadeFolders made(folder, "name a folder with --run");
    if (trained.generator && training.settings.pixel_weight == 0) {
        defaults["pixel_weight"] = 1; // of a draft; the balance says which it is
        write(draft, contents, defaults);
        defaults["pixel_weight"] = balanced_pixel_weight(draft, training, feature_weight);
    }
    if (trained.segmentation && training.settings.memory_pictures > 0)
        add_scale(training, draft, contents, defaults);
    write(draft, contents, defaults);
    auto measured = calibrate_methods(draft, training);
    try_on_synthetic(draft, training, measured);
    for (const auto &method : measured) {
        defaults[method.key + "_threshold"] = method.calibration.threshold;
        defaults[method.key + "_slope"] = method.calibration.slope;
        defaults[method.key + "_offset"] = method.calibration.offset;
    }
    defaults["method"] = recommended_method(measured);
    write(training.command.output, contents, defaults);
    std::filesystem::remove(draft);
    print_calibration(measured, training.settings.false_positive_rate);
    warn_of_poor_separation(measured);
    log_info("wrote " + training.command.output.string());
}

} // namespace mirra::trainer
