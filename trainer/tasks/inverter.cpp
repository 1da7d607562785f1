// The inverter's training: command, recipe, bundle and task.
#include "tasks/inverter.hpp"

#include "core/data_files.hpp"
#include "core/device.hpp"
#include "core/divergence.hpp"
#include "core/optimizer.hpp"
#include "core/picture_extent.hpp"
#include "core/provenance.hpp"
#include "core/random.hpp"
#include "core/readings.hpp"
#include "core/recipe_network.hpp"
#include "core/text.hpp"
#include "data/picture_store.hpp"
#include "distributed/environment.hpp"
#include "eval/classifier.hpp"
#include "log/log.hpp"
#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "tasks/generator.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mirra::trainer {
namespace {

constexpr std::array kShortcuts{Shortcut{"--layer", "network.layer"}, Shortcut{"--loss", "loss.kind"},
                                Shortcut{"--steps", "optimizer.steps"}, Shortcut{"--batch", "data.batch"},
                                Shortcut{"--seed", "training.seed"}};

} // namespace

std::unique_ptr<TrainingTask> inverter_task(const InverterCommand &command) {
    require_one_process("inverter");
    auto recipe = recipe_of(command, recipe_keys<InverterRecipe>());
    auto settings = InverterRecipe::read(recipe);
    if (command.threads > 0) torch::set_num_threads(command.threads);
    check_output(command.output);
    return std::make_unique<InverterTask>(command, std::move(recipe), std::move(settings));
}

int train_inverter(const InverterCommand &command) {
    return run(*inverter_task(command), command);
}

void add_inverter_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("inverter", "Train a generator that inverts an encoder's features");
    const auto command = std::make_shared<InverterCommand>();
    add_generator_options(*sub, *command);
    sub->add_option("--init", command->init,
                    "Inverter bundle of the same layer to start from [random weights]");
    add_run_options(*sub, *command, kShortcuts, recipe_keys<InverterRecipe>());
    sub->callback([command, &status] { status = train_inverter(*command); });
}

namespace {

constexpr double kLarge = 1e12, kMany = 1e9, kAlmostOne = 0.999999, kNarrowest = 1.0 / 64, kWidest = 8;

void declare_network(RecipeKeys &keys, InverterRecipe &out) {
    keys.text("network.layer", out.layer, "Tap of the encoder that is inverted").fallback = "its deepest";
    keys.choice("network.layout", out.generator.layout, graph::generator_layouts(), "The generator's layers");
    keys.real("network.width", out.generator.width, {kNarrowest, kWidest}, "Factor of all channel counts");
    keys.flag("network.spectral_norm", out.spectral_norm, "Spectral norm of its convolutions");
    keys.choice<ColorTail>(
        "network.color_tail", out.color_tail,
        {{"random", ColorTail::random}, {"identity", ColorTail::identity}, {"auto", ColorTail::automatic}},
        "First weights of last layers that have three channels");
}

/// The weights are read whatever the kind is, so that one recipe serves every --loss.
void declare_loss(RecipeKeys &keys, InverterRecipe &out) {
    auto kind = out.loss_kind();
    keys.choice("loss.kind", kind, {"pix", "pix+feat", "pix+feat+gan"},
                "What is compared: pixels, features, and by a discriminator");
    declare_pixel_loss(keys, out.pixel_l1, out.pixel_weight);
    declare_feature_distance(keys, out.feature_distance);
    keys.text("loss.feature_layer", out.feature_layer, "Tap whose features are compared").fallback =
        "the inverted one";
    double features = out.feature_weight > 0 ? out.feature_weight : 1, adversarial = 1;
    keys.real("loss.feature_weight", features, {0, kLarge}, "Weight of the mean over all features");
    keys.real("loss.adversarial_weight", adversarial, {0, kLarge}, "Weight of the mean over all pictures");
    out.feature_weight = kind != "pix" ? features : 0;
    out.adversarial_weight = kind == "pix+feat+gan" ? adversarial : 0;
    if (kind != "pix" && !(features > 0))
        throw Error(ErrorCode::invalid_argument,
                    "the loss '" + kind + "' needs a positive 'loss.feature_weight'", keys.recipe_name(),
                    "set it in the recipe, or give --loss pix");
    if (kind == "pix" && !(out.pixel_weight > 0))
        throw Error(ErrorCode::invalid_argument, "the loss 'pix' needs a positive 'loss.pixel_weight'",
                    keys.recipe_name(), "set it in the recipe");
}

void declare_discriminator(RecipeKeys &keys, InverterRecipe &out) {
    constexpr double kRatio = 4; // of the discriminator's pace to the generator's (A3.1)
    constexpr double kFastest = kRatio * 10, kMostDropped = 0.95;
    out.discriminator = out.optimizer;
    auto &[adam, schedule, clip_norm] = out.discriminator;
    schedule.rate *= kRatio;
    schedule.final_rate *= kRatio;
    keys.real("discriminator.beta1", adam.beta1, {0, kAlmostOne}, "Decay of Adam's mean of the gradients")
        .fallback = "the optimizer's";
    keys.real("discriminator.beta2", adam.beta2, {0, kAlmostOne},
              "Decay of Adam's mean of the squared gradients")
        .fallback = "the optimizer's";
    keys.real("discriminator.rate", schedule.rate, {0, kFastest, true}, "Learning rate").fallback =
        "4 times the optimizer's";
    keys.real("discriminator.width", out.discriminator_width, {kNarrowest, kWidest},
              "Factor of all channel counts");
    keys.real("discriminator.dropout", out.dropout, {0, kMostDropped},
              "Share of the discriminator's features that dropout drops");
}

} // namespace

