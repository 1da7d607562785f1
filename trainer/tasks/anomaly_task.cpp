// The anomaly detector's training task.
#include "tasks/anomaly_task.hpp"

#include "core/hex.hpp"
#include "core/random.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly_bundle.hpp"
#include "tasks/feature_memory.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

/// Tables of the recipe that memory and calibration alone depend on.
const std::vector<std::string> kAfterTraining{"memory", "score", "calibration"};

InverterCommand inverter_command(const AnomalyCommand &command) {
    InverterCommand out;
    static_cast<RunCommand &>(out) = command;
    out.encoder = command.encoder;
    out.data = command.data;
    return out;
}

} // namespace

void check_encoder(const std::filesystem::path &path, const AnomalyRecipe &settings) {
    const auto bundle = bundle::Bundle::open(path);
    const auto &graphs = bundle->manifest().graphs;
    const auto found = graphs.find("encoder");
    if (found == graphs.end() || found->second.outputs.empty() || found->second.inputs.size() != 1 ||
        found->second.inputs.front().channels != 3)
        throw Error(ErrorCode::mismatch, "the bundle holds no encoder of pictures", path.string(),
                    "give one that mirra-train encoder wrote, such as bundles/encoder-alexnet-l2-1.5.mirra");
    const auto extent = settings.generator.extent, aligned = graph::alignment(found->second);
    if (extent % aligned != 0)
        throw Error(ErrorCode::invalid_argument,
                    "this encoder does not take pictures of " + std::to_string(extent) + " pixels",
                    "data.extent", "use multiples of " + std::to_string(aligned) + " in the recipe");
    if (settings.memory_members > 0)
        pooled_features(found->second, memory_layer(found->second, settings.memory_layer));
}

AnomalyTask::AnomalyTask(const AnomalyCommand &command, Recipe recipe, AnomalyRecipe settings,
                         AnomalyPictures pictures)
    : command_(command)
    , settings_(std::move(settings))
    , pictures_(std::move(pictures))
    , trained_(recipe.without(kAfterTraining))
    , calibrated_(recipe.only(kAfterTraining))
    , inverter_(inverter_command(command))
    , generator_(inverter_, std::move(recipe), settings_.generator,
                 {.training = pictures_.training, .validation = pictures_.normal}) {}

std::string AnomalyTask::fingerprint() const {
    return generator_.fingerprint(trained_) + "|" + hex(pictures_.training->pictures_fingerprint());
}

std::string AnomalyTask::calibration_fingerprint() const {
    auto text = calibrated_ + hex(pictures_.normal->pictures_fingerprint());
    if (pictures_.bad) text += hex(pictures_.bad->pictures_fingerprint());
    std::uint64_t hash = 0;
    for (const unsigned char c : text) hash = mix(hash ^ c);
    return hex(hash);
}

bool AnomalyTask::finished() const {
    return std::filesystem::exists(command_.output) &&
           calibration_fingerprint_of(command_.output) == calibration_fingerprint();
}

void AnomalyTask::finish() {
    generator_.finish([&](const InverterBundle &trained) {
        write_anomaly_bundle({.command = command_,
                              .settings = settings_,
                              .pictures = pictures_,
                              .calibration = calibration_fingerprint()},
                             trained);
    });
}

} // namespace mirra::trainer
