// The anomaly detector's training: command and recipe; the networks one after the other.
#include "tasks/anomaly.hpp"

#include "core/data_files.hpp"
#include "core/device.hpp"
#include "core/picture_extent.hpp"
#include "core/provenance.hpp"
#include "core/random.hpp"
#include "core/readings.hpp"
#include "core/text.hpp"
#include "distributed/environment.hpp"
#include "eval/anomaly_methods.hpp"
#include "eval/anomaly_scoring.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly_bundle.hpp"
#include "tasks/feature_memory.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>

namespace mirra::trainer {
namespace {

/// Tables of the recipe that memory and calibration alone depend on.
const std::vector<std::string> kAfterTraining{"memory", "score", "calibration"};

InverterCommand inverter_command(const AnomalyCommand &command) {
    InverterCommand out;
    static_cast<RunCommand &>(out) = command;
    out.encoder = command.encoder;
    out.data = command.data;
    if (!command.val_good.empty()) out.validation = {command.val_good.string()};
    return out;
}

/// Fails before any work where the encoder does not fit. @throws Error mismatch | not_found |
/// invalid_argument
void check_encoder(const std::filesystem::path &named, const AnomalyRecipe &settings,
                   const AnomalyParts &parts) {
    const auto path = find_bundle(named);
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
    if (!parts.memory) return;
    const auto pooled = pooled_features(found->second, memory_layers(found->second, settings));
    check_extent(pooled, extent, "data.extent");
}

[[noreturn]] void refuse(const std::string &what, const std::string &subject, const std::string &hint) {
    throw Error(ErrorCode::invalid_argument, what, subject, hint);
}

constexpr std::array kShortcuts{Shortcut{"--layer", "network.layer"},
                                Shortcut{"--method", "training.method"},
                                Shortcut{"--extent", "data.extent"},
                                Shortcut{"--segmentation-steps", "segmentation.steps"},
                                Shortcut{"--steps", "optimizer.steps"},
                                Shortcut{"--batch", "data.batch"},
                                Shortcut{"--seed", "training.seed"},
                                Shortcut{"--memory", "memory.members"},
                                Shortcut{"--layers", "memory.layers"},
                                Shortcut{"--false-positive-rate", "calibration.false_positive_rate"}};

/// The generator without a run of its own.
class GeneratorPart final : public InverterTask {
  public:
    using InverterTask::InverterTask;
    [[nodiscard]] std::vector<std::string> words() const override { return {}; }
};

/// The network that marks defects first, then the generator, then memory and calibration.
class AnomalyTask final : public TrainingTask {
  public:
    /// `command` must outlive the task. @throws Error
    AnomalyTask(const AnomalyCommand &command, const Recipe &recipe, AnomalyRecipe settings,
                AnomalyPictures pictures);

    [[nodiscard]] std::string name() const override { return "anomaly"; }
    [[nodiscard]] std::int64_t steps() const override {
        return marking_steps() + (generator_ ? generator_->steps() : 0);
    }
    [[nodiscard]] std::string fingerprint() const override;
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override;
    void start(std::int64_t step) override;
    [[nodiscard]] std::vector<std::string> columns() const override;
    void step(std::int64_t step, Readings &readings) override;
    [[nodiscard]] std::string rate_key() const override {
        return segmentation_ && !generating_ ? SegmentationRecipe::kRate : TrainingTask::rate_key();
    }
    [[nodiscard]] std::int64_t validation_interval() const override {
        return settings_.generator.validation_every;
    }
    void validate(Readings &readings) override;
    void finish() override;
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }
    /// Not where the bundle has another memory or calibration than it would get now.
    [[nodiscard]] bool finished() const override;

  private:
    [[nodiscard]] std::int64_t marking_steps() const { return segmentation_ ? segmentation_->steps() : 0; }
    [[nodiscard]] std::string calibration_fingerprint() const;
    [[nodiscard]] std::vector<std::string> words() const;
    [[nodiscard]] TrainingFacts facts() const;
    void make_segmentation();
    void make_generator();

