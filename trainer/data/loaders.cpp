// The order of training batches, and what is done to their pictures.
#include "data/loaders.hpp"

#include "core/random.hpp"
#include "data/picture_files.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kOrderSalt =
    0x6f72646572; // keeps the order's randomness apart from the augmentation's
/// Sides of a crop and of the picture that it is cut from.
constexpr std::int32_t kCropped = 7, kKept = 8;
constexpr double kLargestAspect = 4.0 / 3;

std::size_t bytes_of(std::int64_t extent) {
    return static_cast<std::size_t>(extent * extent * 3);
}

/// A part of the picture of random area and aspect; all of it, centred and square, when none was found in ten
/// tries.
image::Rect random_part(const image::Image &picture, double smallest_area, CounterRandom &random) {
    const double area = static_cast<double>(picture.width()) * picture.height();
    constexpr int kTries = 10;
    for (int i = 0; i < kTries; ++i) {
        const double part = area * random.uniform(smallest_area, 1);
        const double aspect = std::exp(random.uniform(-std::log(kLargestAspect), std::log(kLargestAspect)));
        const auto width = static_cast<std::int32_t>(std::lround(std::sqrt(part * aspect)));
        const auto height = static_cast<std::int32_t>(std::lround(std::sqrt(part / aspect)));
        if (width < 1 || height < 1 || width > picture.width() || height > picture.height()) continue;
        return {static_cast<std::int32_t>(random.below(picture.width() - width + 1)),
                static_cast<std::int32_t>(random.below(picture.height() - height + 1)), width, height};
    }
    const auto side = std::min(picture.width(), picture.height());
    return {(picture.width() - side) / 2, (picture.height() - side) / 2, side, side};
}

/// The picture at extent x extent, moved by up to `padding` pixels with black coming in.
void shifted(const image::Image &picture, std::int64_t padding, std::int64_t extent, CounterRandom &random,
             std::uint8_t *out) {
    std::vector<std::uint8_t> whole(bytes_of(extent));
    resample(picture, {0, 0, picture.width(), picture.height()}, extent, whole.data());
    const auto left = random.below(2 * padding + 1) - padding, top = random.below(2 * padding + 1) - padding;
    for (std::int64_t y = 0; y < extent; ++y)
        for (std::int64_t x = 0; x < extent; ++x, out += 3) {
            const auto u = x + left, v = y + top;
            const bool inside = u >= 0 && v >= 0 && u < extent && v < extent;
            for (std::int64_t c = 0; c < 3; ++c)
                out[c] = inside ? whole[static_cast<std::size_t>((v * extent + u) * 3 + c)] : 0;
        }
}

void flip(std::int64_t extent, std::uint8_t *pixels) {
    using Pixel = std::array<std::uint8_t, 3>;
    auto *row = reinterpret_cast<Pixel *>(pixels);
    for (std::int64_t y = 0; y < extent; ++y, row += extent) std::reverse(row, row + extent);
}

/// Brightness, saturation and contrast in this order, each scaled around black, the pixel's gray and the mean
/// gray.
void jitter(std::span<std::uint8_t> pixels, double strength, CounterRandom &random) {
    const auto factor = [&] { return static_cast<float>(random.uniform(1 - strength, 1 + strength)); };
    const float brightness = factor(), saturation = factor(), contrast = factor();
    const auto gray = [](const std::uint8_t *p) {
        return 0.299F * static_cast<float>(p[0]) + 0.587F * static_cast<float>(p[1]) +
               0.114F * static_cast<float>(p[2]);
    };
    double sum = 0;
    for (std::size_t i = 0; i < pixels.size(); i += 3) sum += gray(&pixels[i]);
    const float mean = brightness * static_cast<float>(sum / (static_cast<double>(pixels.size()) / 3));
    constexpr float kWhite = 255;
    for (std::size_t i = 0; i < pixels.size(); i += 3) {
        const float own = brightness * gray(&pixels[i]);
        for (std::size_t c = 0; c < 3; ++c) {
            const float saturated = own + saturation * (brightness * static_cast<float>(pixels[i + c]) - own);
            pixels[i + c] = static_cast<std::uint8_t>(
                std::lround(std::clamp(mean + contrast * (saturated - mean), 0.0F, kWhite)));
        }
    }
}

void augment(const image::Image &picture, const Augmentation &how, std::int64_t extent, CounterRandom &random,
             std::uint8_t *out) {
    if (how.crop == Augmentation::Crop::pad)
        shifted(picture, how.padding, extent, random, out);
    else
        resample(picture, random_part(picture, how.smallest_area, random), extent, out);
    if (how.flips && random.chance(0.5)) flip(extent, out);
    if (how.color > 0) jitter({out, bytes_of(extent)}, how.color, random);
}

std::int32_t clamp_index(std::int64_t index, std::int32_t size) {
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(index, 0, size - 1));
}

} // namespace

std::int64_t ClassLoaderOptions::extent_in(std::int64_t epoch) const {
    for (const auto &phase : growth) {
        if (epoch < phase.epochs) return phase.extent;
        epoch -= phase.epochs;
    }
    return extent;
}

ClassLoader::ClassLoader(PictureSet &set, const ClassLoaderOptions &options, std::int64_t first_step)
    : set_(set)
    , options_(options) {
    if (steps_per_epoch(set.size(), options) < 1)
        throw Error(ErrorCode::invalid_argument,
                    "a batch of " + std::to_string(options.batch * options.world) + " is more than the " +
                        std::to_string(set.size()) + " pictures",
                    "data.batch", "lower the batch in the recipe, or add pictures");
    loader_ = std::make_unique<BatchLoader<ClassBatch>>([this](std::int64_t step) { return make(step); },
                                                        options.threads, first_step);
}

