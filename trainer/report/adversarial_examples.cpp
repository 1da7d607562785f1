// Attacking and looking.
#include "report/adversarial_examples.hpp"

#include <algorithm>
#include <map>

namespace mirra::trainer {
namespace {

torch::Tensor probabilities(const Classifier &classifier, const torch::Tensor &images) {
    const torch::NoGradGuard no_grad;
    return classifier(images).softmax(1).to(at::kCPU);
}

} // namespace

PgdOptions example_attack(const Budget &budget) {
    constexpr int kSteps = 20;
    constexpr double kReach = 2.5;
    return {.budget = budget, .steps = kSteps, .step_size = kReach * budget.epsilon / kSteps};
}

NetworkView view_of(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                    const PgdOptions &attack, const torch::Device &device) {
    const auto inputs = images.to(device), truth = labels.to(device);
    const auto adversarial = pgd(classifier, inputs, truth, attack, Randomness(0));
    const auto score = [&](const torch::Tensor &logits) {
        return logits.gather(1, truth.unsqueeze(1)).squeeze(1);
    };
    return {.name = {},
            .clean = probabilities(classifier, inputs),
            .adversarial = adversarial.to(at::kCPU),
            .attacked = probabilities(classifier, adversarial),
            .gradient = evaluate_gradient(classifier, inputs, score).gradient.to(at::kCPU)};
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
