// Steps of the network that marks defects.
#include "tasks/segmentation.hpp"

#include "core/device.hpp"
#include "core/progress.hpp"
#include "core/random.hpp"
#include "core/recipe_network.hpp"
#include "data/evenly_spaced.hpp"
#include "data/picture_files.hpp"
#include "log/log.hpp"
#include "mirra/defect_segmenter.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kSeedSalt = 0x7061737465, kCropSalt = 0x63726f70;
const std::string kPrefix = "segmentation.";

Schedule schedule_of(const SegmentationRecipe &recipe) {
    constexpr std::int64_t kWarmup = 50;
    constexpr double kLast = 0.02; // of the rate
    Schedule out;
    out.rate = recipe.rate;
    out.final_rate = kLast * recipe.rate;
    out.steps = std::max<std::int64_t>(1, recipe.steps);
    out.warmup = std::min(kWarmup, out.steps / 4);
    return out;
}

/// In the beginning no pixel is suspicious: nearly none of them is.
void start_unsuspicious(GraphModule &network) {
    constexpr double kLogOdds = -4, kOfBand = 2; // the band of the means is twice the pixels' value
    const torch::NoGradGuard no_grad;
    auto bias = network.state().at("segmenter.output.bias");
    bias.zero_();
    bias[0] = kLogOdds * kOfBand;
}

std::shared_ptr<GraphModule> make_network(const SegmentationRecipe &recipe,
                                          const SegmentationTraining::Options &options) {
    torch::manual_seed(options.seed ^ kSeedSalt);
    const auto graph = built_from("segmentation", [&] { return graph::defect_segmenter(recipe.channels); });
    auto network = std::make_shared<GraphModule>(graph, GraphModule::Options{});
    const auto aligned = graph::alignment(network->graph());
    for (const auto &[key, side] : {std::pair("extent", recipe.extent), {"crop", recipe.crop}})
        if (side % aligned != 0 || side < aligned)
            throw Error(ErrorCode::invalid_argument,
                        "the network does not take pictures of " + std::to_string(side) + " pixels",
                        "segmentation." + std::string(key),
                        "use a multiple of " + std::to_string(aligned) + " in the recipe");
    start_unsuspicious(*network);
    network->to(options.device);
    return network;
}

} // namespace

void SegmentationRecipe::declare(RecipeKeys &keys) {
    constexpr double kMany = 1e9, kMostBatch = 1024, kLeastCrop = 32, kMostExtent = 2048, kFastest = 1;
    constexpr double kMostClean = 0.9, kAlmostOne = 0.999999;
    keys.integer("segmentation.steps", steps, {0, kMany},
                 "Steps of the network that marks defects; 0: no such network");
    keys.integer("segmentation.batch", batch, {2, kMostBatch}, "Number of pictures in a step");
    keys.integer("segmentation.extent", extent, {0, kMostExtent},
                 "Height and width that pictures are brought to; 0: `data.extent`, but at least 256");
    keys.integer("segmentation.crop", crop, {kLeastCrop, kMostExtent},
                 "Height and width of what a step sees of a larger picture");
    keys.integers("segmentation.channels", channels, "Channels at 1/2, 1/4, ... of the resolution");
    keys.real(kRate, rate, {0, kFastest, true}, "Learning rate");
    keys.real("segmentation.clean", clean, {0, kMostClean}, "Share of pictures that get no defect");
    keys.flag("segmentation.flips", flips, "Whether half of the pictures are mirrored");
    keys.real("segmentation.average_decay", average_decay, {0, kAlmostOne},
              "Decay of the moving average of the weights");
}

std::int64_t most_pictures(std::int64_t extent) {
    constexpr std::int64_t kMost = 4000, kMostBytes = std::int64_t{2} << 30;
    return std::clamp<std::int64_t>(kMostBytes / (3 * extent * extent), 1, kMost);
}

