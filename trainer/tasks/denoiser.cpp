// The denoiser's training: command, recipe, network, task and bundle.
#include "tasks/denoiser.hpp"

#include "core/data_files.hpp"
#include "core/device.hpp"
#include "core/optimizer.hpp"
#include "core/provenance.hpp"
#include "core/text.hpp"
#include "core/training_run.hpp"
#include "data/loaders.hpp"
#include "distributed/environment.hpp"
#include "log/log.hpp"
#include "losses/comparator.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "tasks/denoiser_noise.hpp"
#include "tasks/generator.hpp"
#include "tasks/inverter.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <limits>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kCacheBytes = std::uint64_t{6} << 30;
constexpr std::int64_t kValidationExtent = 256;
constexpr double kFullRange = 255;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

torch::Tensor pictures(const std::vector<std::uint8_t> &pixels, std::int64_t crop,
                       const torch::Device &device) {
    const auto count = static_cast<std::int64_t>(pixels.size()) / (crop * crop * 3);
    const auto bytes =
        torch::from_blob(const_cast<std::uint8_t *>(pixels.data()), {count, crop, crop, 3}, at::kByte);
    return (bytes.to(device).to(at::kFloat) / kFullRange).permute({0, 3, 1, 2});
}

constexpr std::array kShortcuts{Shortcut{"--steps", "optimizer.steps"}, Shortcut{"--batch", "data.batch"},
                                Shortcut{"--seed", "training.seed"}};

DenoiserOrigin open_origin(const DenoiserCommand &command) {
    DenoiserOrigin out;
    if (command.encoder) out.encoder = bundle::Bundle::open(find_bundle(*command.encoder));
    if (command.start) out.start = bundle::Bundle::open(find_bundle(*command.start));
    return out;
}

class DenoiserTask final : public TrainingTask {
  public:
    /// `command` must outlive the task. @throws Error
    DenoiserTask(const DenoiserCommand &command, Recipe recipe, DenoiserRecipe settings);

    [[nodiscard]] std::string name() const override { return "denoiser"; }
    [[nodiscard]] std::int64_t steps() const override { return settings_.optimizer.schedule.steps; }
    [[nodiscard]] std::string fingerprint() const override;
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override;
    [[nodiscard]] std::vector<std::string> columns() const override {
        return {"loss", "rate", "gradient_norm", "steps_per_second", "validation_psnr"};
    }
    [[nodiscard]] std::int64_t validation_interval() const override { return settings_.validation_every; }
    void start(std::int64_t step) override;
    std::vector<double> step(std::int64_t step) override;
    void validate(std::vector<double> &values) override;
    void finish() override;

  private:
    torch::Tensor loss_of(const NoisyBatch &batch);
    torch::Tensor denoise(const torch::Tensor &noisy, const torch::Tensor &noise_level);
    [[nodiscard]] std::string first_weights() const;
    [[nodiscard]] TrainingFacts facts() const;
    [[nodiscard]] std::vector<std::string> words() const;
    double validation_psnr();
    double validation_psnr(const image::Image &picture, std::int64_t index);

    const DenoiserCommand &command_;
    Recipe recipe_;
    DenoiserRecipe settings_;
    torch::Device device_;
    bool bf16_;
    PictureSet data_;
    std::unique_ptr<PictureSet> validation_;
    DenoiserOrigin origin_;
    std::vector<bundle::Round> rounds_; ///< the trainings before this one; empty: random weights
    std::shared_ptr<GraphModule> network_;
    std::unique_ptr<Comparator> comparator_; ///< null without a feature loss
    Adam adam_;
    std::unique_ptr<CropLoader> loader_;
};

DenoiserTask::DenoiserTask(const DenoiserCommand &command, Recipe recipe, DenoiserRecipe settings)
    : command_(command)
    , recipe_(std::move(recipe))
    , settings_(std::move(settings))
    , device_(select_device(command.device))
    , bf16_(is_bf16(settings_.precision, device_))
    , data_(open_folders(command.data), {.cache_bytes = kCacheBytes})
    , validation_(data_.hold_out(settings_.validation_pictures))
    , origin_(open_origin(command))
    , rounds_(origin_.start ? rounds_before(*origin_.start) : std::vector<bundle::Round>())
    , network_(make_denoiser(settings_, origin_, device_))
    , adam_(network_->trainable(), settings_.optimizer.adam) {
    if (settings_.feature_weight > 0) comparator_ = std::make_unique<Comparator>(*origin_.encoder, device_);
}

