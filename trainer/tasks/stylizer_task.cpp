// From recipe and bundles to the levels' trainings, and from these to one bundle.
#include "tasks/stylizer_task.hpp"

#include "core/data_files.hpp"
#include "core/device.hpp"
#include "core/made_folders.hpp"
#include "core/text.hpp"
#include "core/training_run.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/generator.hpp"

#include <algorithm>
#include <iterator>

namespace mirra::trainer {

std::filesystem::path level_folder(const RunCommand &command, const std::string &layer) {
    return run_folder(command) / layer;
}

std::filesystem::path level_bundle(const RunCommand &command, const std::string &layer) {
    return level_folder(command, layer) / "inverter.mirra";
}

namespace {

using BundleOfLayer = std::map<std::string, std::filesystem::path>;

/// What --level-bundle says, each bundle checked.
BundleOfLayer given_levels(const StylizerCommand &command, const std::vector<std::string> &layers,
                           const bundle::Bundle &encoder) {
    const std::string option = "--level-bundle";
    BundleOfLayer out;
    for (const auto &text : command.level_bundles) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
            throw Error(ErrorCode::invalid_argument, "'" + text.substr(0, 200) + "' is not LAYER=BUNDLE",
                        option, "write it like conv1=inverter-conv1.mirra");
        const auto layer = text.substr(0, equals);
        const auto path = find_bundle(text.substr(equals + 1));
        if (std::ranges::find(layers, layer) == layers.end())
            throw Error(ErrorCode::invalid_argument, "'" + layer.substr(0, 80) + "' is no level", option,
                        "the levels are: " + joined(layers));
        if (!out.emplace(layer, path).second)
            throw Error(ErrorCode::invalid_argument, "two bundles for the level " + layer, option,
                        "give one of them");
        check_level_bundle(encoder, *bundle::Bundle::open(path), layer, path);
    }
    return out;
}

/// The bundles of --init by the layers that they have generators of, each checked.
BundleOfLayer initial_levels(const StylizerCommand &command, const std::vector<std::string> &trained,
                             const bundle::Bundle &encoder) {
    BundleOfLayer out;
    for (const auto &named : command.init) {
        const auto path = find_bundle(named);
        const auto bundle = bundle::Bundle::open(path);
        bool used = false;
        for (const auto &layer : trained) {
            if (!bundle->manifest().graphs.contains(generator_graph(layer))) continue;
            check_level_bundle(encoder, *bundle, layer, path);
            if (const auto [earlier, added] = out.emplace(layer, path); !added)
                throw Error(ErrorCode::invalid_argument,
                            "both this bundle and " + earlier->second.string() + " have a generator of " +
                                layer,
                            path.string(), "give one of them with --init");
            used = true;
        }
        if (!used)
            throw Error(ErrorCode::mismatch, "the bundle has no generator of a level that is trained",
                        path.string(), "these are trained: " + joined(trained));
    }
    return out;
}

/// Its run is a part of the stylizer's, whose record tells of it.
class LevelTask final : public InverterTask {
  public:
    using InverterTask::InverterTask;
    [[nodiscard]] std::vector<std::string> words() const override { return {}; }
};

} // namespace

StylizerTraining::StylizerTraining(const StylizerCommand &command)
    : command_(command)
    , encoder_(bundle::Bundle::open(find_bundle(command.encoder)))
    , recipe_(recipe_of(command, encoder_->graph("encoder"))) {
    auto recipes = read_stylizer_recipe(recipe_, encoder_->graph("encoder"));
    std::vector<std::string> layers, trained;
    for (const auto &each : recipes) layers.push_back(each.layer);
    const auto given = given_levels(command, layers, *encoder_);
    std::ranges::remove_copy_if(layers, std::back_inserter(trained),
                                [&](const auto &layer) { return given.contains(layer); });
    const auto initial = initial_levels(command, trained, *encoder_);
    for (auto &recipe : recipes) {
        const auto layer = recipe.layer;
        const auto found = given.find(layer), start = initial.find(layer);
        levels_.push_back({.layer = layer,
                           .bundle = found == given.end() ? level_bundle(command, layer) : found->second,
                           .settings = recipe.settings,
                           .detail = recipe.detail,
                           .edges = recipe.edges});
        if (found != given.end()) continue;
        make_task(std::move(recipe), start == initial.end() ? std::filesystem::path() : start->second);
        check_checkpoint(levels_.back());
    }
}

