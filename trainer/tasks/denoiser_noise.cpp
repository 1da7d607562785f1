// Demosaicing as a convolution of masked channels, chroma as differences to luma; drawing noise by seed and
// step.
#include "tasks/denoiser_noise.hpp"

#include "core/device.hpp"
#include "core/random.hpp"
#include "core/seeded.hpp"
#include "mirra/architectures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <vector>

namespace mirra::trainer {
namespace {

/// One where the mosaic has the channel, [1, 3, H, W].
torch::Tensor bayer_mask(const torch::Tensor &pictures) {
    auto mask = torch::zeros({1, 3, pictures.size(2), pictures.size(3)}, pictures.options());
    const auto fill = [&](std::int64_t channel, std::int64_t row, std::int64_t column) {
        mask.select(1, channel).slice(1, row, at::nullopt, 2).slice(2, column, at::nullopt, 2).fill_(1);
    };
    fill(0, 0, 0);
    fill(1, 0, 1);
    fill(1, 1, 0);
    fill(2, 1, 1);
    return mask;
}

/// Of each channel, the mean of the nearest pixels that have it.
torch::Tensor bilinear_kernels(const torch::Tensor &pictures) {
    const std::vector<float> quarter{1, 2, 1, 2, 4, 2, 1, 2, 1}, half{0, 1, 0, 1, 4, 1, 0, 1, 0};
    std::vector<float> values;
    for (const auto *kernel : {&quarter, &half, &quarter})
        values.insert(values.end(), kernel->begin(), kernel->end());
    return sent(torch::tensor(values).view({3, 1, 3, 3}).to(pictures.scalar_type()), pictures.device()) / 4;
}

} // namespace

torch::Tensor luma(const torch::Tensor &pictures) {
    const auto weights =
        torch::tensor({0.299F, 0.587F, 0.114F}).to(pictures.scalar_type()).view({1, 3, 1, 1});
    return (pictures * sent(weights, pictures.device())).sum(1, true);
}

torch::Tensor demosaiced(const torch::Tensor &pictures) {
    // Reflection keeps the mosaic's phase beyond the edges.
    const auto mosaic = torch::reflection_pad2d(pictures * bayer_mask(pictures), {1, 1, 1, 1});
    constexpr std::array<std::int64_t, 2> kOne{1, 1}, kNoPadding{0, 0};
    return torch::conv2d(mosaic, bilinear_kernels(pictures), {}, kOne, kNoPadding, kOne, 3);
}

torch::Tensor chroma_subsampled(const torch::Tensor &pictures, bool rows) {
    const auto gray = luma(pictures);
    // The channels' differences to luma are combinations of Cb and Cr.
    const auto halved = torch::avg_pool2d(pictures - gray, {rows ? 2 : 1, 2});
    return gray + torch::upsample_bilinear2d(halved, {pictures.size(2), pictures.size(3)}, false);
}

namespace {

constexpr std::uint64_t kNoiseSalt = 0x6e6f697365; // keeps the noise's randomness apart from the crops'
constexpr std::uint64_t kToldSalt = 0x746f6c64;    // and what is told from the noise
constexpr std::uint64_t kCameraSalt = 0x63616d65;  // and what a camera does to it
constexpr double kFullRange = 255;

/// What is drawn for each picture of a batch.
struct Draws {
    std::vector<float> sigmas, gains;               ///< in units of 1; no gain: Gaussian noise
    std::vector<float> first_shares, second_shares; ///< that are told, at opposite edges
    std::vector<bool> known, gray, downwards;       ///< downwards: from the upper edge to the lower one
    std::vector<bool> demosaic, chroma, chroma_rows;
    bool clip = false, any_gain = false, any_gray = false;
};

/// The draws of sensor noise and gray have a stream of their own, so that recipes without them stay as they
/// are.
void draw_kind(Draws &draws, const NoiseRecipe &recipe, CounterRandom random) {
    const bool poisson = random.chance(recipe.poisson_probability);
    const double gain =
        recipe.gain_minimum * std::pow(recipe.gain_maximum / recipe.gain_minimum, random.uniform());
    const double read = random.uniform(0, recipe.read_maximum);
    if (poisson) draws.sigmas.back() = static_cast<float>(read / kFullRange);
    draws.gains.push_back(poisson ? static_cast<float>(gain / kFullRange) : 0);
    draws.gray.push_back(random.chance(recipe.gray_probability));
    draws.any_gain = draws.any_gain || poisson;
    draws.any_gray = draws.any_gray || draws.gray.back();
}

void draw_shares(Draws &draws, const NoiseRecipe &recipe, CounterRandom random) {
    const bool partly = random.chance(recipe.partly_known_probability);
    for (auto *shares : {&draws.first_shares, &draws.second_shares})
        shares->push_back(partly ? static_cast<float>(random.uniform(0, recipe.told_maximum)) : 1);
    draws.downwards.push_back(random.chance(0.5));
}

void draw_camera(Draws &draws, const NoiseRecipe &recipe, CounterRandom random) {
    const bool color = !draws.gray.back();
    draws.demosaic.push_back(random.chance(recipe.demosaic_probability) && color);
    const bool chroma = random.chance(recipe.chroma_probability) && color, rows = random.chance(0.5);
    draws.chroma.push_back(chroma && !rows);
    draws.chroma_rows.push_back(chroma && rows);
}

Draws draw(CounterRandom &random, std::int64_t count, const NoiseRecipe &recipe, std::uint64_t seed,
           std::int64_t step) {
    const auto stream = [&](std::uint64_t salt, std::int64_t sample) {
        return CounterRandom(seed ^ salt, static_cast<std::uint64_t>(step),
                             static_cast<std::uint64_t>(sample));
    };
    Draws draws;
    draws.clip = random.chance(recipe.clip_probability);
    for (std::int64_t i = 0; i < count; ++i) {
        const double sigma = random.uniform(recipe.sigma_minimum, recipe.sigma_maximum) / kFullRange;
        draws.sigmas.push_back(static_cast<float>(sigma));
        draws.known.push_back(random.chance(recipe.known_probability));
        draw_kind(draws, recipe, stream(kNoiseSalt, i + 1));
        draw_shares(draws, recipe, stream(kToldSalt, i));
        draw_camera(draws, recipe, stream(kCameraSalt, i));
    }
    return draws;
}

/// One value a picture, for tensors of four dimensions.
torch::Tensor column(const std::vector<float> &values, const torch::Device &device) {
    return sent(torch::tensor(values), device).view({-1, 1, 1, 1});
}

torch::Tensor mask(const std::vector<bool> &values, const torch::Device &device) {
    return column({values.begin(), values.end()}, device) > 0;
}

/// The share of each picture's level that is told, [N, 1, H, W]: linear between the edges.
torch::Tensor told_shares(const Draws &draws, const torch::Tensor &pictures) {
    const auto device = pictures.device();
    const auto ramp = [&](std::int64_t size) { return torch::linspace(0, 1, size, pictures.options()); };
    const auto place = torch::where(mask(draws.downwards, device), ramp(pictures.size(2)).view({1, 1, -1, 1}),
                                    ramp(pictures.size(3)).view({1, 1, 1, -1}));
    return torch::lerp(column(draws.first_shares, device), column(draws.second_shares, device), place);
}

/// Runs pictures through linear processing, and gives their level the deviation that is left.
void process(NoisyBatch &batch, const std::vector<bool> &chosen,
             const std::function<torch::Tensor(const torch::Tensor &)> &processing) {
    if (std::ranges::none_of(chosen, std::identity())) return;
    const auto here = mask(chosen, batch.noisy.device());
    const auto energy = [](const torch::Tensor &noise) { return noise.square().mean({1, 2, 3}, true); };
    const auto clean = processing(batch.target), noisy = processing(batch.noisy);
    constexpr double kLeast = 1e-12;
    const auto left = energy(noisy - clean) / energy(batch.noisy - batch.target).clamp_min(kLeast);
    batch.noise_level = torch::where(here, batch.noise_level * left.sqrt(), batch.noise_level);
    batch.target = torch::where(here, clean, batch.target);
    batch.noisy = torch::where(here, noisy, batch.noisy);
}

void process(NoisyBatch &batch, const Draws &draws) {
    process(batch, draws.demosaic, demosaiced);
    process(batch, draws.chroma, [](const auto &pictures) { return chroma_subsampled(pictures, false); });
    process(batch, draws.chroma_rows, [](const auto &pictures) { return chroma_subsampled(pictures, true); });
}

/// Tells the noise level, or a share of it, and leaves in the target what is not told.
void tell(NoisyBatch &batch, const Draws &draws, const NoiseRecipe &recipe) {
    const auto known = mask(draws.known, batch.noisy.device());
    if (recipe.partly_known_probability > 0) {
        const auto share = told_shares(draws, batch.noisy);
        const auto left = torch::where(known, 1 - share.clamp_max(1).square(), 0);
        batch.target = batch.target + left * (batch.noisy - batch.target);
        batch.noise_level = batch.noise_level * share;
    }
    batch.noise_level = torch::where(known, batch.noise_level, graph::kUnknownNoiseLevel);
}

} // namespace

void NoiseRecipe::declare(RecipeKeys &keys) {
    constexpr double kSmallestGain = 1e-6, kMostTold = 2;
    const auto share = [&](const char *key, double &member, const char *doc) {
        keys.real(std::string("noise.") + key + "_probability", member, {0, 1}, doc);
    };
    keys.real("noise.sigma_minimum", sigma_minimum, {0, kFullRange}, "Least Gaussian noise, of 255");
    keys.real("noise.sigma_maximum", sigma_maximum, {sigma_minimum, kFullRange},
              "Most Gaussian noise, of 255")
        .values = "from the minimum to 255";
    share("clip", clip_probability,
          "How often a batch is clipped: values beyond black and white are cut off");
    share("known", known_probability, "How often the network is told the noise level of a picture");
    share("partly_known", partly_known_probability,
          "How often, of these pictures, it is told only a share of the level, and is to remove only that "
          "much");
    keys.real("noise.told_maximum", told_maximum, {0, kMostTold},
              "Largest share of the true level that it is told");
    share("poisson", poisson_probability,
          "How often a picture gets sensor noise (Poisson-Gaussian) instead of Gaussian noise");
    keys.real("noise.gain_minimum", gain_minimum, {kSmallestGain, kFullRange},
              "Least gain of sensor noise, in levels per photon");
    gain_maximum = std::max(gain_minimum, gain_maximum);
    keys.real("noise.gain_maximum", gain_maximum, {gain_minimum, kFullRange},
              "Largest gain of sensor noise, in levels per photon")
        .values = "from the minimum to 255";
    keys.real("noise.read_maximum", read_maximum, {0, kFullRange}, "Most read noise of a sensor, of 255");
    share("demosaic", demosaic_probability,
          "How often a colour picture is demosaiced after the noise was added");
    share("chroma", chroma_probability, "How often the chroma of a colour picture is subsampled after that");
    share("gray", gray_probability, "How often a picture is gray, with the same noise in all channels");
}

NoisyBatch add_noise(const torch::Tensor &pictures, const NoiseRecipe &recipe, std::uint64_t seed,
                     std::int64_t step) {
    const auto device = pictures.device();
    CounterRandom random(seed ^ kNoiseSalt, static_cast<std::uint64_t>(step));
    const auto generator = seeded(device, random.bits());
    const auto draws = draw(random, pictures.size(0), recipe, seed, step);
    auto noise = torch::randn(pictures.sizes(), generator, pictures.options());
    auto clean = pictures;
    if (draws.any_gray) {
        const auto gray = mask(draws.gray, device);
        clean = torch::where(gray, luma(pictures), pictures);
        noise = torch::where(gray, noise.narrow(1, 0, 1), noise);
    }
    auto deviation = column(draws.sigmas, device), level = deviation;
    if (draws.any_gain) {
        const auto variance = column(draws.gains, device) * clean + deviation.square();
        deviation = variance.sqrt();
        level = variance.mean(1, true).sqrt();
    }
    auto noisy = clean + deviation * noise;
    if (draws.clip) noisy = noisy.clamp(0, 1);
    NoisyBatch out{.target = clean,
                   .noisy = noisy.contiguous(at::MemoryFormat::ChannelsLast),
                   .noise_level = level.expand({clean.size(0), 1, clean.size(2), clean.size(3)})};
    process(out, draws);
    tell(out, draws, recipe);
    return out;
}

} // namespace mirra::trainer
