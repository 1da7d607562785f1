// Adversarial and standard training of a classifier, step by step (paper section 3.1, equations 1 and 2).
#include "tasks/encoder.hpp"

#include "attacks/gradient_attacks.hpp"
#include "core/data_files.hpp"
#include "core/device.hpp"
#include "core/frozen_network.hpp"
#include "core/optimizer.hpp"
#include "core/picture_extent.hpp"
#include "core/provenance.hpp"
#include "core/random.hpp"
#include "core/readings.hpp"
#include "core/recipe_network.hpp"
#include "core/recorded_step.hpp"
#include "core/training_run.hpp"
#include "data/evenly_spaced.hpp"
#include "data/picture_set.hpp"
#include "data/picture_store.hpp"
#include "distributed/process_group.hpp"
#include "eval/classifier.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kAttackSalt = 0x61747461636b; // keeps the attack's randomness apart from the loader's
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

EncoderRecipe with_classes(EncoderRecipe settings, const PictureSet &data) {
    settings.network.classes = static_cast<std::int64_t>(data.classes().size());
    return settings;
}

const std::vector<std::string> &validation_sources(const EncoderCommand &command) {
    return command.validation.empty() ? command.data : command.validation;
}

/// What the network has seen, for encoders that are trained in rounds.
std::string epochs_line(const std::vector<bundle::Round> &rounds, std::int64_t epochs) {
    const auto before = epochs_of(rounds);
    const auto trained = std::to_string(rounds.size()) + (rounds.size() == 1 ? " round" : " rounds");
    if (!before) return "starts after " + trained + ", whose epochs the bundle does not say";
    return "starts after " + std::to_string(*before) + " epochs in " + trained +
           "; with this one it will have seen " + std::to_string(*before + epochs);
}

Split validation_split(const EncoderCommand &command) {
    return command.validation.empty() ? Split::test : evaluation_split(command.validation);
}

class EncoderTask final : public TrainingTask {
  public:
    /// `command` must outlive the task. @param environment  its processes share a batch evenly
    /// @throws Error
    EncoderTask(const EncoderCommand &command, Recipe recipe, EncoderRecipe settings,
                const ProcessEnvironment &environment);

    [[nodiscard]] std::string name() const override { return settings_.network.architecture; }
    [[nodiscard]] std::int64_t steps() const override { return schedule_.steps; }
    [[nodiscard]] std::string fingerprint() const override;
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override;
    [[nodiscard]] std::vector<std::string> columns() const override {
        return {"loss", "accuracy", "rate", "validation_clean", "validation_robust"};
    }
    [[nodiscard]] std::int64_t validation_interval() const override {
        return settings_.validation_every * steps_per_epoch_;
    }
    void start(std::int64_t step) override;
    void step(std::int64_t step, Readings &readings) override;
    void validate(Readings &readings) override;
    void finish() override;
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }
    [[nodiscard]] const ProcessGroup &processes() const override { return processes_; }

  private:
    struct Adversarial {
        torch::Tensor images, weights; ///< weights of the images' losses; undefined: all one
    };
    std::shared_ptr<GraphModule> make_network();
    void load_initial(GraphModule &network);
    std::int64_t count_steps();
    [[nodiscard]] TrainingFacts facts() const;
    [[nodiscard]] ClassLoaderOptions loader_options() const;
    void check_extents() const;
    void check_classes() const;
    [[nodiscard]] PgdOptions attack_options(const Budget &budget) const;
    RecordedStep::Tensors climb(const RecordedStep::Tensors &given, const PgdOptions &options, bool weighs);
    Adversarial attack(const torch::Tensor &images, const torch::Tensor &labels, std::int64_t step);
    RecordedStep::Tensors backward(const RecordedStep::Tensors &batch);
    torch::Tensor loss_of(const torch::Tensor &logits, const torch::Tensor &labels,
                          const torch::Tensor &weights) const;
    /// Share of `count` validation pictures that are classified right; all processes share the
    /// work.
    [[nodiscard]] double accuracy(std::int64_t count, const Perturbation &attack = {});
    [[nodiscard]] double robust_accuracy();
    void warn_of_chance() const;

    const EncoderCommand &command_;
    Recipe recipe_;
    EncoderRecipe settings_;
    torch::Device device_;
    bool bf16_;
    std::vector<bundle::Round> rounds_; ///< the trainings before this one; empty: random weights
    PictureSet data_;
    std::unique_ptr<PictureSet> validation_;
    ProcessGroup processes_;
    graph::ClassifierGraphs graphs_;
    std::shared_ptr<GraphModule> network_;
    FrozenNetwork frozen_;
    Sgd sgd_;
    GradientAverage gradients_;
    std::unique_ptr<WeightAverage> average_;
    RecordedStep recorded_attack_, recorded_;
    std::int64_t steps_per_epoch_;
    Schedule schedule_;
    double clean_ = 0, robust_ = 0; ///< of the last validation
    std::unique_ptr<ClassLoader> loader_;
};

