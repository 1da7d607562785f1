// Declarations of shared settings.
#include "tasks/recipe_parts.hpp"

#include "mirra/error.hpp"

namespace mirra::trainer {
namespace {

constexpr double kLarge = 1e12, kMany = 1e9;
constexpr std::int64_t kSmallestExtent = 8, kLargestExtent = 4096;
constexpr std::size_t kMostPhases = 64;
constexpr std::int64_t kMostEpochs = 1'000'000; // the sum of all phases stays far from overflow

void declare_growth(RecipeKeys &keys, PictureRecipe &pictures) {
    std::vector<std::int64_t> extents, epochs;
    for (const auto &phase : pictures.growth) {
        extents.push_back(phase.extent);
        epochs.push_back(phase.epochs);
    }
    keys.integers("data.growth", extents, "Smaller extents of the first epochs, one after the other");
    keys.integers("data.growth_epochs", epochs, "Epochs of each extent of `data.growth`");
    if (extents.size() != epochs.size() || extents.size() > kMostPhases)
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'data.growth' and 'data.growth_epochs' must have as many entries, 64 at most",
                    keys.recipe_name());
    pictures.growth.clear();
    for (std::size_t i = 0; i < extents.size(); ++i) {
        if (extents[i] < kSmallestExtent || extents[i] > pictures.extent || epochs[i] < 1 ||
            epochs[i] > kMostEpochs)
            throw Error(ErrorCode::invalid_argument,
                        "recipe: 'data.growth' takes extents from 8 to 'data.extent', each for 1 to 1000000 "
                        "epochs",
                        keys.recipe_name());
        pictures.growth.push_back({epochs[i], extents[i]});
    }
}

} // namespace

void AdamRecipe::declare(RecipeKeys &keys, const std::string &table) {
    constexpr double kAlmostOne = 0.999999;
    const auto key = [&](const char *name) { return table + "." + name; };
    keys.real(key("beta1"), adam.beta1, {0, kAlmostOne}, "Decay of Adam's mean of the gradients");
    keys.real(key("beta2"), adam.beta2, {0, kAlmostOne}, "Decay of Adam's mean of the squared gradients");
    keys.real(key("epsilon"), adam.epsilon, {0, 1}, "What Adam adds to the root of the mean of the squares");
    keys.real(key("weight_decay"), adam.weight_decay, {0, 1}, "L2 penalty of the weights");
    keys.real(key("clip_norm"), clip_norm, {0, kLarge}, "Largest norm of a step's gradient; 0: any");
    keys.choice(key("schedule"), schedule.kind, {"cosine", "constant", "step"}, "How the rate goes on");
    keys.integer(key("steps"), schedule.steps, {1, kMany}, "Steps of the training");
    keys.real(key("rate"), schedule.rate, {0, 10, true}, "Learning rate");
    keys.real(key("final_rate"), schedule.final_rate, {0, schedule.rate}, "Rate of `cosine` at the end")
        .set_open_range("from 0 to the rate");
    keys.integer(key("warmup"), schedule.warmup, {0, kMany}, "First steps, over which the rate grows from 0");
    schedule.step_every = schedule.steps;
    keys.integer(key("step_every"), schedule.step_every, {1, kMany}, "Steps between the drops of `step`")
        .fallback = "the steps";
    keys.real(key("step_factor"), schedule.step_factor, {0, 1}, "What a drop multiplies the rate by");
}

void PictureRecipe::declare_pictures(RecipeKeys &keys) {
    constexpr double kMostPictures = 1 << 20, kWidestPadding = 1024, kSmallestArea = 0.01;
    using Crop = Augmentation::Crop;
    auto &how = augmentation;
    keys.integer("data.extent", extent, {kSmallestExtent, kLargestExtent},
                 "Height and width of the pictures");
    keys.integer("data.batch", batch, {1, kMostPictures}, "Pictures of a step, of all processes together");
    declare_growth(keys, *this);
    keys.choice<Crop>("data.crop", how.crop, {{"resized", Crop::resized}, {"pad", Crop::pad}},
                      "A random part of the picture, or all of it, moved within `data.padding`");
    keys.integer("data.padding", how.padding, {0, kWidestPadding}, "Pixels by which `pad` moves a picture");
    keys.real("data.smallest_area", how.smallest_area, {kSmallestArea, 1},
              "Least share that `resized` takes");
    keys.flag("data.flips", how.flips, "Whether half of the pictures are mirrored");
    keys.real("data.color", how.color, {0, 1}, "Strength of random brightness, saturation and contrast");
}

void declare_pixel_distance(RecipeKeys &keys, bool &l1) {
    keys.choice<bool>("loss.pixel", l1, {{"l1", true}, {"l2", false}}, "Absolute or squared differences");
}

void declare_pixel_loss(RecipeKeys &keys, bool &l1, double &weight) {
    declare_pixel_distance(keys, l1);
    keys.real("loss.pixel_weight", weight, {0, kLarge}, "Weight of the mean over all pixels");
}

void declare_feature_distance(RecipeKeys &keys, FeatureDistance &distance) {
    keys.choice<FeatureDistance>(
        "loss.feature", distance,
        {{"squared", FeatureDistance::squared}, {"relative", FeatureDistance::relative}},
        "Squared differences of features, or their share of the features' squares");
}

void declare_freezing(RecipeKeys &keys, double &from) {
    keys.real(
        "optimizer.freeze_statistics_from", from, {0, 1},
        "Share of the steps after which batch norm keeps the statistics that it has, as the finished network "
        "does, instead of taking each batch's; 1: never");
}

bool freezes_statistics(double from, std::int64_t step, std::int64_t steps) {
    return static_cast<double>(step) >= from * static_cast<double>(steps);
}

void declare_training(RecipeKeys &keys, std::string &precision, std::uint64_t &seed) {
    keys.choice("training.precision", precision, {"auto", "bf16", "fp32"},
                "Arithmetic of convolutions; `auto`: bf16 where the device is faster in it");
    keys.seed("training.seed", seed, "Seed of the first weights, the order, crops, noise and attacks");
}

std::int64_t PictureRecipe::kept_side() const {
    return augmentation.crop == Augmentation::Crop::pad ? extent : side_for_crops(extent);
}

} // namespace mirra::trainer
