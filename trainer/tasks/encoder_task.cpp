// Adversarial and standard training of a classifier (paper section 3.1, equations 1 and 2).
#include "tasks/encoder_task.hpp"

#include "attacks/gradient_attacks.hpp"
#include "core/autocast.hpp"
#include "core/clip_gradients.hpp"
#include "core/device.hpp"
#include "core/random.hpp"
#include "data/picture_set.hpp"
#include "data/picture_store.hpp"
#include "eval/classifier.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/encoder_bundle.hpp"
#include "tasks/encoder_record.hpp"

#include <chrono>
#include <limits>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kAttackSalt = 0x61747461636b; // keeps the attack's randomness apart from the loader's
using Clock = std::chrono::steady_clock;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

EncoderRecipe with_classes(EncoderRecipe settings, const PictureSet &data) {
    settings.network.classes = static_cast<std::int64_t>(data.classes().size());
    return settings;
}

const std::vector<std::string> &validation_sources(const EncoderCommand &command) {
    return command.validation.empty() ? command.data : command.validation;
}

Split validation_split(const EncoderCommand &command) {
    return command.validation.empty() ? Split::test : evaluation_split(command.validation);
}

} // namespace

EncoderTask::EncoderTask(const EncoderCommand &command, Recipe recipe, EncoderRecipe settings,
                         const ProcessEnvironment &environment)
    : command_(command)
    , recipe_(std::move(recipe))
    , settings_(std::move(settings))
    , device_(select_device(command.device, environment))
    , bf16_(settings_.precision == "auto" ? is_faster_in_bf16(device_) : settings_.precision == "bf16")
    , data_(command.data, Split::train,
            {.side = settings_.kept_side(), .cache_bytes = cache_budget(environment).training})
    , validation_(std::make_unique<PictureSet>(
          validation_sources(command), validation_split(command),
          PictureSet::Options{.side = settings_.kept_side(),
                              .cache_bytes = cache_budget(environment).validation}))
    , processes_(environment, device_)
    , graphs_(graph::classifier(with_classes(settings_, data_).network))
    , network_(make_network())
    , frozen_(network_, bf16_ ? at::kBFloat16 : at::kFloat)
    , sgd_(network_->trainable(), settings_.sgd)
    , gradients_(processes_, network_->trainable())
    , steps_per_epoch_(
          std::max<std::int64_t>(1, ClassLoader::steps_per_epoch(data_.size(), loader_options())))
    , schedule_(settings_.steps(steps_per_epoch_)) {
    check_classes();
    if (settings_.average_decay > 0)
        average_ = std::make_unique<WeightAverage>(network_->state(), settings_.average_decay);
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
    const auto file = command_.init.string();
    const auto refuse = [&](const std::string &why) {
        throw Error(ErrorCode::mismatch, "cannot start from this bundle: " + why, file,
                    "give one of the same architecture, width, input transform and classes");
    };
    const auto bundle = bundle::Bundle::open(command_.init);
    const auto &graphs = bundle->manifest().graphs;
    const auto theirs = graphs.find("classifier");
    if (theirs == graphs.end()) refuse("it holds no classifier");
    if (theirs->second != graphs_.classifier) refuse("its classifier is another network than the recipe's");
    const auto classes = classifier_origin(*bundle, file).classes;
    if (!classes.empty() && classes != data_.classes()) refuse("its classes are not those of the data");
    network.load(*bundle);
    initial_ = bundle->sha256();
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
           (initial_.empty() ? "" : "|" + initial_);
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
    record_encoder_run(command_, recipe_, settings_,
                       {.pictures = data_.size(),
                        .validation_pictures = validation_->size(),
                        .processes = processes_.size(),
                        .bf16 = bf16_,
                        .resumed = step > 0});
}

EncoderTask::Adversarial EncoderTask::attack(const torch::Tensor &images, const torch::Tensor &labels,
                                             std::int64_t step) {
    if (settings_.adversary == Adversary::none) return {images, {}};
    frozen_.refresh();
    const Classifier classifier = [this](const torch::Tensor &x) { return frozen_.forward(x); };
    // Keyed by the picture's place in the batch of all processes, so that their number changes nothing.
    const auto first = processes_.share(settings_.batch).first;
    const Randomness randomness(mix(settings_.seed ^ kAttackSalt) ^ static_cast<std::uint64_t>(step),
                                torch::arange(first, first + images.size(0)));
    const auto budget = settings_.budget_at(images.size(2));
    if (settings_.adversary == Adversary::fgsm_rs)
        return {fgsm_rs(classifier, images, labels, budget, randomness), {}};
    const PgdOptions options{.budget = budget,
                             .steps = static_cast<int>(settings_.attack_steps),
                             .step_size = settings_.step_size * budget.epsilon / settings_.budget.epsilon,
                             .random_start = settings_.random_start,
                             .best_iterate = settings_.best_iterate};
    const bool even = step / steps_per_epoch_ < settings_.gairat_begin_epoch;
    if (settings_.adversary == Adversary::pgd || even)
        return {pgd(classifier, images, labels, options, randomness), {}};
    return gairat(classifier, images, labels, options, randomness);
}