InverterRecipe::InverterRecipe() {
    batch = 32;
    extent = 128;
    optimizer.schedule.rate = 3e-4;
    optimizer.adam.beta1 = 0;
    optimizer.adam.beta2 = 0.9;
}

void InverterRecipe::declare(RecipeKeys &keys) {
    constexpr double kMostPictures = 100'000;
    declare_network(keys, *this);
    declare_pictures(keys);
    declare_loss(keys, *this);
    optimizer.declare(keys, "optimizer");
    keys.real("optimizer.average_decay", average_decay, {0, kAlmostOne},
              "Decay of the moving average of the weights; 0: none");
    declare_freezing(keys, freeze_statistics_from);
    declare_discriminator(keys, *this);
    keys.integer("validation.every", validation_every, {1, kMany}, "Steps between validations");
    keys.integer("validation.pictures", validation_pictures, {1, kMostPictures},
                 "Most pictures of a validation");
    declare_training(keys, precision, seed);
}

std::string InverterRecipe::loss_kind() const {
    if (adversarial_weight > 0) return "pix+feat+gan";
    return feature_weight > 0 ? "pix+feat" : "pix";
}

namespace {

using Json = nlohmann::ordered_json;

} // namespace

std::string generator_graph(const std::string &layer) {
    return "generator-" + layer;
}

std::string autoencoder_graph(const std::string &layer) {
    return "autoencoder-" + layer;
}

std::string generator_prefix(const std::string &layer) {
    return generator_graph(layer) + ".";
}

StoredGenerator stored_generator(const bundle::Bundle &bundle, const std::string &layer) {
    const std::string shared = generator_prefix(layer), alone = "generator.";
    const auto &graph = bundle.graph(generator_graph(layer));
    StoredGenerator out{.graph = with_weight_prefix(graph, shared, alone), .weights = {}};
    for (const auto &[name, shape] : graph::weight_shapes(graph)) {
        const auto values = bundle.weight(name);
        const auto known = name.starts_with(shared) ? alone + name.substr(shared.size()) : name;
        out.weights[known] = {shape, {values.begin(), values.end()}};
    }
    return out;
}

void add_encoder_weights(const bundle::Bundle &encoder, bundle::Weights &weights) {
    for (const auto &[name, shape] : graph::weight_shapes(encoder.graph("encoder"))) {
        const auto values = encoder.weight(name);
        weights[name] = {shape, {values.begin(), values.end()}};
    }
}

