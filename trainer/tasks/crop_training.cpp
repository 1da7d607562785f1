// The steps, the validation and the record of a training on crops.
#include "tasks/crop_training.hpp"

#include "core/device.hpp"
#include "core/readings.hpp"
#include "core/text.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iterator>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kCacheBytes = std::uint64_t{6} << 30;
constexpr double kFullRange = 255;

/// @param bytes  [N, H, W, 3]  @returns [N, 3, H, W] in [0, 1]
torch::Tensor in_unit_range(const torch::Tensor &bytes) {
    return (bytes.to(at::kFloat) / kFullRange).permute({0, 3, 1, 2});
}

} // namespace

void add_data_option(CLI::App &sub, CropCommand &command) {
    sub.add_option("--data", command.data, "Folders of pictures (.png, .jpg), searched to any depth")
        ->required();
}

void CropRecipe::declare_crops(RecipeKeys &keys) {
    constexpr double kSmallestCrop = 16, kMost = 4096;
    keys.integer("data.crop", crop, {kSmallestCrop, kMost}, "Height and width of the crops");
    keys.integer("data.batch", batch, {1, kMost}, "Number of crops in a step");
    keys.flag("data.flips", flips, "Whether half of the crops are mirrored, left to right");
    keys.flag("data.rotations", rotations, "Whether crops are turned by quarters");
}

void CropRecipe::declare_optimizer(RecipeKeys &keys) {
    constexpr double kAlmostOne = 0.999999;
    optimizer.declare(keys, "optimizer");
    keys.real("optimizer.average_decay", average_decay, {0, kAlmostOne},
              "Decay of the moving average of the weights; 0: none");
    declare_freezing(keys, freeze_statistics_from);
}

void CropRecipe::declare_validation(RecipeKeys &keys) {
    constexpr double kMany = 1e9, kMostPictures = 10'000;
    keys.integer("validation.every", validation_every, {1, kMany}, "Steps between validations");
    keys.integer("validation.pictures", validation_pictures, {1, kMostPictures},
                 "Number of pictures held out for the validation");
}

bool begins_with_any(const std::string &name, const std::vector<std::string> &prefixes) {
    return std::ranges::any_of(prefixes, [&](const auto &prefix) { return name.starts_with(prefix); });
}

void check_prefixes(const graph::Graph &network, const std::vector<std::string> &prefixes,
                    const std::string &key) {
    const auto weights = graph::weight_shapes(network);
    for (const auto &prefix : prefixes)
        if (std::ranges::none_of(weights,
                                 [&](const auto &weight) { return weight.first.starts_with(prefix); }))
            throw Error(ErrorCode::invalid_argument, "no weight of the network begins with '" + prefix + "'",
                        "network." + key, "the first one is named '" + weights.begin()->first + "'");
}

CropTask::CropTask(const CropCommand &command, Recipe recipe, CropRecipe settings)
    : command_(command)
    , recipe_(std::move(recipe))
    , settings_(std::move(settings))
    , device_(select_device(command.device))
    , bf16_(is_bf16(settings_.precision, device_))
    , data_(open_folders(command.data), {.cache_bytes = kCacheBytes})
    , validation_(data_.hold_out(settings_.validation_pictures))
    , recorded_(device_, command.recorder) {}

void CropTask::train(std::shared_ptr<GraphModule> network, std::vector<bundle::Round> rounds) {
    network_ = std::move(network);
    rounds_ = std::move(rounds);
    adam_ = std::make_unique<Adam>(network_->trainable(), settings_.optimizer.adam);
    if (settings_.average_decay > 0)
        average_ = std::make_unique<WeightAverage>(network_->state(), settings_.average_decay);
}

std::string CropTask::fingerprint() const {
    return recipe_.source() + "|" + std::to_string(settings_.seed) + "|" + std::to_string(steps()) + "|" +
           std::to_string(data_.source_fingerprint()) + origin();
}

std::map<std::string, torch::Tensor> CropTask::state() const {
    auto out = network_->state();
    out.merge(adam_->state());
    if (average_) out.merge(average_->state());
    return out;
}

std::vector<std::string> CropTask::columns() const {
    return {"loss", "rate", "gradient_norm", "validation_psnr"};
}