std::vector<std::vector<std::uint8_t>> square_pixels(PictureSet &set, std::int64_t extent,
                                                     std::int64_t most) {
    std::vector<std::vector<std::uint8_t>> out;
    const auto taken = std::min({most, most_pictures(extent), set.size()});
    Progress progress("bringing pictures to size", taken);
    for (std::int64_t i = 0; i < taken; ++i) {
        progress.update(i + 1);
        const auto index = evenly_spaced(i, taken, set.size());
        try {
            const auto picture = squared(to_rgb8(set.original(index)), extent);
            auto &pixels = out.emplace_back(static_cast<std::size_t>(3 * extent * extent));
            std::memcpy(pixels.data(), picture.bytes().data(), pixels.size());
        } catch (const Error &error) {
            log_warning("skipped " + set.name(index) + ": " + error.what());
        }
    }
    if (out.empty())
        throw Error(ErrorCode::corrupt, "none of the pictures can be read", set.name(0), "check the files");
    return out;
}

SegmentationTraining::SegmentationTraining(const SegmentationRecipe &recipe, PictureSet &good,
                                           const Options &options)
    : recipe_(recipe)
    , options_(options)
    , schedule_(schedule_of(recipe))
    , network_(make_network(recipe, options))
    , adam_(std::make_unique<Adam>(network_->trainable(), Adam::Options{}))
    , average_(std::make_unique<WeightAverage>(network_->state(), recipe.average_decay)) {
    recipe_.crop = std::min(recipe_.crop, recipe_.extent);
    const auto kept = most_pictures(recipe.extent);
    if (good.size() > kept)
        log_info("the network that marks defects learns from " + std::to_string(kept) +
                 " of the pictures, evenly spaced");
    paster_ = std::make_unique<DefectPaster>(square_pixels(good, recipe.extent, kept),
                                             static_cast<std::int32_t>(recipe.extent),
                                             static_cast<std::int32_t>(recipe.extent),
                                             PastingOptions{.clean = recipe.clean, .flips = recipe.flips});
}

void SegmentationTraining::start(std::int64_t step) {
    recorded_ = std::make_unique<RecordedStep>(options_.device, options_.recorder);
    loader_ = std::make_unique<BatchLoader<PastedBatch>>([this](std::int64_t at) { return make(at); },
                                                         options_.loader_threads, step);
}

PastedBatch SegmentationTraining::make(std::int64_t step) const {
    PastedBatch out;
    for (std::int64_t i = 0; i < recipe_.batch; ++i) {
        auto sample =
            paster_->sample(options_.seed, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(i));
        normalise_picture(sample.picture.values);
        add_crop(sample, step, i, out);
    }
    return out;
}

/// Half of the crops lie about a place of a defect, where there is one.
void SegmentationTraining::add_crop(const PastedSample &sample, std::int64_t step, std::int64_t index,
                                    PastedBatch &out) const {
    const auto extent = recipe_.extent, crop = recipe_.crop;
    CounterRandom random(options_.seed ^ kCropSalt, static_cast<std::uint64_t>(step),
                         static_cast<std::uint64_t>(index));
    auto left = random.below(extent - crop + 1), top = random.below(extent - crop + 1);
    const auto marked = std::ranges::count(sample.mask, 1.0F);
    if (marked > 0 && crop < extent && random.chance(0.5)) {
        auto wanted = random.below(marked);
        const auto found =
            std::ranges::find_if(sample.mask, [&](float value) { return value > 0 && wanted-- == 0; });
        const auto place = found - sample.mask.begin();
        left = std::clamp(place % extent - random.below(crop), std::int64_t{0}, extent - crop);
        top = std::clamp(place / extent - random.below(crop), std::int64_t{0}, extent - crop);
    }
    for (auto y = top; y < top + crop; ++y) {
        const auto *row = sample.picture.values.data() + 3 * (y * extent + left);
        out.pictures.insert(out.pictures.end(), row, row + 3 * crop);
        const auto *marks = sample.mask.data() + y * extent + left;
        out.masks.insert(out.masks.end(), marks, marks + crop);
    }
}

