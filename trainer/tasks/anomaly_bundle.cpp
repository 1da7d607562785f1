// Memory, draft, calibration, bundle.
#include "tasks/anomaly_bundle.hpp"

#include "core/device.hpp"
#include "core/interrupt.hpp"
#include "core/provenance.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly_calibration.hpp"
#include "tasks/feature_memory.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

using Json = nlohmann::ordered_json;

void add_trained_memory(const AnomalyTraining &training, const InverterBundle &trained,
                        BundleContents &contents) {
    const auto &settings = training.settings;
    const auto &encoder = trained.encoder.graph("encoder");
    const auto layer = memory_layer(encoder, settings.memory_layer);
    const MemoryOptions options{.layer = layer,
                                .coreset = {.members = settings.memory_members,
                                            .dimensions = settings.memory_dimensions,
                                            .seed = settings.generator.seed},
                                .candidates = settings.memory_candidates,
                                .extent = settings.generator.extent,
                                .device = select_device(training.command.device)};
    const auto memory = feature_memory(trained.encoder, *training.pictures.training, options);
    log_info("the memory has " + std::to_string(memory.members.size(0)) + " members of " + layer);
    add_memory(encoder, layer, memory, contents);
}

Json defaults_of(const AnomalyTraining &training, const InverterBundle &trained) {
    const auto &settings = training.settings;
    return {{"layer", trained.layer},
            {"extent", settings.generator.extent},
            {"pixel_weight", settings.pixel_weight},
            {"feature_weight", settings.feature_weight},
            {"iterations", settings.search_iterations},
            {"false_positive_rate", settings.false_positive_rate}};
}

void add_provenance(const AnomalyTraining &training, bundle::Manifest &manifest) {
    const auto &command = training.command;
    auto provenance = Json::parse(manifest.provenance);
    if (!command.class_name.empty()) provenance["class"] = command.class_name;
    provenance["data_fingerprint"] = training.pictures.source;
    provenance["count"] = command.count;
    Json calibration{{"normal", training.pictures.normal->size()}, {"fingerprint", training.calibration}};
    if (!command.val_good.empty()) calibration["normal_data"] = data_name(command.val_good.string());
    if (training.pictures.bad) {
        calibration["bad"] = training.pictures.bad->size();
        calibration["bad_data"] = data_name(command.bad.string());
    }
    provenance["calibration"] = std::move(calibration);
    manifest.provenance = provenance.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write(const std::filesystem::path &path, BundleContents &contents, const Json &defaults) {
    contents.manifest.defaults = defaults.dump();
    bundle::write_bundle(path, contents.manifest, contents.weights, bundle::DType::f32);
}

} // namespace

void write_anomaly_bundle(const AnomalyTraining &training, const InverterBundle &trained) {
    const InterruptGuard guard; // the memory and the scorer look at it
    auto contents = inverter_contents(trained);
    contents.manifest.task = "detect";
    add_provenance(training, contents.manifest);
    if (training.settings.memory_members > 0) add_trained_memory(training, trained, contents);
    auto defaults = defaults_of(training, trained);
    const auto folder = run_folder(training.command), draft = folder / "draft.mirra";
    std::filesystem::create_directories(folder);
    if (training.settings.pixel_weight == 0) {
        defaults["pixel_weight"] = 1; // of a draft; the balance says which it is
        write(draft, contents, defaults);
        defaults["pixel_weight"] = balanced_pixel_weight(draft, training);
    }
    write(draft, contents, defaults);
    const auto measured = calibrate_methods(draft, training);
    for (const auto &method : measured) {
        defaults[method.key + "_threshold"] = method.calibration.threshold;
        defaults[method.key + "_slope"] = method.calibration.slope;
        defaults[method.key + "_offset"] = method.calibration.offset;
    }
    defaults["method"] = recommended_method(measured);
    write(training.command.output, contents, defaults);
    std::filesystem::remove(draft);
    print_calibration(measured, training.settings.false_positive_rate);
    log_info("wrote " + training.command.output.string());
}

std::string calibration_fingerprint_of(const std::filesystem::path &bundle) {
    try {
        const auto provenance = Json::parse(bundle::Bundle::open(bundle)->manifest().provenance);
        return provenance.at("calibration").at("fingerprint").get<std::string>();
    } catch (const Error &) {
        return {};
    } catch (const Json::exception &) {
        return {};
    }
}

} // namespace mirra::trainer