std::shared_ptr<const std::vector<std::int64_t>> ClassLoader::order(std::int64_t epoch) {
    const std::scoped_lock lock(mutex_);
    if (epoch_ == epoch) return order_;
    auto shuffled = std::make_shared<std::vector<std::int64_t>>(static_cast<std::size_t>(set_.size()));
    std::iota(shuffled->begin(), shuffled->end(), 0);
    CounterRandom random(options_.seed ^ kOrderSalt, static_cast<std::uint64_t>(epoch));
    for (auto i = set_.size() - 1; i > 0; --i)
        std::swap((*shuffled)[static_cast<std::size_t>(i)],
                  (*shuffled)[static_cast<std::size_t>(random.below(i + 1))]);
    epoch_ = epoch;
    order_ = shuffled;
    return shuffled;
}

ClassBatch ClassLoader::make(std::int64_t step) {
    const auto steps = steps_per_epoch(set_.size(), options_);
    const auto epoch = step / steps;
    const auto indices = order(epoch);
    const auto first = (step % steps * options_.world + options_.rank) * options_.batch;
    const auto extent = options_.extent_in(epoch);
    ClassBatch batch{
        .extent = extent,
        .pixels = std::vector<std::uint8_t>(bytes_of(extent) * static_cast<std::size_t>(options_.batch)),
        .labels = {}};
    for (std::int64_t i = 0; i < options_.batch; ++i) {
        const auto index = (*indices)[static_cast<std::size_t>(first + i)];
        const auto [picture, label, found] = set_.get(index);
        CounterRandom random(options_.seed, static_cast<std::uint64_t>(epoch),
                             static_cast<std::uint64_t>(index));
        augment(*picture, options_.augmentation, extent, random,
                batch.pixels.data() + bytes_of(extent) * static_cast<std::size_t>(i));
        batch.labels.push_back(label);
    }
    return batch;
}

std::int64_t side_for_crops(std::int64_t extent) {
    return (extent * kKept + kCropped - 1) / kCropped;
}

ClassBatch evaluation_batch(PictureSet &set, std::span<const std::int64_t> indices, std::int64_t extent) {
    ClassBatch batch{.extent = extent, .pixels = {}, .labels = {}};
    for (const auto index : indices) {
        const auto [picture, label, found] = set.get(index);
        if (found != index) continue;
        const auto shorter = std::min(picture->width(), picture->height());
        const auto side = shorter == extent ? shorter : std::max(1, shorter * kCropped / kKept);
        batch.pixels.resize(batch.pixels.size() + bytes_of(extent));
        resample(*picture, {(picture->width() - side) / 2, (picture->height() - side) / 2, side, side},
                 extent, batch.pixels.data() + batch.pixels.size() - bytes_of(extent));
        batch.labels.push_back(label);
    }
    return batch;
}

CropLoader::CropLoader(PictureSet &set, const Options &options, std::int64_t first_step)
    : set_(set)
    , options_(options)
    , loader_([this](std::int64_t step) { return make(step); }, options.threads, first_step) {}

CropBatch CropLoader::make(std::int64_t step) {
    CropBatch batch{.step = step, .cuts = {}, .pixels = {}};
    for (std::int64_t sample = 0; sample < options_.batch; ++sample) batch.cuts.push_back(draw(step, sample));
    if (options_.elsewhere && options_.elsewhere()) return batch;
    cut_crops(batch, options_.crop);
    return batch;
}

CropCut CropLoader::draw(std::int64_t step, std::int64_t sample) {
    CounterRandom random(options_.seed, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(sample));
    auto [picture, label, index] = set_.get(random.below(set_.size()));
    CropCut cut{.picture = std::move(picture), .index = index};
    const auto place = [&](std::int64_t extent) {
        return random.below(std::max<std::int64_t>(1, extent - options_.crop + 1));
    };
    cut.left = place(cut.picture->width());
    cut.top = place(cut.picture->height());
    cut.flip_x = options_.flips && random.chance(0.5);
    cut.flip_y = options_.flips && random.chance(0.5) && options_.rotations; // else photographs stay upright
    cut.turn = options_.rotations && random.chance(0.5);
    return cut;
}

void cut_crop(const CropCut &cut, std::int64_t crop, std::uint8_t *out) {
    const auto view = cut.picture->view();
    for (std::int64_t y = 0; y < crop; ++y)
        for (std::int64_t x = 0; x < crop; ++x, out += 3) {
            const auto u = cut.turn ? y : x, v = cut.turn ? x : y;
            const auto *pixel =
                view.at(0, clamp_index(cut.left + (cut.flip_x ? crop - 1 - u : u), view.width),
                        clamp_index(cut.top + (cut.flip_y ? crop - 1 - v : v), view.height));
            for (std::ptrdiff_t c = 0; c < 3; ++c) out[c] = static_cast<std::uint8_t>(pixel[c]);
        }
}

void cut_crops(CropBatch &batch, std::int64_t crop) {
    batch.pixels.resize(bytes_of(crop) * batch.cuts.size());
    for (std::size_t i = 0; i < batch.cuts.size(); ++i)
        cut_crop(batch.cuts[i], crop, batch.pixels.data() + bytes_of(crop) * i);
}

} // namespace mirra::trainer