std::string DenoiserTask::fingerprint() const {
    return recipe_.source() + "|" + std::to_string(settings_.seed) + "|" + std::to_string(steps()) + "|" +
           std::to_string(data_.source_fingerprint()) + origin_.fingerprint();
}

std::map<std::string, torch::Tensor> DenoiserTask::state() const {
    auto out = network_->state();
    out.merge(adam_.state());
    return out;
}

void DenoiserTask::start(std::int64_t step) {
    log_info(std::to_string(data_.size()) + " pictures, " + std::to_string(validation_->size()) +
             " more for validation; " + std::to_string(graph::parameter_count(network_->graph())) +
             " parameters, from " + first_weights());
    static_cast<void>(validation_->get(0)); // fails now, not at the first validation, if none can be read
    const CropLoader::Options options{settings_.batch,     settings_.crop, settings_.flips,
                                      settings_.rotations, settings_.seed, command_.loader_threads};
    loader_ = std::make_unique<CropLoader>(data_, options, step);
    record_run(command_, facts(),
               {.words = words(),
                .validation = {},
                .validation_pictures = validation_->size(),
                .bf16 = bf16_,
                .resumed = step > 0});
}

std::vector<std::string> DenoiserTask::words() const {
    std::vector<std::pair<std::string, std::string>> own;
    for (const auto &folder : command_.data) own.emplace_back("--data", folder.string());
    if (command_.encoder) own.emplace_back("--encoder", command_.encoder->string());
    if (command_.start) own.emplace_back("--start-from", command_.start->string());
    return words_of(command_, "denoiser", own, kShortcuts);
}

TrainingFacts DenoiserTask::facts() const {
    std::vector<std::string> sources;
    for (const auto &folder : command_.data) sources.push_back(folder.string());
    return {.data = std::move(sources),
            .pictures = data_.size(),
            .recipe = &recipe_,
            .seed = settings_.seed,
            .steps = steps(),
            .batch = settings_.batch,
            .extent = settings_.crop,
            .device = command_.device,
            .rounds = rounds_};
}

std::string DenoiserTask::first_weights() const {
    if (command_.start) return command_.start->string();
    return command_.encoder && settings_.starts_from_encoder() ? command_.encoder->string()
                                                               : "random weights";
}

std::vector<double> DenoiserTask::step(std::int64_t step) {
    const auto begin = std::chrono::steady_clock::now();
    const auto crops = loader_->next();
    const auto batch =
        add_noise(pictures(crops.pixels, settings_.crop, device_), settings_.noise, settings_.seed, step);
    network_->train();
    adam_.zero_grad();
    const auto loss = loss_of(batch);
    loss.backward();
    const double norm =
        clip_gradients(adam_.parameters(), settings_.optimizer.clip_norm, step, command_.recipe.string());
    const double rate = settings_.optimizer.schedule.at(step);
    adam_.step(rate);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    return {loss.item<double>(), rate, norm, 1 / seconds.count(), kNaN};
}

torch::Tensor DenoiserTask::denoise(const torch::Tensor &noisy, const torch::Tensor &noise_level) {
    return network_->forward({{"image", noisy}, {"noise_level", noise_level}}).at("image");
}

torch::Tensor DenoiserTask::loss_of(const NoisyBatch &batch) {
    const Autocast autocast(device_.type(), bf16_);
    const auto output = denoise(batch.noisy, batch.noise_level).to(at::kFloat);
    auto loss = settings_.pixel_weight * (settings_.pixel_l1 ? torch::l1_loss(output, batch.target)
                                                             : torch::mse_loss(output, batch.target));
    if (!comparator_) return loss;
    torch::Tensor wanted;
    {
        const torch::NoGradGuard no_grad;
        wanted = comparator_->features(batch.target);
    }
    return loss +
           settings_.feature_weight * comparator_->distance(output, wanted, settings_.feature_distance);
}