SegmentationLoss SegmentationTraining::backward(const torch::Tensor &pictures, const torch::Tensor &masks) {
    adam_->zero_grad();
    torch::Tensor logits;
    {
        const Autocast autocast(options_.device.type(), options_.bf16);
        logits = network_->forward({{"normalised", pictures}}).at("logits");
    }
    const auto loss = segmentation_loss(logits.to(at::kFloat), masks);
    loss.total().backward();
    return {loss.focal.detach(), loss.dice.detach(), loss.picture.detach()};
}

void SegmentationTraining::step(std::int64_t step, Readings &readings) {
    constexpr double kLongest = 1; // norm of the gradient
    auto batch = readings.waiting([&] { return loader_->next(); });
    const auto side = recipe_.crop;
    const auto given = torch::from_blob(batch.pictures.data(), {recipe_.batch, side, side, 3})
                           .permute({0, 3, 1, 2}); // channels last, as it lies
    const auto pictures = sent(given, options_.device);
    const auto masks =
        sent(torch::from_blob(batch.masks.data(), {recipe_.batch, side, side}), options_.device);
    network_->train();
    const auto results = recorded_->run(0, {pictures, masks}, [this](const RecordedStep::Tensors &inputs) {
        const auto loss = backward(inputs[0], inputs[1]);
        return RecordedStep::Tensors{clip_gradients(adam_->parameters(), kLongest), loss.total(), loss.focal,
                                     loss.dice, loss.picture};
    });
    const auto &norm = results.front();
    adam_->step(schedule_.at(step), norm);
    average_->update(step);
    readings.require_finite(norm, "the gradient", SegmentationRecipe::kRate);
    for (std::size_t i = 1; i < results.size(); ++i) readings.set(columns()[i - 1], results[i]);
    readings.set("rate", schedule_.at(step));
    readings.pictures(recipe_.batch);
}

std::map<std::string, torch::Tensor> SegmentationTraining::state() const {
    std::map<std::string, torch::Tensor> out;
    for (const auto &part : {network_->state(), adam_->state(), average_->state()})
        for (const auto &[name, tensor] : part) out[kPrefix + name] = tensor;
    return out;
}

bundle::Weights SegmentationTraining::weights() {
    average_->swap();
    auto out = network_->weights();
    average_->swap();
    return out;
}

torch::Tensor SegmentationLoss::total() const {
    constexpr double kFocal = 10, kPicture = 0.5;
    return kFocal * focal + dice + kPicture * picture;
}

SegmentationLoss segmentation_loss(const torch::Tensor &logits, const torch::Tensor &mask) {
    constexpr double kOfDefects = 0.75; // the focal loss's weight of their pixels
    constexpr std::int64_t kTop = 1000; // one pixel in so many speaks for the picture
    const auto z = logits.squeeze(1);
    const auto p = z.sigmoid();
    const auto entropy = torch::binary_cross_entropy_with_logits(z, mask, {}, {}, at::Reduction::None);
    const auto right = p * mask + (1 - p) * (1 - mask);
    const auto weight = kOfDefects * mask + (1 - kOfDefects) * (1 - mask);
    const auto dice = 1 - (2 * (p * mask).sum() + 1) / (p.square().sum() + mask.sum() + 1);
    const auto pixels = z.flatten(1);
    const auto count = std::max<std::int64_t>(1, pixels.size(1) / kTop);
    const auto most = std::get<0>(pixels.topk(count)).mean(1);
    const auto defective = mask.flatten(1).amax(1);
    return {.focal = ((1 - right).square() * entropy * weight).mean(),
            .dice = dice,
            .picture = torch::binary_cross_entropy_with_logits(most, defective, {}, {}, at::Reduction::Mean)};
}

} // namespace mirra::trainer
