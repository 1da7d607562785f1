// Drawing noise by seed and step.
#include "tasks/denoiser_noise.hpp"

#include "core/random.hpp"
#include "mirra/architectures.hpp"
#include "tasks/camera_processing.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>
#include <vector>

namespace mirra::trainer {
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
    return torch::tensor(values).to(device).view({-1, 1, 1, 1});
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

void NoiseRecipe::read(Recipe &recipe) {
    constexpr double kSmallestGain = 1e-6;
    sigma_minimum = recipe.real("noise.sigma_minimum", sigma_minimum, 0, kFullRange);
    sigma_maximum = recipe.real("noise.sigma_maximum", sigma_maximum, sigma_minimum, kFullRange);
    clip_probability = recipe.real("noise.clip_probability", clip_probability, 0, 1);
    known_probability = recipe.real("noise.known_probability", known_probability, 0, 1);
    partly_known_probability = recipe.real("noise.partly_known_probability", partly_known_probability, 0, 1);
    told_maximum = recipe.real("noise.told_maximum", told_maximum, 0, 2);
    poisson_probability = recipe.real("noise.poisson_probability", poisson_probability, 0, 1);
    gain_minimum = recipe.real("noise.gain_minimum", gain_minimum, kSmallestGain, kFullRange);
    gain_maximum =
        recipe.real("noise.gain_maximum", std::max(gain_minimum, gain_maximum), gain_minimum, kFullRange);
    read_maximum = recipe.real("noise.read_maximum", read_maximum, 0, kFullRange);
    demosaic_probability = recipe.real("noise.demosaic_probability", demosaic_probability, 0, 1);
    chroma_probability = recipe.real("noise.chroma_probability", chroma_probability, 0, 1);
    gray_probability = recipe.real("noise.gray_probability", gray_probability, 0, 1);
}

NoisyBatch add_noise(const torch::Tensor &pictures, const NoiseRecipe &recipe, std::uint64_t seed,
                     std::int64_t step) {
    const auto device = pictures.device();
    CounterRandom random(seed ^ kNoiseSalt, static_cast<std::uint64_t>(step));
    auto generator = at::globalContext().defaultGenerator(device);
    {
        const std::scoped_lock lock(generator.mutex());
        generator.set_current_seed(random.bits());
    }
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
