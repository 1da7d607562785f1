// Adversarial and standard training of a classifier (paper section 3.1, equations 1 and 2).
#include "tasks/encoder_task.hpp"

#include "attacks/fgsm_rs.hpp"
#include "attacks/gairat.hpp"
#include "attacks/pgd.hpp"
#include "core/autocast.hpp"
#include "core/device.hpp"
#include "core/random.hpp"
#include "eval/accuracy.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/encoder_bundle.hpp"

#include <chrono>
#include <limits>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kCacheBytes = std::uint64_t{8} << 30;
constexpr std::uint64_t kAttackSalt = 0x61747461636b; // keeps the attack's randomness apart from the loader's
constexpr std::uint64_t kDropoutSalt = 0x64726f70;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Pictures are kept somewhat larger than they are used, so that crops have something to choose from.
std::int64_t kept_side(const EncoderRecipe &settings) {
    constexpr std::int64_t kOf = 7, kKept = 8;
    return settings.augmentation.crop == Augmentation::Crop::pad ? settings.extent
                                                                 : (settings.extent * kKept + kOf - 1) / kOf;
}

EncoderRecipe with_classes(EncoderRecipe settings, const ClassSet &data) {
    settings.network.classes = static_cast<std::int64_t>(data.classes().size());
    return settings;
}

const std::vector<std::string> &validation_sources(const EncoderCommand &command) {
    return command.validation.empty() ? command.data : command.validation;
}

/// Folders given with --validation are taken as they are.
Split validation_split(const EncoderCommand &command) {
    return command.validation.empty() ? Split::test : Split::train;
}

} // namespace

EncoderTask::EncoderTask(const EncoderCommand &command, Recipe recipe, EncoderRecipe settings)
    : command_(command)
    , recipe_(std::move(recipe))
    , settings_(std::move(settings))
    , device_(select_device(command.device))
    , data_(command.data, Split::train, {.side = kept_side(settings_), .cache_bytes = kCacheBytes})
    , validation_(std::make_unique<ClassSet>(validation_sources(command), validation_split(command),
                                             ClassSet::Options{kept_side(settings_), kCacheBytes}))
    , graphs_(graph::classifier(with_classes(settings_, data_).network))
    , network_(make_network())
    , frozen_(network_, settings_.bf16 ? at::kBFloat16 : at::kFloat)
    , sgd_(network_->trainable(), settings_.sgd)
    , steps_per_epoch_(
          std::max<std::int64_t>(1, ClassLoader::steps_per_epoch(data_.size(), loader_options())))
    , schedule_(settings_.steps(steps_per_epoch_)) {
    if (validation_->classes() != data_.classes())
        throw Error(ErrorCode::mismatch, "the validation pictures have other classes than the data",
                    validation_sources(command).front(),
                    "give folders whose class folders have the same names");
    if (settings_.average_decay > 0)
        average_ = std::make_unique<WeightAverage>(network_->state(), settings_.average_decay);
}

std::shared_ptr<GraphModule> EncoderTask::make_network() {
    torch::manual_seed(settings_.seed);
    GraphModule::Options options;
    if (settings_.dropout > 0) options.dropout = {"head.classifier.1", "head.classifier.4"};
    options.dropout_probability = settings_.dropout;
    auto network = std::make_shared<GraphModule>(graphs_.classifier, options);
    network->to(device_);
    return network;
}

ClassLoaderOptions EncoderTask::loader_options() const {
    return {.batch = settings_.batch,
            .extent = settings_.extent,
            .augmentation = settings_.augmentation,
            .seed = settings_.seed,
            .threads = command_.loader_threads};
}

std::string EncoderTask::fingerprint() const {
    return recipe_.source() + "|" + std::to_string(data_.fingerprint()) + "|" + std::to_string(steps());
}

std::map<std::string, torch::Tensor> EncoderTask::state() const {
    auto out = network_->state();
    out.merge(sgd_.state());
    if (average_) out.merge(average_->state());
    return out;
}

void EncoderTask::start(std::int64_t step) {
    log_info(std::to_string(data_.size()) + " pictures of " + std::to_string(data_.classes().size()) +
             " classes, " + std::to_string(validation_->size()) + " for validation; " +
             std::to_string(graph::parameter_count(graphs_.classifier)) + " parameters; " +
             std::to_string(steps_per_epoch_) + " steps an epoch");
    loader_ = std::make_unique<ClassLoader>(data_, loader_options(), step);
}

EncoderTask::Adversarial EncoderTask::attack(const torch::Tensor &images, const torch::Tensor &labels,
                                             std::int64_t step) {
    if (settings_.adversary == Adversary::none) return {images, {}};
    frozen_.refresh();
    const Classifier classifier = [this](const torch::Tensor &x) { return frozen_.forward(x); };
    const Randomness randomness(mix(settings_.seed ^ kAttackSalt) ^ static_cast<std::uint64_t>(step));
    if (settings_.adversary == Adversary::fgsm_rs)
        return {fgsm_rs(classifier, images, labels, settings_.budget, randomness), {}};
    const PgdOptions options{.budget = settings_.budget,
                             .steps = static_cast<int>(settings_.attack_steps),
                             .step_size = settings_.step_size,
                             .random_start = settings_.random_start,
                             .best_iterate = settings_.best_iterate};
    if (settings_.adversary == Adversary::pgd)
        return {pgd(classifier, images, labels, options, randomness), {}};
    PgdTrace trace;
    auto attacked = pgd(classifier, images, labels, options, randomness, &trace);
    return {std::move(attacked), gairat_weights(trace.steps_to_fool, options.steps, settings_.gairat_lambda)};
}