    const AnomalyCommand &command_;
    Recipe recipe_;
    AnomalyRecipe settings_;
    AnomalyPictures pictures_;
    AnomalyParts parts_;
    std::string trained_, calibrated_; ///< of the recipe: what the networks depend on, and the rest
    bool bf16_ = false;
    std::shared_ptr<const bundle::Bundle> encoder_; ///< null: no part needs it
    std::unique_ptr<SegmentationTraining> segmentation_;
    std::unique_ptr<GeneratorPart> generator_;
    bool generating_ = false; ///< which of them made the last step
};

AnomalyTask::AnomalyTask(const AnomalyCommand &command, const Recipe &recipe, AnomalyRecipe settings,
                         AnomalyPictures pictures)
    : command_(command)
    , recipe_(Recipe::parse(recipe.source(), recipe.name()))
    , settings_(std::move(settings))
    , pictures_(std::move(pictures))
    , parts_(parts_of(command, settings_))
    , trained_(recipe.without(kAfterTraining))
    , calibrated_(recipe.only(kAfterTraining))
    , bf16_(is_bf16(settings_.generator.precision, select_device(command.device))) {
    if (parts_.memory || parts_.generator) encoder_ = bundle::Bundle::open(find_bundle(command.encoder));
    if (parts_.segmentation) make_segmentation();
    if (parts_.generator) make_generator();
}

void AnomalyTask::make_segmentation() {
    segmentation_ = std::make_unique<SegmentationTraining>(
        settings_.segmentation, *pictures_.training,
        SegmentationTraining::Options{.seed = settings_.generator.seed,
                                      .loader_threads = command_.loader_threads,
                                      .device = select_device(command_.device),
                                      .bf16 = bf16_,
                                      .recorder = command_.recorder});
}

void AnomalyTask::make_generator() {
    generator_ = std::make_unique<GeneratorPart>(
        inverter_command(command_), Recipe::parse(recipe_.source(), recipe_.name()), settings_.generator,
        InverterTask::Pictures{.training = pictures_.training, .validation = pictures_.normal}, "anomaly");
}

/// A generator alone has that of earlier trainers, whose runs go on.
std::string AnomalyTask::fingerprint() const {
    auto out = generator_ ? generator_->InverterTask::fingerprint(trained_) : trained_;
    out += "|" + hex(pictures_.training->pictures_fingerprint());
    if (segmentation_) out += "|segmentation";
    if (!generator_ && encoder_) out += "|" + encoder_->sha256();
    return out;
}

std::map<std::string, torch::Tensor> AnomalyTask::state() const {
    std::map<std::string, torch::Tensor> out;
    if (segmentation_) out.merge(segmentation_->state());
    if (generator_) out.merge(generator_->state());
    return out;
}

void AnomalyTask::start(std::int64_t step) {
    log_info(std::to_string(pictures_.training->size()) + " pictures to learn from, " +
             std::to_string(pictures_.normal->size()) + " to calibrate with");
    if (step < marking_steps()) {
        log_info(std::to_string(graph::parameter_count(segmentation_->graph())) +
                 " parameters learn to mark defects in pictures of " +
                 std::to_string(settings_.segmentation.extent) + " pixels");
        segmentation_->start(step);
    } else if (generator_ && step < steps()) {
        generator_->start(step - marking_steps());
    }
    std::vector<std::string> validation;
    if (!command_.val_good.empty()) validation.push_back(command_.val_good.string());
    record_run(command_, facts(),
               {.words = words(),
                .validation = std::move(validation),
                .validation_pictures = pictures_.normal->size(),
                .bf16 = bf16_,
                .resumed = step > 0});
}

TrainingFacts AnomalyTask::facts() const {
    auto out = facts_of(command_, recipe_, settings_.generator);
    out.pictures = pictures_.training->size();
    out.steps = steps();
    if (segmentation_ && !generator_) {
        out.batch = settings_.segmentation.batch;
        out.extent = settings_.segmentation.extent;
    }
    return out;
}

/// Those of both; each step fills its own.
std::vector<std::string> AnomalyTask::columns() const {
    std::vector<std::string> out{"loss"};
    const auto add = [&](const std::vector<std::string> &names) {
        for (const auto &name : names)
            if (std::ranges::find(out, name) == out.end()) out.push_back(name);
    };
    if (generator_) add(generator_->columns());
    if (segmentation_) add(SegmentationTraining::columns());
    return out;
}

void AnomalyTask::step(std::int64_t step, Readings &readings) {
    const auto marking = marking_steps();
    generating_ = step >= marking;
    if (!generating_) return segmentation_->step(step, readings);
    if (segmentation_ && step == marking) {
        segmentation_->stop();
        generator_->start(0);
    }
    generator_->step(step - marking, readings);
}

void AnomalyTask::validate(Readings &readings) {
    if (generating_) generator_->validate(readings);
}

std::vector<std::string> AnomalyTask::words() const {
    std::vector<std::pair<std::string, std::string>> own{{"--encoder", command_.encoder.string()}};
    for (const auto &source : command_.data) own.emplace_back("--data", source);
    own.emplace_back("--class", command_.class_name);
    if (command_.count > 0) own.emplace_back("--count", std::to_string(command_.count));
    own.emplace_back("--val-good", command_.val_good.string());
    own.emplace_back("--bad", command_.bad.string());
    return words_of(command_, "anomaly", own, kShortcuts);
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
    if (segmentation_) segmentation_->stop();
    const auto write_with = [&](const InverterBundle *generator) {
        write_anomaly_bundle({.command = command_,
                              .settings = settings_,
                              .pictures = pictures_,
                              .parts = parts_,
                              .calibration = calibration_fingerprint()},
                             {.encoder = encoder_.get(),
                              .generator = generator,
                              .segmentation = segmentation_.get(),
                              .facts = facts()});
    };
    if (generator_)
        generator_->finish([&](const InverterBundle &trained) { write_with(&trained); });
    else
        write_with(nullptr);
    record_skipped(command_, std::ssize(pictures_.training->skipped()));
}

} // namespace

