// The denoiser's training task and its subcommand.
#include "tasks/denoiser.hpp"

#include "core/autocast.hpp"
#include "core/clip_gradients.hpp"
#include "core/device.hpp"
#include "core/graph_module.hpp"
#include "core/random.hpp"
#include "core/training_run.hpp"
#include "data/crop_loader.hpp"
#include "distributed/environment.hpp"
#include "log/log.hpp"
#include "losses/comparator.hpp"
#include "mirra/error.hpp"
#include "tasks/denoiser_bundle.hpp"
#include "tasks/denoiser_recipe.hpp"

#include <CLI/CLI.hpp>

#include <limits>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kCacheBytes = std::uint64_t{6} << 30;
constexpr std::uint64_t kNoiseSalt = 0x6e6f697365; // keeps the noise's randomness apart from the crops'
constexpr std::int64_t kValidationExtent = 256;
constexpr double kFullRange = 255;
const std::string kEncoderPrefix = "encoder.";
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

torch::Tensor pictures(const std::vector<std::uint8_t> &pixels, std::int64_t crop,
                       const torch::Device &device) {
    const auto count = static_cast<std::int64_t>(pixels.size()) / (crop * crop * 3);
    const auto bytes =
        torch::from_blob(const_cast<std::uint8_t *>(pixels.data()), {count, crop, crop, 3}, at::kByte);
    return (bytes.to(device).to(at::kFloat) / kFullRange).permute({0, 3, 1, 2});
}

class DenoiserTask final : public TrainingTask {
  public:
    DenoiserTask(const DenoiserCommand &command, Recipe recipe, DenoiserRecipe settings)
        : command_(command)
        , recipe_(std::move(recipe))
        , settings_(std::move(settings))
        , device_(select_device(command.device))
        , data_(command.data, kCacheBytes)
        , validation_(data_.hold_out(settings_.validation_pictures))
        , network_(make_network())
        , adam_(trainable(), settings_.optimizer.adam) {}

    [[nodiscard]] std::string name() const override { return "denoiser"; }
    [[nodiscard]] std::int64_t steps() const override { return settings_.optimizer.schedule.steps; }
    [[nodiscard]] std::string fingerprint() const override {
        return recipe_.source() + "|" + std::to_string(settings_.seed) + "|" + std::to_string(steps()) + "|" +
               std::to_string(data_.fingerprint()) + (encoder_ ? "|" + encoder_->sha256() : "");
    }
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override {
        auto out = network_->state();
        out.merge(adam_.state());
        return out;
    }
    [[nodiscard]] std::vector<std::string> columns() const override {
        return {"loss", "rate", "gradient_norm", "steps_per_second", "validation_psnr"};
    }
    [[nodiscard]] std::int64_t validation_interval() const override { return settings_.validation_every; }

    void start(std::int64_t step) override {
        log_info(std::to_string(data_.size()) + " pictures, " + std::to_string(validation_->size()) +
                 " more for validation; " + std::to_string(graph::parameter_count(network_->graph())) +
                 " parameters");
        const CropLoader::Options options{settings_.batch,     settings_.crop, settings_.flips,
                                          settings_.rotations, settings_.seed, command_.loader_threads};
        loader_ = std::make_unique<CropLoader>(data_, options, step);
    }

    std::vector<double> step(std::int64_t step) override {
        const auto begin = std::chrono::steady_clock::now();
        const auto batch = loader_->next();
        const auto clean = pictures(batch.pixels, settings_.crop, device_);
        const auto inputs = add_noise(clean, step);
        network_->train();
        adam_.zero_grad();
        const auto loss = loss_of(inputs, clean);
        loss.backward();
        const double norm =
            clip_gradients(adam_.parameters(), settings_.optimizer.clip_norm, step, command_.recipe.string());
        const double rate = settings_.optimizer.schedule.at(step);
        adam_.step(rate);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
        return {loss.item<double>(), rate, norm, 1 / seconds.count(), kNaN};
    }

    void validate(std::vector<double> &values) override {
        const auto psnr = validation_psnr();
        values.back() = psnr;
        log_info("validation: " + decimal(psnr, 3) + " dB at sigma " +
                 decimal(settings_.validation_sigma, 0));
    }

    void finish() override {
        for (const auto &file : data_.skipped()) log_warning("skipped " + file);
        std::vector<std::string> sources;
        for (const auto &folder : command_.data) sources.push_back(folder.string());
        write_denoiser_bundle({.output = command_.output,
                               .network = *network_,
                               .settings = settings_,
                               .licence = command_.licence,
                               .provenance = {.data = std::move(sources),
                                              .pictures = data_.size(),
                                              .recipe = &recipe_,
                                              .seed = settings_.seed,
                                              .steps = steps(),
                                              .batch = settings_.batch,
                                              .extent = settings_.crop,
                                              .device = command_.device}});
    }

  private:
    std::shared_ptr<GraphModule> make_network() {
        torch::manual_seed(settings_.seed);
        auto network = std::make_shared<GraphModule>(
            settings_.network(), GraphModule::Options{settings_.spectral_norm, settings_.zero_init});
        if (command_.encoder) encoder_ = bundle::Bundle::open(*command_.encoder);
        if (encoder_ && settings_.starts_from_encoder()) network->load_all(*encoder_, kEncoderPrefix);
        if (!settings_.frozen.empty() && !encoder_)
            throw Error(ErrorCode::invalid_argument,
                        "the recipe freezes weights, which must come from somewhere", "network.frozen",
                        "give --encoder BUNDLE");
        if (settings_.feature_weight > 0 && !encoder_)
            throw Error(ErrorCode::invalid_argument,
                        "the recipe asks for a feature loss, which needs an encoder", "loss.feature_weight",
                        "give --encoder BUNDLE, or set the weight to 0");
        if (settings_.feature_weight > 0) comparator_ = std::make_unique<Comparator>(*encoder_, device_);
        network->to(device_);
        return network;
    }