EncoderTask::Adversarial EncoderTask::gairat(const Classifier &classifier, const torch::Tensor &images,
                                             const torch::Tensor &labels, const PgdOptions &options,
                                             const Randomness &randomness) const {
    PgdTrace trace;
    auto attacked = pgd(classifier, images, labels, options, randomness, &trace);
    const auto resistance = processes_.whole(trace.steps_to_fool, settings_.batch);
    return {std::move(attacked),
            processes_.part(gairat_weights(resistance, options.steps, settings_.gairat_lambda))};
}

torch::Tensor EncoderTask::loss_of(const torch::Tensor &logits, const torch::Tensor &labels,
                                   const torch::Tensor &weights) const {
    const auto losses =
        at::cross_entropy_loss(logits, labels, {}, at::Reduction::None, -100, settings_.label_smoothing);
    return weights.defined() ? (losses * weights).mean() : losses.mean();
}

std::vector<double> EncoderTask::step(std::int64_t step) {
    const auto begin = Clock::now();
    const auto batch = loader_->next();
    const std::chrono::duration<double> waiting = Clock::now() - begin;
    const auto images = to_images(batch, device_)
                            .contiguous(settings_.channels_last ? at::MemoryFormat::ChannelsLast
                                                                : at::MemoryFormat::Contiguous);
    const auto labels = torch::tensor(batch.labels).to(device_);
    const auto [inputs, weights] = attack(images, labels, step);
    network_->train();
    torch::manual_seed(settings_.dropout_seed(step, processes_.rank()));
    sgd_.zero_grad();
    torch::Tensor logits, loss;
    {
        const Autocast autocast(device_.type(), bf16_);
        logits = network_->forward({{"image", inputs}}).at("logits").to(at::kFloat);
        loss = loss_of(logits, labels, weights);
    }
    gradients_.backward(loss);
    clip_gradients(sgd_.parameters(), settings_.clip_norm, step, recipe_.name());
    const double rate = schedule_.at(step);
    sgd_.step(rate);
    processes_.average(network_->buffers()); // running statistics, of each process's own pictures
    if (average_) average_->update(step);
    const double accuracy = logits.argmax(1).eq(labels).to(at::kFloat).mean().item<double>();
    const std::chrono::duration<double> seconds = Clock::now() - begin;
    return {loss.item<double>(), accuracy, rate, static_cast<double>(settings_.batch) / seconds.count(),
            waiting / seconds,   kNaN,     kNaN};
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
    for (auto i = begin; i < begin + share; ++i) options.pictures.push_back(i * validation_->size() / count);
    const auto correct = static_cast<double>(count_correct(*validation_, options, classifier, attack));
    return processes_.average(std::vector<double>{correct}).front() * processes_.size() /
           static_cast<double>(count);
}

void EncoderTask::validate(std::vector<double> &values) {
    if (average_) average_->swap();
    frozen_.refresh();
    clean_ = accuracy(validation_->size());
    robust_ = settings_.validation_epsilon > 0 ? robust_accuracy() : kNaN;
    if (average_) average_->swap();
    values[values.size() - 2] = clean_;
    values.back() = robust_;
    if (!processes_.first()) return;
    constexpr double kPercent = 100;
    auto message = "validation: clean " + decimal(kPercent * clean_, 2) + " %";
    if (settings_.validation_epsilon > 0)
        message += ", PGD-" + std::to_string(settings_.validation_steps) + " " +
                   decimal(kPercent * robust_, 2) + " %";
    log_info(message);
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
                          .initial = initial_,
                          .licence = command_.licence,
                          .provenance = {.data = command_.data,
                                         .pictures = data_.size(),
                                         .recipe = &recipe_,
                                         .seed = settings_.seed,
                                         .steps = steps(),
                                         .batch = settings_.batch,
                                         .extent = settings_.extent,
                                         .device = command_.device,
                                         .processes = processes_.size()}});
    record_skipped(command_, static_cast<std::int64_t>(skipped.size()));
    if (average_) average_->swap();
}

} // namespace mirra::trainer
