// The denoiser's training task.
#include "tasks/denoiser_task.hpp"

#include "core/autocast.hpp"
#include "core/clip_gradients.hpp"
#include "core/device.hpp"
#include "log/log.hpp"
#include "tasks/denoiser_bundle.hpp"

#include <chrono>
#include <limits>

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

DenoiserOrigin open_origin(const DenoiserCommand &command) {
    DenoiserOrigin out;
    if (command.encoder) out.encoder = bundle::Bundle::open(*command.encoder);
    if (command.start) out.start = bundle::Bundle::open(*command.start);
    return out;
}

} // namespace

DenoiserTask::DenoiserTask(const DenoiserCommand &command, Recipe recipe, DenoiserRecipe settings)
    : command_(command)
    , recipe_(std::move(recipe))
    , settings_(std::move(settings))
    , device_(select_device(command.device))
    , bf16_(settings_.precision == "auto" ? is_faster_in_bf16(device_) : settings_.precision == "bf16")
    , data_(open_folders(command.data), {.cache_bytes = kCacheBytes})
    , validation_(data_.hold_out(settings_.validation_pictures))
    , origin_(open_origin(command))
    , network_(make_denoiser(settings_, origin_, device_))
    , adam_(network_->trainable(), settings_.optimizer.adam) {
    if (settings_.feature_weight > 0) comparator_ = std::make_unique<Comparator>(*origin_.encoder, device_);
}

std::string DenoiserTask::fingerprint() const {
    return recipe_.source() + "|" + std::to_string(settings_.seed) + "|" + std::to_string(steps()) + "|" +
           std::to_string(data_.fingerprint()) + origin_.fingerprint();
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
    std::vector<std::string> sources;
    for (const auto &folder : command_.data) sources.push_back(folder.string());
    write_denoiser_bundle({.output = command_.output,
                           .network = *network_,
                           .settings = settings_,
                           .origin = origin_,
                           .encoder_name = command_.encoder ? command_.encoder->stem().string() : "",
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

} // namespace mirra::trainer