    std::vector<torch::Tensor> trainable() {
        network_->freeze(settings_.frozen);
        return network_->trainable();
    }

    /// b = clip(x + sigma n, 0, 1) (paper section 5.3), or without the clip; depends on seed and step alone.
    std::map<std::string, torch::Tensor> add_noise(const torch::Tensor &clean, std::int64_t step) {
        CounterRandom random(settings_.seed ^ kNoiseSalt, static_cast<std::uint64_t>(step));
        auto generator = at::globalContext().defaultGenerator(device_);
        {
            const std::scoped_lock lock(generator.mutex());
            generator.set_current_seed(random.bits());
        }
        const bool clip = random.chance(settings_.clip_probability);
        std::vector<float> sigmas, levels;
        for (std::int64_t i = 0; i < clean.size(0); ++i) {
            const double sigma =
                random.uniform(settings_.sigma_minimum, settings_.sigma_maximum) / kFullRange;
            const bool known = random.chance(settings_.known_probability);
            sigmas.push_back(static_cast<float>(sigma));
            levels.push_back(static_cast<float>(known ? sigma : graph::kUnknownNoiseLevel));
        }
        const auto column = [&](const std::vector<float> &values) {
            return torch::tensor(values).to(device_).view({-1, 1, 1, 1});
        };
        auto noisy = clean + column(sigmas) * torch::randn(clean.sizes(), generator, clean.options());
        if (clip) noisy = noisy.clamp(0, 1);
        noisy = noisy.contiguous(at::MemoryFormat::ChannelsLast);
        return {{"image", noisy},
                {"noise_level", column(levels).expand({clean.size(0), 1, clean.size(2), clean.size(3)})}};
    }

    torch::Tensor loss_of(const std::map<std::string, torch::Tensor> &inputs, const torch::Tensor &clean) {
        const Autocast autocast(device_.type(), settings_.bf16);
        const auto output = network_->forward(inputs).at("image").to(at::kFloat);
        auto loss = settings_.pixel_weight *
                    (settings_.pixel_l1 ? torch::l1_loss(output, clean) : torch::mse_loss(output, clean));
        if (comparator_) loss = loss + settings_.feature_weight * comparator_->loss(output, clean);
        return loss;
    }

    double validation_psnr() {
        const torch::NoGradGuard no_grad;
        network_->eval();
        double sum = 0;
        const auto extent = kValidationExtent;
        for (std::int64_t i = 0; i < validation_->size(); ++i) {
            const auto picture = validation_->get(i);
            std::vector<float> clean(static_cast<std::size_t>(extent * extent * 3));
            const auto side = static_cast<std::int32_t>(extent);
            image::gather(picture->view(),
                          {(picture->width() - side) / 2, (picture->height() - side) / 2, side, side}, clean,
                          3);
            auto noisy = clean;
            image::add_gaussian_noise(noisy, settings_.validation_sigma / kFullRange,
                                      static_cast<std::uint64_t>(i), true);
            auto output = network_
                              ->forward({{"image", torch::from_blob(noisy.data(), {1, extent, extent, 3})
                                                       .permute({0, 3, 1, 2})
                                                       .to(device_)},
                                         {"noise_level", torch::full({1, 1, extent, extent},
                                                                     graph::kUnknownNoiseLevel, device_)}})
                              .at("image");
            output = output.clamp(0, 1).permute({0, 2, 3, 1}).contiguous().to(at::kCPU);
            sum += image::psnr(clean, {output.const_data_ptr<float>(), clean.size()});
        }
        return sum / static_cast<double>(validation_->size());
    }

    const DenoiserCommand &command_;
    Recipe recipe_;
    DenoiserRecipe settings_;
    torch::Device device_;
    ImageSet data_;
    std::unique_ptr<ImageSet> validation_;
    std::shared_ptr<const bundle::Bundle> encoder_;
    std::unique_ptr<Comparator> comparator_;
    std::shared_ptr<GraphModule> network_;
    Adam adam_;
    std::unique_ptr<CropLoader> loader_;
};

} // namespace

std::unique_ptr<TrainingTask> denoiser_task(const DenoiserCommand &command) {
    require_one_process("denoiser");
    auto recipe = Recipe::load(command.recipe);
    recipe.set("optimizer.steps", command.steps);
    recipe.set("training.seed", command.seed);
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
    sub->add_option("--recipe", command->recipe, "Recipe (TOML)")
        ->default_val("trainer/recipes/denoiser.toml");
    sub->add_option("--encoder", command->encoder,
                    "Bundle whose encoder weights to start from and to compare with");
    sub->add_option("--steps", command->steps, "Override the recipe's steps")->check(CLI::PositiveNumber);
    sub->add_option("--seed", command->seed, "Override the recipe's seed")->check(CLI::NonNegativeNumber);
    add_run_options(*sub, *command);
    sub->callback([command, &status] { status = train_denoiser(*command); });
}

} // namespace mirra::trainer
