// The checks.
#include "eval/masking.hpp"

#include "attacks/pgd.hpp"
#include "attacks/square.hpp"
#include "log/log.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr int kSteps = 20, kRestarts = 4;
constexpr double kReach = 2.5;

torch::Tensor stands(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels) {
    const torch::NoGradGuard no_grad;
    return classifier(images).argmax(1).eq(labels);
}

double share(const torch::Tensor &standing) {
    return standing.to(at::kDouble).mean().item<double>();
}

PgdOptions pgd_options(Budget budget) {
    return {.budget = budget,
            .steps = kSteps,
            .step_size = kReach * budget.epsilon / kSteps,
            .random_start = true,
            .best_iterate = true};
}

std::string percent(double value) {
    constexpr double kPercent = 100;
    return decimal(kPercent * value, 1) + " %";
}

} // namespace

std::vector<std::string> MaskingReport::signs() const {
    std::vector<std::string> out;
    // Differences of two pictures or two percent are chance.
    const double chance = std::max(0.02, 2.0 / static_cast<double>(std::max<std::int64_t>(1, images)));
    if (square_accuracy < pgd_accuracy - chance)
        out.push_back("the Square attack, without gradients, leaves " + percent(square_accuracy) + ", PGD " +
                      percent(pgd_accuracy));
    const auto [low, high] = std::ranges::minmax(restart_accuracies);
    if (high - low > 2 * chance)
        out.push_back("random starts of PGD differ: " + percent(low) + " to " + percent(high));
    if (unbounded_accuracy > chance)
        out.push_back("PGD with " + decimal(kUnboundedFactor, 0) + " times the budget still leaves " +
                      percent(unbounded_accuracy));
    if (loss_over_steps.back() < loss_over_steps.front()) out.emplace_back("PGD does not raise the loss");
    return out;
}

MaskingReport check_masking(const Classifier &classifier, const torch::Tensor &images,
                            const torch::Tensor &labels, const Budget &budget, std::uint64_t seed) {
    MaskingReport report{.images = images.size(0),
                         .loss_over_steps = {},
                         .restart_accuracies = {},
                         .pgd_accuracy = 0,
                         .square_accuracy = 0,
                         .unbounded_accuracy = 0};
    auto standing = stands(classifier, images, labels);
    for (int restart = 0; restart < kRestarts; ++restart) {
        PgdTrace trace;
        const auto attacked = pgd(classifier, images, labels, pgd_options(budget),
                                  Randomness(seed).salted(static_cast<std::uint64_t>(restart)), &trace);
        const auto left = stands(classifier, attacked, labels);
        report.restart_accuracies.push_back(share(left));
        standing = standing.logical_and(left);
        if (restart > 0) continue;
        const auto losses = trace.losses.mean(1).to(at::kCPU, at::kDouble).contiguous();
        report.loss_over_steps.assign(losses.const_data_ptr<double>(),
                                      losses.const_data_ptr<double>() + losses.numel());
    }
    report.pgd_accuracy = share(standing);
    const auto squared = square(classifier, images, labels,
                                {.budget = budget, .queries = MaskingReport::kQueries}, Randomness(seed));
    report.square_accuracy = share(stands(classifier, squared, labels));
    const Budget wide{budget.norm, MaskingReport::kUnboundedFactor * budget.epsilon};
    report.unbounded_accuracy = share(
        stands(classifier, pgd(classifier, images, labels, pgd_options(wide), Randomness(seed)), labels));
    return report;
}

} // namespace mirra::trainer
