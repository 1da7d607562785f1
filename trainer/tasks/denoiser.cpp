// The denoiser's training: command, recipe, network, task and bundle.
#include "tasks/denoiser.hpp"

#include "core/data_files.hpp"
#include "core/device.hpp"
#include "core/divergence.hpp"
#include "core/provenance.hpp"
#include "core/recipe_network.hpp"
#include "core/text.hpp"
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
#include <iterator>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kValidationExtent = 256;
constexpr double kFullRange = 255;

DenoiserOrigin open_origin(const DenoiserCommand &command) {
    DenoiserOrigin out;
    if (command.encoder) out.encoder = bundle::Bundle::open(find_bundle(*command.encoder));
    if (command.start) out.start = bundle::Bundle::open(find_bundle(*command.start));
    return out;
}

class DenoiserTask final : public CropTask {
  public:
    /// `command` must outlive the task. @throws Error
    DenoiserTask(const DenoiserCommand &command, Recipe recipe, DenoiserRecipe settings);

    [[nodiscard]] std::string name() const override { return "denoiser"; }

  private:
    Tensors prepared(const torch::Tensor &clean, std::int64_t step) override;
    torch::Tensor loss_of(const Tensors &batch) override;
    [[nodiscard]] std::int64_t validation_extent() const override { return kValidationExtent; }
    torch::Tensor restored(const torch::Tensor &clean, std::int64_t index) override;
    [[nodiscard]] std::string first_weights() const override;
    [[nodiscard]] std::string origin() const override { return origin_.fingerprint(); }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> own_words() const override;
    [[nodiscard]] std::string validation_note() const override {
        return " at sigma " + decimal(settings_.validation_sigma, 0);
    }
    void write_bundle() override;
    torch::Tensor denoise(const torch::Tensor &noisy, const torch::Tensor &noise_level);

    const DenoiserCommand &command_;
    DenoiserRecipe settings_;
    DenoiserOrigin origin_;
    std::unique_ptr<Comparator> comparator_; ///< null without a feature loss
};

DenoiserTask::DenoiserTask(const DenoiserCommand &command, Recipe recipe, DenoiserRecipe settings)
    : CropTask(command, std::move(recipe), settings)
    , command_(command)
    , settings_(std::move(settings))
    , origin_(open_origin(command)) {
    train(make_denoiser(settings_, origin_, device()),
          origin_.start ? rounds_before(*origin_.start) : std::vector<bundle::Round>());
    if (settings_.feature_weight > 0) comparator_ = std::make_unique<Comparator>(*origin_.encoder, device());
}

std::vector<std::pair<std::string, std::string>> DenoiserTask::own_words() const {
    std::vector<std::pair<std::string, std::string>> own;
    if (command_.encoder) own.emplace_back("--encoder", command_.encoder->string());
    if (command_.start) own.emplace_back("--start-from", command_.start->string());
    return own;
}

std::string DenoiserTask::first_weights() const {
    if (command_.start) return command_.start->string();
    return command_.encoder && settings_.starts_from_encoder() ? command_.encoder->string()
                                                               : "random weights";
}

torch::Tensor DenoiserTask::denoise(const torch::Tensor &noisy, const torch::Tensor &noise_level) {
    return network().forward({{"image", noisy}, {"noise_level", noise_level}}).at("image");
}

DenoiserTask::Tensors DenoiserTask::prepared(const torch::Tensor &clean, std::int64_t step) {
    const auto batch = add_noise(clean, settings_.noise, settings_.seed, step);
    return {batch.noisy, batch.noise_level, batch.target};
}

torch::Tensor DenoiserTask::loss_of(const Tensors &batch) {
    const auto &target = batch[2];
    const Autocast autocast(device().type(), bf16());
    const auto output = denoise(batch[0], batch[1]).to(at::kFloat);
    auto loss = settings_.pixel_weight *
                (settings_.pixel_l1 ? torch::l1_loss(output, target) : torch::mse_loss(output, target));
    if (!comparator_) return loss;
    torch::Tensor wanted;
    {
        const torch::NoGradGuard no_grad;
        wanted = comparator_->features(target);
    }
    return loss +
           settings_.feature_weight * comparator_->distance(output, wanted, settings_.feature_distance);
}

torch::Tensor DenoiserTask::restored(const torch::Tensor &clean, std::int64_t index) {
    const auto pixels = clean.permute({0, 2, 3, 1}).contiguous();
    const auto noisy = pixels.clone();
    image::add_gaussian_noise({noisy.mutable_data_ptr<float>(), static_cast<std::size_t>(noisy.numel())},
                              settings_.validation_sigma / kFullRange, static_cast<std::uint64_t>(index),
                              true);
    return denoise(noisy.permute({0, 3, 1, 2}).to(device()),
                   torch::full({1, 1, clean.size(2), clean.size(3)}, graph::kUnknownNoiseLevel, device()));
}

void DenoiserTask::write_bundle() {
    write_denoiser_bundle({.output = command_.output,
                           .network = network(),
                           .settings = settings_,
                           .origin = origin_,
                           .encoder_name = command_.encoder ? command_.encoder->stem().string() : "",
                           .licence = command_.licence,
                           .facts = facts()});
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
    add_data_option(*sub, *command);
    sub->add_option("--encoder", command->encoder,
                    "Bundle whose encoder the network has, and compares features with");
    sub->add_option(
        "--start-from", command->start,
        "Denoiser bundle to start from: the same parameters, or fewer residual blocks [random weights]");
    command->recipe = "denoiser";
    add_run_options(*sub, *command, kCropShortcuts, recipe_keys<DenoiserRecipe>());
    sub->callback([command, &status] { status = train_denoiser(*command); });
}

namespace {

constexpr double kLarge = 1e12;

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
    declare_network(keys, *this);
    declare_crops(keys);
    noise.declare(keys);
    declare_pixel_loss(keys, pixel_l1, pixel_weight);
    keys.real("loss.feature_weight", feature_weight, {0, kLarge},
              "Weight of the mean over the encoder's features; 0: not compared");
    declare_feature_distance(keys, feature_distance);
    if (!(pixel_weight > 0) && !(feature_weight > 0))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'loss.pixel_weight' and 'loss.feature_weight' are both 0, so nothing is learned",
                    keys.recipe_name(), "set one of them");
    declare_optimizer(keys);
    declare_validation(keys);
    keys.real("validation.sigma", validation_sigma, {0, kFullRange}, "Noise of the validation, of 255");
    declare_training(keys, precision, seed);
}

graph::Graph DenoiserRecipe::network(const graph::Graph *encoder) const {
    const auto network = built_from("network", [&] {
        if (architecture == "wavelet-denoiser") return graph::wavelet_denoiser(wavelet);
        if (encoder) return graph::alexnet_denoiser(*encoder, input_transform);
        return graph::alexnet_denoiser(input_transform.value_or(graph::InputTransform::mean_std));
    });
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
    write_trained(bundle.output, manifest, bundle.network.weights(), bundle::DType::f16);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