std::string inverted_layer(const bundle::Bundle &bundle) {
    const auto defaults = Json::parse(bundle.manifest().defaults);
    if (const auto found = defaults.find("layer"); found != defaults.end() && found->is_string())
        return found->get<std::string>();
    throw Error(ErrorCode::mismatch, "the bundle's manifest names no layer, so it is no inverter", "layer",
                "give a bundle that mirra-train inverter has made");
}

BundleContents inverter_contents(const InverterBundle &bundle) {
    BundleContents contents{.manifest = {}, .weights = bundle.generator.weights()};
    auto &manifest = contents.manifest;
    manifest.task = "invert";
    manifest.name = bundle_name(bundle.output);
    manifest.architecture = bundle.encoder.manifest().architecture + "-" + bundle.layer;
    manifest.licence = bundle.licence;
    manifest.defaults = Json{{"layer", bundle.layer}}.dump();
    auto provenance = provenance_of(bundle.facts);
    provenance.encoder = encoder_record(bundle.encoder, bundle.encoder_name);
    provenance.loss = bundle.loss;
    manifest.provenance = bundle::to_json(provenance);
    const auto &encoder = bundle.encoder.graph("encoder");
    const auto &generator = bundle.generator.graph();
    manifest.graphs.emplace("encoder", encoder);
    manifest.graphs.emplace(generator_graph(bundle.layer), generator);
    manifest.graphs.emplace(autoencoder_graph(bundle.layer),
                            graph::autoencoder(encoder, bundle.layer, generator));
    add_encoder_weights(bundle.encoder, contents.weights);
    return contents;
}

void write_inverter_bundle(const InverterBundle &bundle) {
    const auto contents = inverter_contents(bundle);
    write_trained(bundle.output, contents.manifest, contents.weights, bundle::DType::f16, kOptimizerRate,
                  &bundle.encoder.graph("encoder"));
    log_info("wrote " + bundle.output.string());
}

namespace {

constexpr std::uint64_t kCacheBytes = std::uint64_t{6} << 30;
constexpr std::uint64_t kDropoutSalt = 0x64726f70;

/// @throws Error not_found
InverterRecipe with_layers(InverterRecipe settings, const bundle::Bundle &bundle) {
    const auto &encoder = bundle.graph("encoder");
    if (settings.layer.empty()) settings.layer = encoder.outputs.back().name;
    static_cast<void>(features_of(encoder, settings.layer, "network.layer"));
    if (settings.feature_layer.empty()) settings.feature_layer = settings.layer;
    static_cast<void>(features_of(encoder, settings.feature_layer, "loss.feature_layer"));
    return settings;
}

PictureSet::Options unlabelled(const InverterRecipe &settings) {
    return {.side = settings.kept_side(), .cache_bytes = kCacheBytes, .labelled = false};
}

} // namespace

InverterTask::InverterTask(const InverterCommand &command, Recipe recipe, InverterRecipe settings)
    : InverterTask(command, std::move(recipe), settings, open_pictures(command, settings)) {}

InverterTask::InverterTask(InverterCommand command, Recipe recipe, InverterRecipe settings, Pictures pictures,
                           std::string name)
    : command_(std::move(command))
    , name_(std::move(name))
    , recipe_(std::move(recipe))
    , encoder_bundle_(bundle::Bundle::open(find_bundle(command_.encoder)))
    , settings_(with_layers(std::move(settings), *encoder_bundle_))
    , device_(select_device(command_.device))
    , bf16_(is_bf16(settings_.precision, device_))
    , data_(std::move(pictures.training))
    , validation_(std::move(pictures.validation))
    , generator_(make_generator())
    , encoder_(make_comparator(settings_.layer))
    , adam_(generator_->trainable(), settings_.optimizer.adam)
    , recorded_(device_, command_.recorder) {
    fit_batch(settings_.batch, data_->size());
    if (settings_.feature_layer != settings_.layer)
        comparator_ = std::make_unique<Comparator>(make_comparator(settings_.feature_layer));
    check_extents();
    if (settings_.adversarial_weight > 0) make_discriminator();
    if (settings_.average_decay > 0)
        average_ = std::make_unique<WeightAverage>(generator_->state(), settings_.average_decay);
}

