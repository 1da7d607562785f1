// Auto-PGD.
#include "attacks/apgd.hpp"

#include "attacks/active_rows.hpp"
#include "attacks/dlr.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr double kStabiliser = 1e-12;
constexpr double kInertia = 0.25; // the share of the last move in the next: 1 - alpha of the paper

torch::Tensor column(const torch::Tensor &values) {
    return values.view({-1, 1, 1, 1});
}

/// One run, on one loss, from one start.
class Run {
  public:
    struct Result {
        torch::Tensor images, fooled;
    };

    Run(const Classifier &classifier, const ApgdOptions &options, const torch::Tensor &images,
        torch::Tensor labels, torch::Tensor targets)
        : classifier_(classifier)
        , options_(options)
        , images_(images)
        , labels_(std::move(labels))
        , targets_(std::move(targets))
        , result_{torch::empty_like(images), torch::empty_like(labels_, at::kBool)}
        , places_(torch::arange(images.size(0), labels_.options()))
        , step_(torch::full({images.size(0), 1, 1, 1}, 2 * options.budget.epsilon, images.options()))
        , window_(share_of_iterations(0.22)) {}

    Result from(const torch::Tensor &start) {
        iterate_ = previous_ = start;
        begin();
        int until_check = window_;
        for (int i = 0; i < options_.iterations && drop_fooled(); ++i) {
            move(i == 0);
            look();
            if (--until_check == 0) until_check = adapt();
        }
        store();
        return result_;
    }

  private:
    [[nodiscard]] int share_of_iterations(double share) const {
        return std::max(static_cast<int>(share * options_.iterations), 1);
    }

    Ascent evaluate() {
        return evaluate_gradient(classifier_, iterate_, [this](const torch::Tensor &logits) {
            if (targets_.defined()) return dlr_targeted(logits, labels_, targets_);
            return options_.loss == ApgdLoss::dlr ? dlr(logits, labels_) : cross_entropy(logits, labels_);
        });
    }

    void begin() {
        const auto here = evaluate();
        best_ = iterate_;
        gradient_ = best_gradient_ = here.gradient;
        loss_ = best_loss_ = checked_loss_ = here.loss;
        fooled_ = here.logits.argmax(1).ne(labels_);
        reduced_ = torch::ones_like(fooled_);
        increases_ = torch::zeros_like(loss_);
    }

    void move(bool first) {
        const auto direction = ascent(gradient_, options_.budget.norm, kStabiliser);
        auto next = project(iterate_ + step_ * direction, images_, options_.budget);
        if (!first) {
            // iterate + (1 - kInertia) (next - iterate) + kInertia (iterate - previous)
            next.mul_(1 - kInertia).add_(iterate_, 2 * kInertia).sub_(previous_, kInertia);
            next = project(next, images_, options_.budget);
        }
        previous_ = iterate_;
        iterate_ = next;
    }

    /// Evaluates the iterate. The best of a fooled image is its first misclassified iterate.
    void look() {
        const auto here = evaluate();
        const auto wrong = here.logits.argmax(1).ne(labels_);
        const auto better = here.loss.gt(best_loss_).logical_or(wrong).logical_and(fooled_.logical_not());
        best_ = torch::where(column(better), iterate_, best_);
        best_gradient_ = torch::where(column(better), here.gradient, best_gradient_);
        best_loss_ = torch::maximum(here.loss, best_loss_);
        increases_ += here.loss.gt(loss_);
        fooled_ = fooled_.logical_or(wrong);
        gradient_ = here.gradient;
        loss_ = here.loss;
    }

    /// Halves the step, and goes back to the best iterate, where the loss rose too rarely since the last
    /// check, or where its best has not moved although the step was kept. Returns the steps to the next
    /// check.
    int adapt() {
        const auto oscillates = increases_.le(options_.rho * window_);
        const auto stuck = reduced_.logical_not().logical_and(checked_loss_.ge(best_loss_));
        reduced_ = oscillates.logical_or(stuck);
        const auto back = column(reduced_);
        step_ = torch::where(back, step_ / 2, step_);
        iterate_ = torch::where(back, best_, iterate_);
        gradient_ = torch::where(back, best_gradient_, gradient_);
        checked_loss_ = best_loss_;
        increases_.zero_();
        window_ = std::max(window_ - share_of_iterations(0.03), share_of_iterations(0.06));
        return window_;
    }

    /// False when no image stands.
    bool drop_fooled() {
        const auto rows = remaining_rows(fooled_);
        if (!rows) return true;
        store();
        keep_rows({&images_, &labels_, &targets_, &places_, &iterate_, &previous_, &best_, &gradient_,
                   &best_gradient_, &loss_, &best_loss_, &checked_loss_, &increases_, &step_, &fooled_,
                   &reduced_},
                  *rows);
        return rows->numel() > 0;
    }

    void store() {
        result_.images.index_copy_(0, places_, best_);
        result_.fooled.index_copy_(0, places_, fooled_);
    }

    const Classifier &classifier_;
    const ApgdOptions &options_;
    torch::Tensor images_, labels_, targets_;
    Result result_;
    torch::Tensor places_; // in the result
    torch::Tensor step_;
    int window_; // steps between two checks
    torch::Tensor iterate_, previous_, best_;
    torch::Tensor gradient_, best_gradient_;
    torch::Tensor loss_, best_loss_, checked_loss_, increases_;
    torch::Tensor fooled_, reduced_;
};

} // namespace

torch::Tensor apgd(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                   const ApgdOptions &options, const Randomness &randomness) {
    const torch::NoGradGuard no_grad;
    return Run(classifier, options, images, labels, {})
        .from(random_start(images, options.budget, randomness))
        .images;
}

torch::Tensor apgd_targeted(const Classifier &classifier, const torch::Tensor &images,
                            const torch::Tensor &labels, const ApgdOptions &options,
                            const Randomness &randomness) {
    const torch::NoGradGuard no_grad;
    const auto logits = classifier(images);
    const auto targets = runner_up_classes(logits, labels, options.targets).unbind(1);
    auto found = images.clone();
    auto standing = logits.argmax(1).eq(labels).nonzero().squeeze(1);
    for (std::size_t rank = 0; rank < targets.size() && standing.numel() > 0; ++rank) {
        const auto some = select_rows(images, standing);
        const auto noise = randomness.of(standing).salted(rank + 1);
        const auto [points, fooled] = Run(classifier, options, some, select_rows(labels, standing),
                                          select_rows(targets[rank], standing))
                                          .from(random_start(some, options.budget, noise));
        found.index_copy_(0, standing, points);
        standing = standing.masked_select(fooled.logical_not());
    }
    return found;
}

} // namespace mirra::trainer
