// The anomaly detector's training task.
#include "tasks/anomaly_task.hpp"

#include "mirra/error.hpp"
#include "tasks/anomaly_bundle.hpp"
#include "tasks/feature_memory.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

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
    , inverter_(inverter_command(command))
    , generator_(inverter_, std::move(recipe), settings_.generator,
                 {.training = pictures_.training, .validation = pictures_.normal}) {}

std::string AnomalyTask::fingerprint() const {
    return generator_.fingerprint() + "|" + std::to_string(pictures_.training->size());
}

void AnomalyTask::finish() {
    generator_.finish([&](const InverterBundle &trained) {
        write_anomaly_bundle({.command = command_, .settings = settings_, .pictures = pictures_}, trained);
    });
}

} // namespace mirra::trainer