void DenoiserTask::validate(std::vector<double> &values) {
    const auto psnr = validation_psnr();
    values.back() = psnr;
    log_info("validation: " + decimal(psnr, 3) + " dB at sigma " + decimal(settings_.validation_sigma, 0));
}

double DenoiserTask::validation_psnr() {
    const torch::NoGradGuard no_grad;
    network_->eval();
    double sum = 0;
    for (std::int64_t i = 0; i < validation_->size(); ++i)
        sum += validation_psnr(*validation_->get(i).picture, i);
    return sum / static_cast<double>(validation_->size());
}

/// Of the middle of a picture.
double DenoiserTask::validation_psnr(const image::Image &picture, std::int64_t index) {
    constexpr auto kExtent = kValidationExtent;
    constexpr auto kSide = static_cast<std::int32_t>(kExtent);
    std::vector<float> clean(static_cast<std::size_t>(kExtent * kExtent * 3));
    image::gather(picture.view(),
                  {(picture.width() - kSide) / 2, (picture.height() - kSide) / 2, kSide, kSide}, clean, 3);
    auto noisy = clean;
    image::add_gaussian_noise(noisy, settings_.validation_sigma / kFullRange,
                              static_cast<std::uint64_t>(index), true);
    const auto image =
        torch::from_blob(noisy.data(), {1, kExtent, kExtent, 3}).permute({0, 3, 1, 2}).to(device_);
    const auto output =
        denoise(image, torch::full({1, 1, kExtent, kExtent}, graph::kUnknownNoiseLevel, device_))
            .clamp(0, 1)
            .permute({0, 2, 3, 1})
            .contiguous()
            .to(at::kCPU);
    return image::psnr(clean, {output.const_data_ptr<float>(), clean.size()});
}

void DenoiserTask::finish() {
    for (const auto *set : {&data_, validation_.get()})
        for (const auto &file : set->skipped()) log_warning("skipped " + file);
    write_denoiser_bundle({.output = command_.output,
                           .network = *network_,
                           .settings = settings_,
                           .origin = origin_,
                           .encoder_name = command_.encoder ? command_.encoder->stem().string() : "",
                           .licence = command_.licence,
                           .facts = facts()});
    record_skipped(command_, std::ssize(data_.skipped()));
}

} // namespace

std::unique_ptr<TrainingTask> denoiser_task(const DenoiserCommand &command) {
    require_one_process("denoiser");
    auto recipe = recipe_of(command, recipe_keys<DenoiserRecipe>());
    auto settings = DenoiserRecipe::read(recipe);
    if (command.threads > 0) torch::set_num_threads(command.threads);
    check_output(command.output);
    return std::make_unique<DenoiserTask>(command, std::move(recipe), std::move(settings));
}

int train_denoiser(const DenoiserCommand &command) {
    return run(*denoiser_task(command), command);
}

void add_denoiser_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("denoiser", "Train a denoiser on a folder of clean pictures");
    const auto command = std::make_shared<DenoiserCommand>();
    sub->add_option("--data", command->data, "Folders of pictures (.png, .jpg), searched to any depth")
        ->required();
    sub->add_option("--encoder", command->encoder,
                    "Bundle whose encoder the network has, and compares features with");
    sub->add_option(
        "--start-from", command->start,
        "Denoiser bundle to start from: the same parameters, or fewer residual blocks [random weights]");
    command->recipe = "denoiser";
    add_run_options(*sub, *command, kShortcuts, recipe_keys<DenoiserRecipe>());
    sub->callback([command, &status] { status = train_denoiser(*command); });
}