InverterTask::Pictures InverterTask::open_pictures(const InverterCommand &command,
                                                   const InverterRecipe &settings) {
    const auto options = unlabelled(settings);
    Pictures out{.training = std::make_shared<PictureSet>(command.data, Split::train, options),
                 .validation = nullptr};
    if (!command.validation.empty()) {
        out.validation =
            std::make_shared<PictureSet>(command.validation, evaluation_split(command.validation), options);
        return out;
    }
    try {
        out.validation = std::make_shared<PictureSet>(command.data, Split::test, options);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::not_found) throw;
        out.validation = out.training->hold_out(settings.validation_pictures);
    }
    return out;
}

std::shared_ptr<GraphModule> InverterTask::make_generator() {
    torch::manual_seed(settings_.seed);
    const auto graph = built_from("network", [&] {
        return graph::generator(encoder_bundle_->graph("encoder"), settings_.layer, settings_.generator);
    });
    GraphModule::Options options;
    if (settings_.spectral_norm) options.spectral_norm = {"generator."};
    auto generator = std::make_shared<GraphModule>(graph, options);
    if (!command_.init.empty())
        load_initial(*generator);
    else if (settings_.color_tail != ColorTail::random && !start_color_tail(*generator) &&
             settings_.color_tail == ColorTail::identity)
        throw Error(ErrorCode::invalid_argument,
                    "this generator does not end in three channels through a ReLU", "network.color_tail",
                    "leave it out of the recipe");
    generator->to(device_);
    return generator;
}

void InverterTask::load_initial(GraphModule &generator) {
    const auto bundle = bundle::Bundle::open(find_bundle(command_.init));
    const auto stored = stored_generator(*bundle, settings_.layer);
    if (stored.graph != generator.graph())
        throw Error(ErrorCode::mismatch, "cannot start from this bundle: its generator is another network",
                    command_.init.string(), "give one of the same encoder architecture, layer and width");
    generator.load(stored.weights);
    rounds_ = rounds_before(*bundle);
}

Comparator InverterTask::make_comparator(const std::string &layer) const {
    return {*encoder_bundle_, graph::part_of(encoder_bundle_->graph("encoder"), layer, "features"), device_,
            bf16_ ? at::kBFloat16 : at::kFloat};
}

void InverterTask::make_discriminator() {
    const auto part = graph::part_of(encoder_bundle_->graph("encoder"), settings_.feature_layer, "features");
    const auto shapes =
        graph::infer_shapes(part, {{part.inputs.front().name, {1, 3, settings_.extent, settings_.extent}}});
    discriminator_ = std::make_unique<Discriminator>(
        Discriminator::Options{.feature_channels = shapes.at(part.outputs.front().source)[1],
                               .extent = settings_.extent,
                               .width = settings_.discriminator_width,
                               .dropout = settings_.dropout,
                               .adam = settings_.discriminator.adam,
                               .bf16 = bf16_},
        device_);
}

