// Norms, projection, gradients; SplitMix64 in tensors, batched, the same on every device.
#include "attacks/attack.hpp"

#include "core/random.hpp"

#include <bit>
#include <limits>
#include <numbers>

namespace mirra::trainer {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

torch::Tensor without_label(const torch::Tensor &logits, const torch::Tensor &labels) {
    return logits.scatter(1, labels.unsqueeze(1), -kInfinity);
}

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

/// The next of 1, 2, 3, 4, 6, 8, 12, 16, 24, ...: powers of two and their halves in between.
std::int64_t rounded_up(std::int64_t count) {
    const auto power = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(count)));
    return count <= power / 4 * 3 ? power / 4 * 3 : power;
}

} // namespace

torch::Tensor norms(const torch::Tensor &images, Norm norm) {
    return at::linalg_vector_norm(images, norm == Norm::l2 ? 2 : kInfinity, at::IntArrayRef{1, 2, 3}, true);
}

torch::Tensor ascent(const torch::Tensor &gradient, Norm norm, double stabiliser) {
    if (norm == Norm::linf) return gradient.sign();
    return gradient / (norms(gradient, norm) + stabiliser);
}

torch::Tensor project(torch::Tensor points, const torch::Tensor &images, const Budget &budget) {
    points.sub_(images);
    if (budget.norm == Norm::l2)
        points.renorm_(2, 0, budget.epsilon);
    else
        points.clamp_(-budget.epsilon, budget.epsilon);
    return points.add_(images).clamp_(0, 1);
}

torch::Tensor cross_entropy(const torch::Tensor &logits, const torch::Tensor &labels) {
    return at::cross_entropy_loss(logits, labels, {}, at::Reduction::None);
}

torch::Tensor margin(const torch::Tensor &logits, const torch::Tensor &labels) {
    return logits.gather(1, labels.unsqueeze(1)).squeeze(1) - without_label(logits, labels).amax(1);
}

Ascent evaluate_gradient(const Classifier &classifier, const torch::Tensor &images, const Loss &loss) {
    const torch::AutoGradMode with_grad(true);
    const auto leaf = images.detach().requires_grad_();
    const auto logits = classifier(leaf);
    const auto losses = loss(logits);
    return {logits.detach(), losses.detach(), torch::autograd::grad({losses.sum()}, {leaf}).front()};
}

torch::Tensor runner_up_classes(const torch::Tensor &logits, const torch::Tensor &labels,
                                std::int64_t count) {
    return std::get<1>(without_label(logits, labels).topk(std::min(count, logits.size(1) - 1), 1));
}

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

std::optional<torch::Tensor> remaining_rows(const torch::Tensor &done) {
    const auto standing = done.numel() - done.sum().item<std::int64_t>();
    const auto size = standing == 0 ? 0 : rounded_up(standing);
    if (size >= done.numel()) return std::nullopt;
    const auto order = std::get<1>(done.to(at::kByte).sort(/*stable=*/true, /*dim=*/0, /*descending=*/false));
    return order.narrow(0, 0, size);
}

torch::Tensor select_rows(const torch::Tensor &tensor, const torch::Tensor &rows) {
    return tensor.index_select(0, rows).contiguous(tensor.suggest_memory_format());
}

void keep_rows(std::initializer_list<torch::Tensor *> tensors, const torch::Tensor &rows) {
    for (auto *tensor : tensors)
        if (tensor->defined()) *tensor = select_rows(*tensor, rows);
}

} // namespace mirra::trainer