void CropTask::start(std::int64_t step) {
    log_info(std::to_string(data_.size()) + " pictures, " + std::to_string(validation_->size()) +
             " more for validation; " + std::to_string(graph::parameter_count(network_->graph())) +
             " parameters, from " + first_weights());
    static_cast<void>(validation_->get(0)); // fails now, not at the first validation, if none can be read
    CropLoader::Options options{settings_.batch,     settings_.crop, settings_.flips,
                                settings_.rotations, settings_.seed, command_.loader_threads};
    if (const auto place = command_.cut_on.value_or(device_); command_.cut_on || !place.is_cpu()) {
        device_pictures_ = std::make_unique<DevicePictures>(place, kCacheBytes);
        options.elsewhere = [this] { return device_pictures_->takes(); };
    }
    loader_ = std::make_unique<CropLoader>(data_, options, step);
    record_run(command_, facts(),
               {.words = words(),
                .validation = {},
                .validation_pictures = validation_->size(),
                .bf16 = bf16_,
                .resumed = step > 0});
}

std::vector<std::string> CropTask::words() const {
    std::vector<std::pair<std::string, std::string>> own;
    for (const auto &folder : command_.data) own.emplace_back("--data", folder.string());
    for (auto &word : own_words()) own.push_back(std::move(word));
    return words_of(command_, name(), own, kCropShortcuts);
}

TrainingFacts CropTask::facts() const {
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

torch::Tensor CropTask::crops_of(CropBatch batch) {
    const auto crop = settings_.crop;
    if (batch.pixels.empty()) {
        if (const auto cut = device_pictures_->cut(batch.cuts, crop)) return in_unit_range(*cut);
        cut_crops(batch, crop);
    }
    const auto bytes =
        torch::from_blob(batch.pixels.data(), {std::ssize(batch.cuts), crop, crop, 3}, at::kByte);
    return in_unit_range(sent(bytes, device_));
}

void CropTask::step(std::int64_t step, Readings &readings) {
    auto batch = readings.waiting([&] { return loader_->next(); });
    network_->train();
    const bool frozen = freezes_statistics(settings_.freeze_statistics_from, step, steps());
    network_->freeze_statistics(frozen);
    const auto given = prepared(crops_of(std::move(batch)), step);
    const auto results = recorded_.run(frozen ? 1 : 0, given, [this](const Tensors &inputs) {
        adam_->zero_grad();
        const auto loss = loss_of(inputs);
        loss.backward();
        return Tensors{loss.detach(), clip_gradients(adam_->parameters(), settings_.optimizer.clip_norm)};
    });
    const auto &loss = results[0], &norm = results[1];
    const double rate = settings_.optimizer.schedule.at(step);
    adam_->step(rate, norm);
    if (average_) average_->update(step);
    readings.require_finite(norm, "the gradient", rate_key());
    readings.set("loss", loss);
    readings.set("rate", rate);
    readings.set("gradient_norm", norm);
    readings.pictures(settings_.batch);
}

void CropTask::validate(Readings &readings) {
    const torch::NoGradGuard no_grad;
    network_->eval();
    if (average_) average_->swap();
    double sum = 0;
    for (std::int64_t i = 0; i < validation_->size(); ++i)
        sum += validation_psnr(*validation_->get(i).picture, i);
    if (average_) average_->swap();
    const double psnr = sum / static_cast<double>(validation_->size());
    readings.set("validation_psnr", psnr);
    log_info("validation: " + decimal(psnr, 3) + " dB" + validation_note());
}

/// Of the middle of a picture.
double CropTask::validation_psnr(const image::Image &picture, std::int64_t index) {
    const auto extent = validation_extent();
    const auto side = static_cast<std::int32_t>(extent);
    std::vector<float> clean(static_cast<std::size_t>(extent * extent * 3));
    image::gather(picture.view(), {(picture.width() - side) / 2, (picture.height() - side) / 2, side, side},
                  clean, 3);
    const auto image = torch::from_blob(clean.data(), {1, extent, extent, 3}).permute({0, 3, 1, 2});
    const auto output =
        restored(image, index).clamp(0, 1).permute({0, 2, 3, 1}).contiguous().to(at::kCPU, at::kFloat);
    return image::psnr(clean, {output.const_data_ptr<float>(), clean.size()});
}

void CropTask::finish() {
    for (const auto *set : {&data_, validation_.get()})
        for (const auto &file : set->skipped()) log_warning("skipped " + file);
    const torch::NoGradGuard no_grad;
    if (average_) average_->swap();
    write_bundle();
    if (average_) average_->swap();
    record_skipped(command_, std::ssize(data_.skipped()));
}

} // namespace mirra::trainer