namespace {

constexpr double kLarge = 1e12, kMany = 1e9;

/// Keys of one architecture are unknown to the other.
void declare_network(RecipeKeys &keys, DenoiserRecipe &out) {
    keys.choice("network.architecture", out.architecture, {"wavelet-denoiser", "alexnet-denoiser"},
                "The network; `alexnet-denoiser` is the paper's");
    if (keys.listing() || !out.starts_from_encoder()) {
        auto &wavelet = out.wavelet;
        keys.integers("network.channels", wavelet.channels, "Channels at 1/2, 1/4, ... of the resolution");
        keys.integers("network.blocks", wavelet.blocks, "Residual blocks of each level and direction");
        keys.flag("network.noise_level_input", wavelet.noise_level_input, "Whether noise levels can be told");
    }
    if (keys.listing() || out.starts_from_encoder()) {
        std::string transform;
        keys.text("network.input_transform", transform, "What `alexnet-denoiser` does to pixels first")
            .fallback = "the encoder's";
        if (!transform.empty()) out.input_transform = graph::parse_input_transform(transform);
        keys.choice<bool>("network.color_tail", out.identity_tail, {{"random", false}, {"identity", true}},
                          "First weights of the last layers of `alexnet-denoiser`");
    }
    keys.texts("network.spectral_norm", out.spectral_norm, "Prefixes of weights with spectral norm");
    keys.texts("network.zero_init", out.zero_init, "Prefixes of weights that start at zero");
    keys.texts("network.frozen", out.frozen, "Prefixes of weights that are not trained");
}

bool takes_noise_level(const graph::Graph &network) {
    return std::ranges::any_of(network.inputs, [](const auto &input) { return input.name == "noise_level"; });
}

} // namespace

void DenoiserRecipe::declare(RecipeKeys &keys) {
    constexpr double kSmallestCrop = 16, kMost = 4096, kMostPictures = 10'000;
    declare_network(keys, *this);
    keys.integer("data.crop", crop, {kSmallestCrop, kMost}, "Height and width of the crops");
    keys.integer("data.batch", batch, {1, kMost}, "Number of crops in a step");
    keys.flag("data.flips", flips, "Whether half of the crops are mirrored");
    keys.flag("data.rotations", rotations, "Whether crops are turned by quarters");
    noise.declare(keys);
    declare_pixel_loss(keys, pixel_l1, pixel_weight);
    keys.real("loss.feature_weight", feature_weight, {0, kLarge},
              "Weight of the mean over the encoder's features; 0: not compared");
    declare_feature_distance(keys, feature_distance);
    if (!(pixel_weight > 0) && !(feature_weight > 0))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'loss.pixel_weight' and 'loss.feature_weight' are both 0, so nothing is learned",
                    keys.recipe_name(), "set one of them");
    optimizer.declare(keys, "optimizer");
    keys.integer("validation.every", validation_every, {1, kMany}, "Steps between validations");
    keys.integer("validation.pictures", validation_pictures, {1, kMostPictures},
                 "Number of pictures held out for the validation");
    keys.real("validation.sigma", validation_sigma, {0, kFullRange}, "Noise of the validation, of 255");
    declare_training(keys, precision, seed);
}

graph::Graph DenoiserRecipe::network(const graph::Graph *encoder) const {
    const auto network = [&] {
        if (architecture == "wavelet-denoiser") return graph::wavelet_denoiser(wavelet);
        if (encoder) return graph::alexnet_denoiser(*encoder, input_transform);
        return graph::alexnet_denoiser(input_transform.value_or(graph::InputTransform::mean_std));
    }();
    if (noise.known_probability > 0 && !takes_noise_level(network))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: noise levels are to be told to a network that has no input for them",
                    "noise.known_probability",
                    "leave it out, or give the network the input (noise_level_input of wavelet-denoiser)");
    const auto step = graph::alignment(network);
    if (crop % step != 0 || crop < graph::minimum_extent(network))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'data.crop' must be a multiple of " + std::to_string(step) + ", at least " +
                        std::to_string(graph::minimum_extent(network)),
                    std::to_string(crop));
    return network;
}