EncoderTask::EncoderTask(const EncoderCommand &command, Recipe recipe, EncoderRecipe settings,
                         const ProcessEnvironment &environment)
    : command_(command)
    , recipe_(std::move(recipe))
    , settings_(std::move(settings))
    , device_(select_device(command.device, environment))
    , bf16_(is_bf16(settings_.precision, device_))
    , data_(command.data, Split::train,
            {.side = settings_.kept_side(), .cache_bytes = cache_budget(environment).training})
    , validation_(std::make_unique<PictureSet>(
          validation_sources(command), validation_split(command),
          PictureSet::Options{.side = settings_.kept_side(),
                              .cache_bytes = cache_budget(environment).validation}))
    , processes_(environment, device_)
    , graphs_(
          built_from("network", [&] { return graph::classifier(with_classes(settings_, data_).network); }))
    , network_(make_network())
    , frozen_(network_, bf16_ ? at::kBFloat16 : at::kFloat)
    , sgd_(network_->trainable(), settings_.sgd)
    , gradients_(processes_, network_->trainable())
    , recorded_attack_(device_, command.recorder)
    , recorded_(device_, command.recorder)
    , steps_per_epoch_(count_steps())
    , schedule_(settings_.steps(steps_per_epoch_)) {
    check_extents();
    check_classes();
    if (settings_.average_decay > 0)
        average_ = std::make_unique<WeightAverage>(network_->state(), settings_.average_decay);
}

std::int64_t EncoderTask::count_steps() {
    fit_batch(settings_.batch, data_.size(), processes_.size());
    return std::max<std::int64_t>(1, ClassLoader::steps_per_epoch(data_.size(), loader_options()));
}

void EncoderTask::check_extents() const {
    for (const auto &phase : settings_.growth) check_extent(graphs_.classifier, phase.extent, "data.growth");
    check_extent(graphs_.classifier, settings_.extent, "data.extent");
    auto smallest = settings_.extent;
    for (const auto &phase : settings_.growth) smallest = std::min(smallest, phase.extent);
    check_batch(graphs_.classifier, smallest, settings_.batch / processes_.size(), "data.batch");
}

void EncoderTask::check_classes() const {
    if (validation_->classes() != data_.classes())
        throw Error(ErrorCode::mismatch, "the validation pictures have other classes than the data",
                    validation_sources(command_).front(),
                    "give folders whose class folders have the same names");
}

std::shared_ptr<GraphModule> EncoderTask::make_network() {
    torch::manual_seed(settings_.seed);
    GraphModule::Options options;
    if (settings_.dropout > 0) options.dropout = {"head.classifier.1", "head.classifier.4"};
    options.dropout_probability = settings_.dropout;
    options.channels_last = settings_.channels_last;
    auto network = std::make_shared<GraphModule>(graphs_.classifier, options);
    if (!command_.init.empty()) load_initial(*network);
    network->to(device_);
    return network;
}

