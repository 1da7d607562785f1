// Norms, projection and gradients.
#include "attacks/attack.hpp"

#include <limits>

namespace mirra::trainer {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

torch::Tensor without_label(const torch::Tensor &logits, const torch::Tensor &labels) {
    return logits.scatter(1, labels.unsqueeze(1), -kInfinity);
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

} // namespace mirra::trainer
