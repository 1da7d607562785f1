// SplitMix64 in tensors: batched, the same on every device.
#include "attacks/noise.hpp"

#include "core/random.hpp"

#include <numbers>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kMantissa = (std::int64_t{1} << 24) - 1;
constexpr double kUlp = 0x1.0p-24;

/// `bits` >> `count` with zeros moving in.
torch::Tensor shift(const torch::Tensor &bits, int count) {
    return bits.bitwise_right_shift(count).bitwise_and_((std::int64_t{1} << (64 - count)) - 1);
}

/// mix() of core/random.hpp for every element. int64 stands for uint64: both wrap around. Overwrites x.
torch::Tensor mix_all(torch::Tensor x) {
    x.add_(static_cast<std::int64_t>(0x9e3779b97f4a7c15u));
    x.bitwise_xor_(shift(x, 30)).mul_(static_cast<std::int64_t>(0xbf58476d1ce4e5b9u));
    x.bitwise_xor_(shift(x, 27)).mul_(static_cast<std::int64_t>(0x94d049bb133111ebu));
    return x.bitwise_xor_(shift(x, 31));
}

torch::Tensor fraction(const torch::Tensor &bits, int from) {
    return bits.bitwise_right_shift(from).bitwise_and_(kMantissa).to(at::kFloat).mul_(kUlp);
}

} // namespace

Randomness Randomness::salted(std::uint64_t salt) const {
    return {mix(seed ^ mix(salt)), ids};
}

Randomness Randomness::of(const torch::Tensor &rows) const {
    return {seed, ids.defined() ? ids.to(rows.device()).index_select(0, rows) : rows};
}

ImageNoise::ImageNoise(const Randomness &randomness, const torch::Tensor &images) {
    const auto options = images.options().dtype(at::kLong);
    const auto ids =
        randomness.ids.defined() ? randomness.ids.to(options) : torch::arange(images.size(0), options);
    const auto prefix = static_cast<std::int64_t>(mix(mix(randomness.seed)));
    keys_ = mix_all(ids.bitwise_xor(prefix)).unsqueeze(1);
}

torch::Tensor ImageNoise::bits(std::int64_t first, std::int64_t count) const {
    return mix_all(keys_ + torch::arange(first, first + count, keys_.options()));
}

torch::Tensor ImageNoise::uniform(std::int64_t first, std::int64_t count) const {
    return fraction(bits(first, count), 40);
}

torch::Tensor ImageNoise::normal(std::int64_t first, std::int64_t count) const {
    const auto words = bits(first, count);
    const auto radius = fraction(words, 40).add_(kUlp / 2).log_().mul_(-2).sqrt_();
    return fraction(words, 16).mul_(2 * std::numbers::pi).cos_().mul_(radius);
}

torch::Tensor random_start(const torch::Tensor &images, const Budget &budget, const Randomness &randomness) {
    const ImageNoise noise(randomness, images);
    const auto count = images[0].numel();
    auto step = budget.norm == Norm::l2 ? noise.normal(0, count) : noise.uniform(0, count).mul_(2).sub_(1);
    step = step.view(images.sizes());
    step.mul_(budget.epsilon / norms(step, budget.norm));
    return project(images + step, images, budget).contiguous(images.suggest_memory_format());
}

} // namespace mirra::trainer