void EncoderTask::load_initial(GraphModule &network) {
    const auto path = find_bundle(command_.init);
    const auto file = path.string();
    const auto refuse = [&](const std::string &why) {
        throw Error(ErrorCode::mismatch, "cannot start from this bundle: " + why, file,
                    "give one of the same architecture, width, input transform and classes");
    };
    const auto bundle = bundle::Bundle::open(path);
    const auto &graphs = bundle->manifest().graphs;
    const auto theirs = graphs.find("classifier");
    if (theirs == graphs.end()) refuse("it holds no classifier");
    if (theirs->second != graphs_.classifier) refuse("its classifier is another network than the recipe's");
    const auto classes = classifier_origin(*bundle, file).classes;
    if (!classes.empty() && classes != data_.classes()) refuse("its classes are not those of the data");
    network.load(*bundle);
    rounds_ = rounds_before(*bundle);
}

ClassLoaderOptions EncoderTask::loader_options() const {
    return {.batch = settings_.batch / processes_.size(),
            .extent = settings_.extent,
            .growth = settings_.growth,
            .augmentation = settings_.augmentation,
            .seed = settings_.seed,
            .threads = command_.loader_threads,
            .rank = processes_.rank(),
            .world = processes_.size()};
}

std::string EncoderTask::fingerprint() const {
    return recipe_.source() + "|" + std::to_string(data_.fingerprint()) + "|" + std::to_string(steps()) +
           (rounds_.empty() ? "" : "|" + rounds_.back().sha256);
}

std::map<std::string, torch::Tensor> EncoderTask::state() const {
    auto out = network_->state();
    out.merge(sgd_.state());
    if (average_) out.merge(average_->state());
    return out;
}

void EncoderTask::start(std::int64_t step) {
    static_cast<void>(validation_->get(0)); // fails now, not at the first validation, if none can be read
    loader_ = std::make_unique<ClassLoader>(data_, loader_options(), step);
    if (!processes_.first()) return;
    log_info(std::to_string(data_.size()) + " pictures of " + std::to_string(data_.classes().size()) +
             " classes, " + std::to_string(validation_->size()) + " for validation; " +
             std::to_string(graph::parameter_count(graphs_.classifier)) + " parameters; " +
             std::to_string(steps_per_epoch_) + " steps an epoch");
    if (!rounds_.empty()) log_info(epochs_line(rounds_, settings_.epochs));
    record_run(command_, facts(),
               {.words = words_of(command_),
                .validation = command_.validation,
                .validation_pictures = validation_->size(),
                .bf16 = bf16_,
                .resumed = step > 0,
                .epochs = settings_.epochs,
                .epochs_before = epochs_of(rounds_)});
}

TrainingFacts EncoderTask::facts() const {
    auto out = facts_of(command_, recipe_, settings_);
    out.pictures = data_.size();
    out.steps = steps();
    out.processes = processes_.size();
    out.rounds = rounds_;
    return out;
}

PgdOptions EncoderTask::attack_options(const Budget &budget) const {
    if (settings_.adversary == Adversary::fgsm_rs) return fgsm_rs(budget);
    return {.budget = budget,
            .steps = static_cast<int>(settings_.attack_steps),
            .step_size = settings_.step_size * budget.epsilon / settings_.budget.epsilon,
            .random_start = settings_.random_start,
            .best_iterate = settings_.best_iterate};
}

EncoderTask::Adversarial EncoderTask::attack(const torch::Tensor &images, const torch::Tensor &labels,
                                             std::int64_t step) {
    if (settings_.adversary == Adversary::none) return {images, {}};
    // Keyed by the picture's place in the batch of all processes, so that their number changes nothing.
    const auto first = processes_.share(settings_.batch).first;
    const Randomness randomness(mix(settings_.seed ^ kAttackSalt) ^ static_cast<std::uint64_t>(step),
                                torch::arange(first, first + images.size(0)));
    auto budget = settings_.budget_at(images.size(2));
    const double strength = settings_.attack_strength(step, steps_per_epoch_);
    budget.epsilon *= strength;
    const auto options = attack_options(budget);
    const auto start = options.random_start ? random_start(images, budget, randomness) : images;
    const bool weighs =
        settings_.adversary == Adversary::gairat && step / steps_per_epoch_ >= settings_.gairat_begin_epoch;
    const auto compute = [this, options, weighs](const auto &given) { return climb(given, options, weighs); };
    const RecordedStep::Tensors given{images, labels, start};
    // While the attack grows, its radius is of each step by itself.
    const auto found = strength < 1 ? compute(given) : recorded_attack_.run(weighs ? 1 : 0, given, compute);
    if (!weighs) return {found.front(), {}};
    const auto resistance = processes_.whole(found.back(), settings_.batch);
    return {found.front(),
            processes_.part(gairat_weights(resistance, options.steps, settings_.gairat_lambda))};
}