/// Every extent of the training must come back from the generator as it was.
void InverterTask::check_extents() const {
    const auto whole =
        graph::autoencoder(encoder_bundle_->graph("encoder"), settings_.layer, generator_->graph());
    const auto encoder = graph::part_of(encoder_bundle_->graph("encoder"), settings_.layer, "features");
    std::vector<std::pair<std::int64_t, std::string>> extents{{settings_.extent, "data.extent"}};
    for (const auto &phase : settings_.growth) extents.emplace_back(phase.extent, "data.growth");
    for (const auto &[extent, key] : extents) {
        check_extent(whole, extent, key);
        const graph::Shape pictures{1, 3, extent, extent};
        const auto shapes = graph::infer_shapes(whole, {{whole.inputs.front().name, pictures}});
        if (shapes.at(whole.outputs.front().source)[2] != extent)
            throw Error(ErrorCode::invalid_argument,
                        "pictures of " + std::to_string(extent) + " pixels do not come back at their size",
                        key,
                        "use multiples of " + std::to_string(graph::alignment(whole)) + " in the recipe");
        // The encoder's batch norms keep the statistics that they have.
        const auto features = graph::infer_shapes(encoder, {{encoder.inputs.front().name, pictures}});
        if (settings_.freeze_statistics_from > 0)
            check_batch(generator_->graph(), features.at(encoder.outputs.front().source)[2], settings_.batch,
                        "data.batch");
    }
    if (settings_.adversarial_weight > 0 && !settings_.growth.empty())
        throw Error(ErrorCode::invalid_argument, "the discriminator is made for one extent", "data.growth",
                    "leave growth out of a recipe with the loss pix+feat+gan");
}

/// Where nothing is held out it is that of earlier trainers, whose runs go on.
std::string InverterTask::fingerprint() const {
    return fingerprint(recipe_.source()) + (data_->is_part() ? "|" + hex(data_->pictures_fingerprint()) : "");
}

std::string InverterTask::fingerprint(const std::string &recipe) const {
    return recipe + "|" + std::to_string(data_->fingerprint()) + "|" + encoder_bundle_->sha256() +
           (rounds_.empty() ? "" : "|" + rounds_.back().sha256);
}

std::map<std::string, torch::Tensor> InverterTask::state() const {
    auto out = generator_->state();
    out.merge(adam_.state());
    if (average_) out.merge(average_->state());
    if (discriminator_) out.merge(discriminator_->state());
    return out;
}

void InverterTask::start(std::int64_t step) {
    log_info(std::to_string(data_->size()) + " pictures, " + std::to_string(validation_->size()) +
             " for validation; " + std::to_string(graph::parameter_count(generator_->graph())) +
             " parameters invert " + settings_.layer + " by " + settings_.loss_kind());
    static_cast<void>(validation_->get(0)); // fails now, not at the first validation, if none can be read
    const ClassLoaderOptions options{.batch = settings_.batch,
                                     .extent = settings_.extent,
                                     .growth = settings_.growth,
                                     .augmentation = settings_.augmentation,
                                     .seed = settings_.seed,
                                     .threads = command_.loader_threads};
    loader_ = std::make_unique<ClassLoader>(*data_, options, step);
    if (auto command = words(); !command.empty())
        record_run(command_, facts(),
                   {.words = std::move(command),
                    .validation = command_.validation,
                    .validation_pictures = validation_->size(),
                    .bf16 = bf16_,
                    .resumed = step > 0});
}

std::vector<std::string> InverterTask::words() const {
    auto own = options_of(command_);
    own.emplace_back("--init", command_.init.string());
    return words_of(command_, "inverter", own, kShortcuts);
}

TrainingFacts InverterTask::facts() const {
    auto out = facts_of(command_, recipe_, settings_);
    out.pictures = data_->size();
    out.steps = steps();
    out.rounds = rounds_;
    return out;
}

torch::Tensor InverterTask::generate(const torch::Tensor &features) {
    const Autocast autocast(device_.type(), bf16_);
    return generator_->forward({{"features", features}}).at("image").to(at::kFloat);
}

/// Equations 3 to 7, with means in the place of sums.
InverterTask::Losses InverterTask::losses_of(const torch::Tensor &output, const torch::Tensor &images,
                                             const torch::Tensor &features, std::int64_t step) {
    Losses out;
    out.pixel = settings_.pixel_l1 ? torch::l1_loss(output, images) : torch::mse_loss(output, images);
    out.total = settings_.pixel_weight * out.pixel;
    if (settings_.feature_weight == 0) return out;
    auto &comparator = comparator_ ? *comparator_ : encoder_;
    torch::Tensor wanted = features;
    if (comparator_) {
        const torch::NoGradGuard no_grad;
        wanted = comparator.features(images);
    }
    out.feature = comparator.distance(output, wanted, settings_.feature_distance);
    out.total = out.total + settings_.feature_weight * out.feature;
    if (!discriminator_) return out;
    // The discriminator first, and the generator against the one that it has become
    // (docs/explanation/method.md).
    out.discriminator =
        discriminator_->train(images, output, wanted, settings_.discriminator.schedule.at(step));
    out.generator = discriminator_->loss(output, wanted);
    out.total = out.total + settings_.adversarial_weight * out.generator;
    return out;
}

