// The checks.
#include "eval/masking.hpp"

#include "attacks/pgd.hpp"
#include "attacks/square.hpp"
#include "eval/picture_batches.hpp"
#include "log/log.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr int kSteps = 20;
constexpr std::uint64_t kRestarts = 4;

double share(const torch::Tensor &standing) {
    return standing.to(at::kDouble).mean().item<double>();
}

PgdOptions pgd_options(Budget budget) {
    return {.budget = budget,
            .steps = kSteps,
            .step_size = usual_step_size(budget.epsilon, kSteps),
            .random_start = true,
            .best_iterate = true};
}

std::string percent(double value) {
    constexpr double kPercent = 100;
    return decimal(kPercent * value, 1) + " %";
}

class Checks {
  public:
    Checks(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
           const MaskingOptions &options)
        : classifier_(classifier)
        , images_(images)
        , labels_(labels)
        , options_(options) {}

    MaskingReport run() {
        restarts();
        report_.square_accuracy = share(standing([this](const PictureBatch &batch) {
            return square(classifier_, batch.images, batch.labels,
                          {.budget = options_.budget, .queries = MaskingReport::kQueries},
                          {options_.seed, batch.ids});
        }));
        const Budget wide{options_.budget.norm, MaskingReport::kUnboundedFactor * options_.budget.epsilon};
        report_.unbounded_accuracy = share(standing([&](const PictureBatch &batch) {
            return pgd(classifier_, batch.images, batch.labels, pgd_options(wide),
                       {options_.seed, batch.ids});
        }));
        return report_;
    }

  private:
    using Move = std::function<torch::Tensor(const PictureBatch &)>;

    /// Which pictures are still classified right once moved.
    [[nodiscard]] torch::Tensor standing(const Move &move) const {
        std::vector<torch::Tensor> right;
        for_each_batch(images_, labels_, options_.batch, options_.device, [&](const PictureBatch &batch) {
            const torch::NoGradGuard no_grad;
            right.push_back(classifier_(move(batch)).argmax(1).eq(batch.labels).to(at::kCPU));
        });
        return torch::cat(right);
    }

    void restarts() {
        auto left = standing([](const PictureBatch &batch) { return batch.images; });
        std::vector<torch::Tensor> losses; // of the first
        for (std::uint64_t restart = 0; restart < kRestarts; ++restart) {
            const auto stands = standing([&](const PictureBatch &batch) {
                PgdTrace trace;
                auto moved = pgd(classifier_, batch.images, batch.labels, pgd_options(options_.budget),
                                 Randomness(options_.seed, batch.ids).salted(restart), &trace);
                if (restart == 0) losses.push_back(trace.losses.to(at::kCPU));
                return moved;
            });
            report_.restart_accuracies.push_back(share(stands));
            left = left.logical_and(stands);
        }
        report_.pgd_accuracy = share(left);
        const auto means = torch::cat(losses, 1).mean(1).to(at::kDouble).contiguous();
        report_.loss_over_steps.assign(means.const_data_ptr<double>(),
                                       means.const_data_ptr<double>() + means.numel());
    }

    const Classifier &classifier_;
    const torch::Tensor &images_, &labels_;
    const MaskingOptions &options_;
    MaskingReport report_{.images = images_.size(0),
                          .loss_over_steps = {},
                          .restart_accuracies = {},
                          .pgd_accuracy = 0,
                          .square_accuracy = 0,
                          .unbounded_accuracy = 0};
};

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
                            const torch::Tensor &labels, const MaskingOptions &options) {
    return Checks(classifier, images, labels, options).run();
}

} // namespace mirra::trainer