/// @param given  images, labels, where the attack starts
/// @returns the adversarial images and, for GAIRAT, the steps that they resisted
RecordedStep::Tensors EncoderTask::climb(const RecordedStep::Tensors &given, const PgdOptions &options,
                                         bool weighs) {
    frozen_.refresh();
    const Classifier classifier = [this](const torch::Tensor &x) { return frozen_.forward(x); };
    PgdTrace trace;
    RecordedStep::Tensors out{
        pgd_from(given[2], classifier, given[0], given[1], options, weighs ? &trace : nullptr)};
    if (weighs) out.push_back(trace.steps_to_fool);
    return out;
}

torch::Tensor EncoderTask::loss_of(const torch::Tensor &logits, const torch::Tensor &labels,
                                   const torch::Tensor &weights) const {
    const auto losses =
        at::cross_entropy_loss(logits, labels, {}, at::Reduction::None, -100, settings_.label_smoothing);
    return weights.defined() ? (losses * weights).mean() : losses.mean();
}

/// Makes the gradients. @param batch  images, labels, weights of the losses where there are some
/// @returns without their history: the loss, the accuracy, the norm of the gradient
RecordedStep::Tensors EncoderTask::backward(const RecordedStep::Tensors &batch) {
    const auto &labels = batch[1];
    sgd_.zero_grad();
    torch::Tensor logits, loss;
    {
        const Autocast autocast(device_.type(), bf16_);
        logits = network_->forward({{"image", batch[0]}}).at("logits").to(at::kFloat);
        loss = loss_of(logits, labels, batch.size() > 2 ? batch[2] : torch::Tensor());
    }
    gradients_.backward(loss);
    return {loss.detach(), logits.detach().argmax(1).eq(labels).to(at::kFloat).mean(),
            clip_gradients(sgd_.parameters(), settings_.clip_norm)};
}

void EncoderTask::step(std::int64_t step, Readings &readings) {
    const auto batch = readings.waiting([&] { return loader_->next(); });
    const auto images = to_images(batch, device_)
                            .contiguous(settings_.channels_last ? at::MemoryFormat::ChannelsLast
                                                                : at::MemoryFormat::Contiguous);
    const auto labels = sent(torch::tensor(batch.labels), device_);
    const auto [inputs, weights] = attack(images, labels, step);
    network_->train();
    torch::manual_seed(settings_.dropout_seed(step, processes_.rank()));
    RecordedStep::Tensors given{inputs, labels};
    if (weights.defined()) given.push_back(weights);
    // Gradients that travel between processes, and what dropout drops, are of each step by itself.
    const bool alike = processes_.size() == 1 && settings_.dropout == 0;
    const auto results =
        alike ? recorded_.run(std::ssize(given), given, [this](const auto &all) { return backward(all); })
              : backward(given);
    const auto &loss = results[0], &accuracy = results[1], &norm = results[2];
    const double rate = schedule_.at(step);
    sgd_.step(rate, norm);
    processes_.average(network_->buffers()); // running statistics, of each process's own pictures
    if (average_) average_->update(step);
    readings.require_finite(norm, "the gradient", rate_key());
    readings.set("loss", loss);
    readings.set("accuracy", accuracy);
    readings.set("rate", rate);
    readings.pictures(settings_.batch);
}

/// PGD-K without random start on some of the validation pictures, at the recipe's validation epsilon.
double EncoderTask::robust_accuracy() {
    const Budget budget{settings_.budget.norm, settings_.validation_epsilon};
    const PgdOptions options{.budget = budget,
                             .steps = static_cast<int>(settings_.validation_steps),
                             .step_size = usual_step_size(budget.epsilon, settings_.validation_steps)};
    const Classifier classifier = [this](const torch::Tensor &x) { return frozen_.forward(x); };
    const auto perturbation = [&](const torch::Tensor &images, const torch::Tensor &labels) {
        return pgd(classifier, images, labels, options, Randomness(settings_.seed));
    };
    return accuracy(std::min(settings_.validation_pictures, validation_->size()), perturbation);
}

