// Attacking and looking.
#include "report/adversarial_examples.hpp"

#include "eval/picture_batches.hpp"

#include <algorithm>
#include <map>

namespace mirra::trainer {
namespace {

torch::Tensor probabilities(const Classifier &classifier, const torch::Tensor &images) {
    const torch::NoGradGuard no_grad;
    return classifier(images).softmax(1);
}

} // namespace

PgdOptions example_attack(const Budget &budget) {
    constexpr int kSteps = 20;
    return {.budget = budget, .steps = kSteps, .step_size = usual_step_size(budget.epsilon, kSteps)};
}

NetworkView view_of(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                    const ViewOptions &options) {
    std::vector<torch::Tensor> clean, adversarial, attacked, gradients;
    for_each_batch(images, labels, options.batch, options.device, [&](const PictureBatch &batch) {
        const auto score = [&](const torch::Tensor &logits) {
            return logits.gather(1, batch.labels.unsqueeze(1)).squeeze(1);
        };
        const auto moved =
            pgd(classifier, batch.images, batch.labels, options.attack, Randomness(0, batch.ids));
        clean.push_back(probabilities(classifier, batch.images).to(at::kCPU));
        adversarial.push_back(moved.to(at::kCPU));
        attacked.push_back(probabilities(classifier, moved).to(at::kCPU));
        gradients.push_back(evaluate_gradient(classifier, batch.images, score).gradient.to(at::kCPU));
    });
    return {.name = {},
            .clean = torch::cat(clean),
            .adversarial = torch::cat(adversarial),
            .attacked = torch::cat(attacked),
            .gradient = torch::cat(gradients)};
}

std::vector<std::int64_t> spread_over_classes(const torch::Tensor &labels, std::int64_t count) {
    const auto *values = labels.const_data_ptr<std::int64_t>();
    std::map<std::int64_t, std::int64_t> seen;
    std::vector<std::pair<std::int64_t, std::int64_t>> places; // how often the class was there before; index
    for (std::int64_t i = 0; i < labels.numel(); ++i) places.emplace_back(seen[values[i]]++, i);
    std::ranges::stable_sort(places, {}, &std::pair<std::int64_t, std::int64_t>::first);
    std::vector<std::int64_t> out;
    for (const auto &[round, index] : places)
        if (std::ssize(out) < count) out.push_back(index);
    return out;
}

} // namespace mirra::trainer