namespace {

const std::string kEncoderPrefix = "encoder.";

void check_encoder(const DenoiserRecipe &recipe, const DenoiserOrigin &origin) {
    const bool used = recipe.starts_from_encoder() || recipe.feature_weight > 0;
    if (origin.encoder && !used)
        throw Error(
            ErrorCode::invalid_argument,
            "an encoder is given, but the recipe's network has none and its loss compares no features",
            "--encoder", "leave it out, or set loss.feature_weight in the recipe");
    if (origin.encoder) return;
    if (!recipe.frozen.empty() && !origin.start)
        throw Error(ErrorCode::invalid_argument, "the recipe freezes weights, which must come from somewhere",
                    "network.frozen", "give --encoder BUNDLE");
    if (recipe.feature_weight > 0)
        throw Error(ErrorCode::invalid_argument, "the recipe asks for a feature loss, which needs an encoder",
                    "loss.feature_weight", "give --encoder BUNDLE, or set the weight to 0");
}

[[noreturn]] void refuse(const bundle::Bundle &start) {
    throw Error(ErrorCode::mismatch,
                "cannot start from this bundle: its denoiser has other parameters than the recipe's",
                start.manifest().name,
                "give a denoiser of the same architecture and channels with as many blocks or fewer, or "
                "change [network]");
}

/// The weights of the network that the start lacks: those of the residual blocks that a deeper one has more.
std::vector<std::string> added_weights(const graph::Graph &network, const bundle::Bundle &start) {
    auto added = graph::weight_shapes(network);
    for (const auto &[name, shape] : graph::weight_shapes(start.graph("denoiser"))) {
        const auto found = added.find(name);
        if (found == added.end() || found->second != shape) refuse(start);
        added.erase(found);
    }
    std::vector<std::string> names;
    for (const auto &[name, shape] : added) {
        if (name.find(".blocks.") == std::string::npos) refuse(start);
        names.push_back(name);
    }
    return names;
}

/// A misspelt prefix would do nothing, in silence.
void check_prefixes(const graph::Graph &network, const std::vector<std::string> &prefixes,
                    const std::string &key) {
    const auto weights = graph::weight_shapes(network);
    for (const auto &prefix : prefixes)
        if (std::ranges::none_of(weights,
                                 [&](const auto &weight) { return weight.first.starts_with(prefix); }))
            throw Error(ErrorCode::invalid_argument, "no weight of the network begins with '" + prefix + "'",
                        "network." + key, "the first one is named '" + weights.begin()->first + "'");
}

/// A block whose second convolution is zero passes its input on, so the start's result is kept.
bool ends_a_block(const std::string &name) {
    return name.find(".conv2.") != std::string::npos;
}

} // namespace

std::string DenoiserOrigin::fingerprint() const {
    std::string out;
    if (encoder) out.append("|").append(encoder->sha256());
    if (start) out.append("|start:").append(start->sha256());
    return out;
}

std::shared_ptr<GraphModule> make_denoiser(const DenoiserRecipe &recipe, const DenoiserOrigin &origin,
                                           const torch::Device &device) {
    check_encoder(recipe, origin);
    torch::manual_seed(recipe.seed);
    const auto *encoder =
        origin.encoder && recipe.starts_from_encoder() ? &origin.encoder->graph("encoder") : nullptr;
    auto graph = recipe.network(encoder);
    check_prefixes(graph, recipe.spectral_norm, "spectral_norm");
    check_prefixes(graph, recipe.zero_init, "zero_init");
    check_prefixes(graph, recipe.frozen, "frozen");
    const auto added = origin.start ? added_weights(graph, *origin.start) : std::vector<std::string>();
    GraphModule::Options options{recipe.spectral_norm, recipe.zero_init};
    std::ranges::copy_if(added, std::back_inserter(options.zero_init), ends_a_block);
    auto network = std::make_shared<GraphModule>(std::move(graph), options);
    if (recipe.identity_tail && !start_color_tail(*network))
        throw Error(ErrorCode::invalid_argument, "the network does not end in three channels of ReLU",
                    "network.color_tail", "leave it out of the recipe");
    if (origin.start) network->load_except(*origin.start, added);
    if (encoder) network->load_all(*origin.encoder, kEncoderPrefix);
    network->freeze(recipe.frozen);
    network->to(device);
    return network;
}

void write_denoiser_bundle(const DenoiserBundle &bundle) {
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.name = bundle_name(bundle.output);
    manifest.architecture = bundle.settings.architecture;
    manifest.licence = bundle.licence;
    auto provenance = provenance_of(bundle.facts);
    if (bundle.origin.encoder)
        provenance.encoder = encoder_record(*bundle.origin.encoder, bundle.encoder_name);
    manifest.provenance = bundle::to_json(provenance);
    manifest.graphs.emplace("denoiser", bundle.network.graph());
    bundle::write_bundle(bundle.output, manifest, bundle.network.weights(), bundle::DType::f16);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