void StylizerTraining::make_task(StylizerLevelRecipe recipe, const std::filesystem::path &initial) {
    const auto layer = recipe.layer;
    InverterCommand inverter;
    static_cast<RunCommand &>(inverter) = command_;
    inverter.folder = level_folder(command_, layer);
    inverter.output = level_bundle(command_, layer);
    inverter.encoder = command_.encoder;
    inverter.data = command_.data;
    inverter.init = initial;
    const auto &pictures = pictures_for(recipe.settings);
    tasks_[layer] = std::make_unique<LevelTask>(std::move(inverter), std::move(recipe.recipe),
                                                recipe.settings, pictures, "stylizer " + layer);
    steps_ += tasks_[layer]->steps();
}

/// One of another run is refused; see load_checkpoint().
void StylizerTraining::check_checkpoint(const Level &level) const {
    if (command_.restart) return;
    const auto &task = *tasks_.at(level.layer);
    load_checkpoint(level_folder(command_, level.layer) / "checkpoint.safetensors", task.state(),
                    task.fingerprint());
}

/// All levels whose pictures are kept alike share them.
const InverterTask::Pictures &StylizerTraining::pictures_for(const InverterRecipe &settings) {
    const auto [found, added] = pictures_.try_emplace(settings.kept_side());
    if (added) {
        InverterCommand command;
        command.data = command_.data;
        command.validation = command_.validation;
        found->second = InverterTask::open_pictures(command, settings);
    }
    return found->second;
}

TrainingFacts StylizerTraining::facts() {
    const auto &settings = levels_.front().settings;
    auto out = facts_of(command_, recipe_, settings);
    out.pictures = pictures_for(settings).training->size();
    out.steps = steps_;
    return out;
}

void StylizerTraining::record() {
    const auto &settings = levels_.front().settings;
    record_run(command_, facts(),
               {.words = words_of(command_),
                .validation = command_.validation,
                .validation_pictures = pictures_for(settings).validation->size(),
                .bf16 = is_bf16(settings.precision, select_device(command_.device)),
                .resumed = !command_.restart});
}

RunResult StylizerTraining::run() {
    const MadeFolders folder(run_folder(command_), "name a folder with --run");
    record();
    for (std::size_t i = 0; i < levels_.size(); ++i) {
        const auto &layer = levels_[i].layer;
        const auto task = tasks_.find(layer);
        log_info("level " + layer + ", " + std::to_string(i + 1) + " of " + std::to_string(levels_.size()) +
                 (task == tasks_.end() ? ": from " + levels_[i].bundle.string() : ""));
        if (task == tasks_.end()) continue;
        const RunOptions options{.folder = level_folder(command_, layer), .restart = command_.restart};
        if (run_training(*task->second, options) == RunResult::interrupted) return RunResult::interrupted;
        tasks_.erase(task);
    }
    write();
    return RunResult::finished;
}

/// By the weights as they are stored, of levels that were given and trained alike.
bundle::LevelValidation StylizerTraining::measure(const Level &level, const bundle::Bundle &bundle) {
    const auto device = select_device(command_.device);
    const auto &settings = level.settings;
    const auto &generator = bundle.graph(generator_graph(level.layer));
    GraphModule autoencoder(graph::autoencoder(encoder_->graph("encoder"), level.layer, generator), {});
    autoencoder.load(bundle);
    autoencoder.to(device);
    autoencoder.eval();
    const auto similarity = reconstruction_similarity(
        *pictures_for(settings).validation,
        {.pictures = settings.validation_pictures, .extent = settings.extent, .device = device},
        [&](const auto &images) { return autoencoder.forward({{"image", images}}).at("image"); });
    const auto &[psnr, ssim, lpips] = similarity;
    log_info(level.layer + ": " + decimal(psnr.mean(), 3) + " dB, SSIM " + decimal(ssim.mean(), 4) + " of " +
             std::to_string(psnr.count()) + " pictures");
    return {.count = psnr.count(), .extent = settings.extent, .psnr = psnr.mean(), .ssim = ssim.mean()};
}

void StylizerTraining::write() {
    StylizerBundle bundle{.output = command_.output,
                          .encoder = *encoder_,
                          .encoder_name = command_.encoder.stem().string(),
                          .levels = {},
                          .epsilon = stylizer_epsilon(recipe_),
                          .licence = command_.licence,
                          .facts = facts()};
    for (const auto &level : levels_)
        bundle.levels.push_back({.layer = level.layer,
                                 .bundle = bundle::Bundle::open(level.bundle),
                                 .detail = level.detail,
                                 .edges = level.edges});
    if (!command_.restart && is_written(bundle)) {
        log_info("the stylizer is finished: " + command_.output.string() + "; pass --restart to train anew");
        return;
    }
    for (std::size_t i = 0; i < levels_.size(); ++i)
        bundle.levels[i].quality = measure(levels_[i], *bundle.levels[i].bundle);
    write_stylizer_bundle(bundle);
}

} // namespace mirra::trainer