double EncoderTask::accuracy(std::int64_t count, const Perturbation &attack) {
    const Classifier classifier = [this](const torch::Tensor &x) { return frozen_.forward(x); };
    const auto [begin, share] = processes_.share(count);
    AccuracyOptions options{
        .pictures = {}, .extent = settings_.extent, .batch = settings_.batch, .device = device_};
    // Spread over the set, which is in the order of the classes.
    for (auto i = begin; i < begin + share; ++i)
        options.pictures.push_back(evenly_spaced(i, count, validation_->size()));
    const auto correct = static_cast<double>(count_correct(*validation_, options, classifier, attack));
    return processes_.average(std::vector<double>{correct}).front() * processes_.size() /
           static_cast<double>(count);
}

void EncoderTask::validate(Readings &readings) {
    if (average_) average_->swap();
    frozen_.refresh();
    clean_ = accuracy(validation_->size());
    robust_ = settings_.validation_epsilon > 0 ? robust_accuracy() : kNaN;
    if (average_) average_->swap();
    readings.set("validation_clean", clean_);
    readings.set("validation_robust", robust_);
    if (!processes_.first()) return;
    constexpr double kPercent = 100;
    auto message = "validation: clean " + decimal(kPercent * clean_, 2) + " %";
    if (settings_.validation_epsilon > 0)
        message += ", PGD-" + std::to_string(settings_.validation_steps) + " " +
                   decimal(kPercent * robust_, 2) + " %";
    log_info(message);
    warn_of_chance();
}

/// A run that learns nothing would otherwise go on to its end.
void EncoderTask::warn_of_chance() const {
    const auto classes = static_cast<double>(data_.classes().size());
    const double chance = 1 / classes;
    const double error = std::sqrt(chance * (1 - chance) / static_cast<double>(validation_->size()));
    if (clean_ > chance + 2 * error) return;
    log_warning(std::string("the encoder is no better than chance; if that stays, ") +
                (settings_.adversary == Adversary::none
                     ? "check the folders of the classes, or lower --set optimizer.rate"
                     : "the attack is too strong at the start: let it grow by --set "
                       "adversary.warmup_epochs=8, or start from an encoder of a smaller --eps by --init"));
}

void EncoderTask::finish() {
    const auto skipped = data_.skipped();
    for (const auto &file : skipped) log_warning("skipped " + file);
    if (!skipped.empty()) log_warning(std::to_string(skipped.size()) + " pictures could not be read");
    if (average_) average_->swap();
    write_encoder_bundle({.output = command_.output,
                          .graphs = graphs_,
                          .network = *network_,
                          .settings = settings_,
                          .classes = data_.classes(),
                          .licence = command_.licence,
                          .facts = facts()});
    record_skipped(command_, static_cast<std::int64_t>(skipped.size()));
    if (average_) average_->swap();
}

/// Before data is opened and processes meet: none of them waits for one that has given up.
void check_batch(std::int64_t batch, int processes) {
    if (batch % processes == 0) return;
    throw Error(ErrorCode::invalid_argument,
                std::to_string(processes) + " processes cannot share evenly a batch of " +
                    std::to_string(batch),
                "data.batch", "set it to a multiple of the number of processes");
}

} // namespace

std::unique_ptr<TrainingTask> encoder_task(const EncoderCommand &command,
                                           const ProcessEnvironment &environment) {
    auto recipe = recipe_of(command, recipe_keys<EncoderRecipe>());
    auto settings = EncoderRecipe::read(recipe);
    check_batch(settings.batch, environment.world);
    if (command.threads > 0) torch::set_num_threads(command.threads);
    if (environment.rank == 0) check_output(command.output); // the others write nothing
    return std::make_unique<EncoderTask>(command, std::move(recipe), std::move(settings), environment);
}

} // namespace mirra::trainer