Recipe recipe_of(const AnomalyCommand &command) {
    return recipe_of(command, recipe_keys<AnomalyRecipe>());
}

std::unique_ptr<TrainingTask> anomaly_task(const AnomalyCommand &command) {
    require_one_process("anomaly");
    auto recipe = recipe_of(command);
    auto settings = AnomalyRecipe::read(recipe);
    if (command.threads > 0) torch::set_num_threads(command.threads);
    check_output(command.output);
    AnomalyScorer::check();
    const auto parts = parts_of(command, settings);
    if (parts.memory || parts.generator)
        check_encoder(command.encoder, settings, parts);
    else if (!command.encoder.empty())
        log_warning("--encoder is not used: the method 'segmentation' needs none");
    auto pictures = open_anomaly_pictures(command, settings);
    return std::make_unique<AnomalyTask>(command, recipe, std::move(settings), std::move(pictures));
}

int train_anomaly(const AnomalyCommand &command) {
    try {
        return run(*anomaly_task(command), command);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::cancelled) throw;
        log_warning("interrupted before the bundle was written; the same command goes on from " +
                    run_folder(command).string());
        return exit_status(RunResult::interrupted);
    }
}

void add_anomaly_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("anomaly", "Train an anomaly detector on pictures of good parts");
    const auto command = std::make_shared<AnomalyCommand>();
    sub->add_option("--encoder", command->encoder,
                    "Bundle with the encoder, which stays as it is; without one the method is segmentation");
    sub->add_option("--data", command->data,
                    "Folders of normal pictures, searched to any depth (train/ where there is one); with "
                    "--class: labelled data, a folder a class or cifar10:DIR")
        ->required();
    sub->add_option("--class", command->class_name, "The class of labelled data that is normal");
    sub->add_option("--count", command->count, "Pictures of --data at most, evenly spaced; 0: all")
        ->check(CLI::NonNegativeNumber);
    sub->add_option("--val-good", command->val_good,
                    "Folder of further normal pictures that calibrate the scores [a fifth of --data]");
    sub->add_option("--bad", command->bad,
                    "Folder of anomalous pictures, which calibrate the probability and are measured");
    add_run_options(*sub, *command, kShortcuts, recipe_keys<AnomalyRecipe>());
    sub->callback([command, &status] { status = train_anomaly(*command); });
}