torch::Tensor EncoderTask::loss_of(const torch::Tensor &logits, const torch::Tensor &labels,
                                   const torch::Tensor &weights) const {
    const auto losses =
        at::cross_entropy_loss(logits, labels, {}, at::Reduction::None, -100, settings_.label_smoothing);
    return weights.defined() ? (losses * weights).mean() : losses.mean();
}

std::vector<double> EncoderTask::step(std::int64_t step) {
    const auto begin = std::chrono::steady_clock::now();
    const auto batch = loader_->next();
    const auto images = to_images(batch, settings_.extent, device_);
    const auto labels = torch::tensor(batch.labels).to(device_);
    const auto [inputs, weights] = attack(images, labels, step);
    network_->train();
    torch::manual_seed(mix(settings_.seed ^ kDropoutSalt) ^ static_cast<std::uint64_t>(step));
    sgd_.zero_grad();
    torch::Tensor logits, loss;
    {
        const Autocast autocast(device_.type(), settings_.bf16);
        logits = network_->forward({{"image", inputs}}).at("logits").to(at::kFloat);
        loss = loss_of(logits, labels, weights);
    }
    loss.backward();
    constexpr double kNoLimit = 1e30;
    const double norm = sgd_.clip_gradients(settings_.clip_norm > 0 ? settings_.clip_norm : kNoLimit);
    if (!std::isfinite(norm)) // before it reaches the weights and the checkpoint
        throw Error(ErrorCode::internal, "the gradient is not finite at step " + std::to_string(step + 1),
                    recipe_.name(), "lower the learning rate or set clip_norm in the recipe");
    const double rate = schedule_.at(step);
    sgd_.step(rate);
    if (average_) average_->update(step);
    const double accuracy = logits.argmax(1).eq(labels).to(at::kFloat).mean().item<double>();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    return {loss.item<double>(),
            accuracy,
            rate,
            static_cast<double>(settings_.batch) / seconds.count(),
            kNaN,
            kNaN};
}

/// PGD-K without random start on the first validation pictures, at the recipe's validation epsilon.
double EncoderTask::robust_accuracy() {
    constexpr double kReach = 2.5;
    const Budget budget{settings_.budget.norm, settings_.validation_epsilon};
    const PgdOptions options{.budget = budget,
                             .steps = static_cast<int>(settings_.validation_steps),
                             .step_size =
                                 kReach * budget.epsilon / static_cast<double>(settings_.validation_steps)};
    const Classifier classifier = [this](const torch::Tensor &x) { return frozen_.forward(x); };
    const auto attacked = [&](const torch::Tensor &images, const torch::Tensor &labels) {
        return pgd(classifier, images, labels, options, Randomness(settings_.seed));
    };
    const auto count = std::min(settings_.validation_pictures, validation_->size());
    return accuracy(*validation_, {count, settings_.extent, settings_.batch, device_}, classifier, attacked);
}

void EncoderTask::validate(std::vector<double> &values) {
    if (average_) average_->swap();
    frozen_.refresh();
    const Classifier classifier = [this](const torch::Tensor &x) { return frozen_.forward(x); };
    clean_ =
        accuracy(*validation_, {validation_->size(), settings_.extent, settings_.batch, device_}, classifier);
    robust_ = settings_.validation_epsilon > 0 ? robust_accuracy() : kNaN;
    if (average_) average_->swap();
    values[values.size() - 2] = clean_;
    values.back() = robust_;
    constexpr double kPercent = 100;
    auto message = "validation: clean " + decimal(kPercent * clean_, 2) + " %";
    if (settings_.validation_epsilon > 0)
        message += ", PGD-" + std::to_string(settings_.validation_steps) + " " +
                   decimal(kPercent * robust_, 2) + " %";
    log_info(message);
}

void EncoderTask::finish() {
    for (const auto &file : data_.skipped()) log_warning("skipped " + file);
    if (average_) average_->swap();
    write_encoder_bundle({.output = command_.output,
                          .graphs = graphs_,
                          .network = *network_,
                          .settings = settings_,
                          .classes = data_.classes(),
                          .licence = command_.licence,
                          .provenance = {.data = command_.data,
                                         .pictures = data_.size(),
                                         .recipe = &recipe_,
                                         .seed = settings_.seed,
                                         .steps = steps(),
                                         .batch = settings_.batch,
                                         .extent = settings_.extent,
                                         .device = command_.device}});
    if (average_) average_->swap();
}

} // namespace mirra::trainer
