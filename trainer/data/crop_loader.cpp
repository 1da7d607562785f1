// Crops, flips and quarter turns.
#include "data/crop_loader.hpp"

#include "core/random.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

std::int32_t clamp_index(std::int64_t index, std::int32_t size) {
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(index, 0, size - 1));
}

} // namespace

CropLoader::CropLoader(ImageSet &set, const Options &options, std::int64_t first_step)
    : set_(set)
    , options_(options)
    , loader_([this](std::int64_t step) { return make(step); }, options.threads, first_step) {}

CropBatch CropLoader::make(std::int64_t step) {
    const auto sample_bytes = static_cast<std::size_t>(options_.crop * options_.crop * 3);
    CropBatch batch{step, std::vector<std::uint8_t>(sample_bytes * static_cast<std::size_t>(options_.batch))};
    for (std::int64_t sample = 0; sample < options_.batch; ++sample)
        fill(step, sample, batch.pixels.data() + sample_bytes * static_cast<std::size_t>(sample));
    return batch;
}

/// A crop of a random picture; a picture smaller than the crop has its edges replicated.
void CropLoader::fill(std::int64_t step, std::int64_t sample, std::uint8_t *out) {
    CounterRandom random(options_.seed, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(sample));
    const auto picture = set_.get(random.below(set_.size()));
    const auto crop = options_.crop;
    const auto left = random.below(std::max<std::int64_t>(1, picture->width() - crop + 1));
    const auto top = random.below(std::max<std::int64_t>(1, picture->height() - crop + 1));
    const bool flip_x = options_.flips && random.chance(0.5), flip_y = options_.flips && random.chance(0.5);
    const bool turn = options_.rotations && random.chance(0.5);
    const auto view = picture->view();
    for (std::int64_t y = 0; y < crop; ++y)
        for (std::int64_t x = 0; x < crop; ++x, out += 3) {
            const auto u = turn ? y : x, v = turn ? x : y;
            const auto *pixel = view.at(0, clamp_index(left + (flip_x ? crop - 1 - u : u), view.width),
                                        clamp_index(top + (flip_y ? crop - 1 - v : v), view.height));
            for (std::ptrdiff_t c = 0; c < 3; ++c) out[c] = static_cast<std::uint8_t>(pixel[c]);
        }
}

} // namespace mirra::trainer