AnomalyParts parts_of(const AnomalyCommand &command, const AnomalyRecipe &settings) {
    const auto &method = settings.method;
    const bool all = method == "auto", encoder = !command.encoder.empty();
    const bool marks = settings.segmentation.steps > 0, members = settings.memory_members > 0;
    if (!all && method != kSegmentation && !encoder)
        refuse("the method '" + method + "' needs an encoder", "--encoder",
               "give one, such as bundles/encoder-alexnet-l2-1.5.mirra, or --method segmentation");
    if (method == kSegmentation && !marks)
        refuse("the method 'segmentation' is asked for, and none of its steps", "segmentation.steps",
               "leave it out, or give another --method");
    if (method == kFeatureMemory && !members)
        refuse("the method 'feature-memory' is asked for, and a memory without members", "memory.members",
               "leave it out, or give another --method");
    if (all && !encoder && !marks)
        refuse("without an encoder and without steps of a segmentation there is nothing to train",
               "--encoder", "give an encoder, or leave segmentation.steps out");
    return {.segmentation = marks && (all || method == kSegmentation),
            .memory = members && encoder && (all || method == kFeatureMemory),
            .generator = encoder && (all || method == kReconstruction || method == kLatentSearch)};
}

InverterRecipe AnomalyRecipe::default_generator() {
    InverterRecipe out;
    out.batch = 16;
    out.extent = 128;
    out.augmentation = {.crop = Augmentation::Crop::pad, .padding = 4, .flips = false};
    out.color_tail = ColorTail::automatic;
    out.feature_distance = FeatureDistance::relative;
    out.feature_weight = 0.05;
    auto &optimizer = out.optimizer;
    optimizer.adam.beta1 = 0.5;
    optimizer.adam.beta2 = 0.99;
    optimizer.clip_norm = 1;
    optimizer.schedule.steps = 400;
    optimizer.schedule.rate = 1e-3;
    optimizer.schedule.warmup = 20;
    out.average_decay = 0.98;
    out.validation_every = 100;
    return out;
}

void AnomalyRecipe::declare(RecipeKeys &keys) {
    constexpr double kLarge = 1e12, kHalf = 0.5, kRarest = 1e-6;
    constexpr double kMany = 1e8, kMostMembers = 20'000, kFewest = 10, kPictures = 1e6, kMostIterations = 1e5;
    constexpr double kMostPictures = 4000;
    generator.declare(keys);
    keys.choice("training.method", method,
                {"auto", kSegmentation, kFeatureMemory, kReconstruction, kLatentSearch},
                "The method that is trained; `auto`: all that can be, and the best is recommended");
    segmentation.declare(keys);
    if (!keys.listing() && segmentation.extent == 0)
        segmentation.extent = std::max(SegmentationRecipe::kLeastExtent, generator.extent);
    keys.integer("memory.members", memory_members, {0, kMostMembers},
                 "Members of the memory of normal features; 0: none");
    keys.text("memory.layer", memory_layer, "Tap of the encoder whose features the memory holds").fallback =
        "conv2, else the second deepest";
    keys.texts("memory.layers", memory_layers,
               "Several taps instead, at the places of the finest, such as layer2, layer3");
    keys.integer("memory.candidates", memory_candidates, {1, kMany},
                 "Most places from which the members are chosen");
    keys.integer("memory.dimensions", memory_dimensions, {0, kPictures},
                 "Dimensions in which distances are measured while members are chosen; 0: all");
    keys.integer(
        "memory.pictures", memory_pictures, {0, kMostPictures},
        "Good pictures, evenly spaced, that the network that marks defects compares others with; 0: none");
    keys.real("score.pixel_weight", pixel_weight, {0, kLarge},
              "Weight of the pixels in the score; 0: they count as much as the features");
    keys.real("score.feature_weight", feature_weight, {1 / kLarge, kLarge}, "Weight of the features").values =
        "above 0";
    keys.choice<FeatureDistance>(
        "score.feature", score_feature,
        {{"squared", FeatureDistance::squared}, {"relative", FeatureDistance::relative}},
        "`relative`: squared differences over the mean square of good pictures' features, so that one "
        "weight serves encoders whose features are larger or smaller");
    keys.integer("score.iterations", search_iterations, {1, kMostIterations}, "Steps of the latent search");
    keys.real("calibration.false_positive_rate", false_positive_rate, {kRarest, kHalf - kRarest},
              "Share of normal pictures that may be called anomalous");
    keys.integer("calibration.held_out", held_out, {0, kPictures},
                 "Normal pictures that calibrate instead of training; 0: a fifth");
    keys.integer("calibration.pictures", calibration_pictures, {kFewest, kPictures},
                 "Pictures of either kind that calibrate, at most");
    keys.integer("calibration.search_pictures", search_pictures, {kFewest, kPictures},
                 "Most pictures of either kind that calibrate the latent search");
}

} // namespace mirra::trainer