RecordedStep::Tensors InverterTask::backward(const torch::Tensor &images, std::int64_t step) {
    torch::Tensor features;
    {
        const torch::NoGradGuard no_grad;
        features = encoder_.features(images);
    }
    adam_.zero_grad();
    const auto losses = losses_of(generate(features), images, features, step);
    losses.total.backward();
    RecordedStep::Tensors out;
    for (const auto &part :
         {losses.total, losses.pixel, losses.feature, losses.generator, losses.discriminator})
        out.push_back(part.defined() ? part.detach() : torch::zeros_like(losses.total.detach()));
    out.push_back(clip_gradients(adam_.parameters(), settings_.optimizer.clip_norm));
    return out;
}

void InverterTask::step(std::int64_t step, Readings &readings) {
    const auto batch = readings.waiting([&] { return loader_->next(); });
    const auto images = to_images(batch, device_).contiguous(at::MemoryFormat::ChannelsLast);
    torch::manual_seed(mix(settings_.seed ^ kDropoutSalt) ^ static_cast<std::uint64_t>(step));
    generator_->train();
    const bool frozen = freezes_statistics(settings_.freeze_statistics_from, step, steps());
    generator_->freeze_statistics(frozen);
    // A discriminator has a rate, and drops features, of each step by itself.
    const auto results = discriminator_ ? backward(images, step)
                                        : recorded_.run(frozen ? 1 : 0, {images}, [this](const auto &inputs) {
                                              return backward(inputs[0], 0);
                                          });
    const auto &norm = results.back();
    const double rate = settings_.optimizer.schedule.at(step);
    adam_.step(rate, norm);
    if (average_) average_->update(step);
    readings.require_finite(norm, "the gradient", rate_key());
    for (std::size_t i = 0; i + 1 < results.size(); ++i) readings.set(columns()[i], results[i]);
    readings.set("rate", rate);
    readings.pictures(settings_.batch);
}

void InverterTask::validate(Readings &readings) {
    const torch::NoGradGuard no_grad;
    if (average_) average_->swap();
    generator_->eval();
    const ReconstructionOptions options{
        .pictures = settings_.validation_pictures, .extent = settings_.extent, .device = device_};
    const auto similarity = reconstruction_similarity(
        *validation_, options, [&](const auto &images) { return generate(encoder_.features(images)); });
    if (average_) average_->swap();
    readings.set("validation_psnr", similarity.psnr.mean());
    readings.set("validation_ssim", similarity.ssim.mean());
    log_info("validation: " + decimal(similarity.psnr.mean(), 3) + " dB, SSIM " +
             decimal(similarity.ssim.mean(), 4) + " of " + std::to_string(similarity.psnr.count()) +
             " pictures");
}

void InverterTask::finish(const std::function<void(const InverterBundle &)> &write) {
    for (const auto *set : {data_.get(), validation_.get()})
        for (const auto &file : set->skipped()) log_warning("skipped " + file);
    if (average_) average_->swap();
    write({.output = command_.output,
           .encoder = *encoder_bundle_,
           .encoder_name = command_.encoder.stem().string(),
           .generator = *generator_,
           .layer = settings_.layer,
           .loss = settings_.loss_kind(),
           .licence = command_.licence,
           .facts = facts()});
    if (average_) average_->swap();
    if (!words().empty()) record_skipped(command_, std::ssize(data_->skipped()));
}

} // namespace mirra::trainer
