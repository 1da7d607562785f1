// Reading a recipe's keys data.*.
#include "tasks/picture_recipe.hpp"

#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kSmallestExtent = 8, kLargestExtent = 4096;
constexpr std::size_t kMostPhases = 64;
constexpr std::int64_t kMostEpochs = 1'000'000; // the sum of all phases stays far from overflow

std::vector<std::int64_t> values_of(const std::vector<Growth> &growth, std::int64_t Growth::*member) {
    std::vector<std::int64_t> out;
    for (const auto &phase : growth) out.push_back(phase.*member);
    return out;
}

std::vector<Growth> read_growth(Recipe &recipe, const PictureRecipe &pictures) {
    const auto extents = recipe.integers("data.growth", values_of(pictures.growth, &Growth::extent)),
               epochs = recipe.integers("data.growth_epochs", values_of(pictures.growth, &Growth::epochs));
    if (extents.size() != epochs.size() || extents.size() > kMostPhases)
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'data.growth' and 'data.growth_epochs' must have as many entries, 64 at most",
                    recipe.name());
    std::vector<Growth> out;
    for (std::size_t i = 0; i < extents.size(); ++i) {
        if (extents[i] < kSmallestExtent || extents[i] > pictures.extent || epochs[i] < 1 ||
            epochs[i] > kMostEpochs)
            throw Error(ErrorCode::invalid_argument,
                        "recipe: 'data.growth' takes extents from 8 to 'data.extent', each for 1 to 1000000 "
                        "epochs",
                        recipe.name());
        out.push_back({epochs[i], extents[i]});
    }
    return out;
}

Augmentation::Crop read_crop(Recipe &recipe, Augmentation::Crop fallback) {
    std::vector<std::string> choices{"resized", "pad"};
    if (fallback == Augmentation::Crop::pad) std::ranges::reverse(choices); // the first is the default
    return recipe.choice("data.crop", choices) == "pad" ? Augmentation::Crop::pad
                                                        : Augmentation::Crop::resized;
}

} // namespace

void PictureRecipe::read_pictures(Recipe &recipe) {
    extent = recipe.integer("data.extent", extent, kSmallestExtent, kLargestExtent);
    batch = recipe.integer("data.batch", batch, 1, 1 << 20);
    growth = read_growth(recipe, *this);
    auto &how = augmentation;
    how.crop = read_crop(recipe, how.crop);
    how.padding = recipe.integer("data.padding", how.padding, 0, 1024);
    how.smallest_area = recipe.real("data.smallest_area", how.smallest_area, 0.01, 1);
    how.flips = recipe.boolean("data.flips", how.flips);
    how.color = recipe.real("data.color", how.color, 0, 1);
}

std::int64_t PictureRecipe::kept_side() const {
    return augmentation.crop == Augmentation::Crop::pad ? extent : side_for_crops(extent);
}

} // namespace mirra::trainer
