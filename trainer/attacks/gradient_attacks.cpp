// The two loops, of PGD and of Auto-PGD.
#include "attacks/gradient_attacks.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr double kPgdStabiliser = 1e-10, kApgdStabiliser = 1e-12;
constexpr double kInertia = 0.25; // the share of the last move in the next: 1 - alpha of the Auto-PGD paper

/// The iterate of highest loss so far, image by image.
class Best {
  public:
    void offer(const torch::Tensor &iterate, const torch::Tensor &loss) {
        if (!images_.defined()) {
            images_ = iterate;
            loss_ = loss;
            return;
        }
        images_ = torch::where((loss > loss_).view({-1, 1, 1, 1}), iterate, images_);
        loss_ = torch::maximum(loss, loss_);
    }
    [[nodiscard]] const torch::Tensor &images() const { return images_; }

  private:
    torch::Tensor images_, loss_;
};

/// Counts the iterates before the first misclassified one.
class Resistance {
  public:
    void see(const torch::Tensor &logits, const torch::Tensor &labels, bool targeted) {
        auto stands = logits.argmax(1).eq(labels);
        if (targeted) stands = stands.logical_not();
        standing_ = standing_.defined() ? standing_.logical_and(stands) : stands;
        steps_ = steps_.defined() ? steps_ + standing_ : standing_.to(at::kLong);
    }
    [[nodiscard]] const torch::Tensor &steps() const { return steps_; }

  private:
    torch::Tensor standing_, steps_;
};

torch::Tensor column(const torch::Tensor &values) {
    return values.view({-1, 1, 1, 1});
}

/// One run of Auto-PGD, on one loss, from one start.
class AutoPgd {
  public:
    struct Result {
        torch::Tensor images, fooled;
    };

    AutoPgd(const Classifier &classifier, const ApgdOptions &options, const torch::Tensor &images,
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
        const auto direction = ascent(gradient_, options_.budget.norm, kApgdStabiliser);
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

torch::Tensor logit_of(const torch::Tensor &logits, const torch::Tensor &classes) {
    return logits.gather(1, classes.unsqueeze(1)).squeeze(1);
}

std::vector<torch::Tensor> ranked(const torch::Tensor &logits, std::int64_t count) {
    return std::get<0>(logits.topk(count, 1)).unbind(1);
}

} // namespace

double usual_step_size(double epsilon, std::int64_t steps) {
    constexpr double kReach = 2.5;
    return kReach * epsilon / static_cast<double>(steps);
}

torch::Tensor pgd(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                  const PgdOptions &options, const Randomness &randomness, PgdTrace *trace) {
    const auto start = options.random_start ? random_start(images, options.budget, randomness) : images;
    return pgd_from(start, classifier, images, labels, options, trace);
}

torch::Tensor pgd_from(const torch::Tensor &start, const Classifier &classifier, const torch::Tensor &images,
                       const torch::Tensor &labels, const PgdOptions &options, PgdTrace *trace) {
    const torch::NoGradGuard no_grad;
    const auto loss = [&](const torch::Tensor &logits) {
        const auto losses = cross_entropy(logits, labels);
        return options.targeted ? losses.neg() : losses;
    };
    auto iterate = start;
    Best best;
    Resistance resistance;
    std::vector<torch::Tensor> losses;
    for (int step = 0; step < options.steps; ++step) {
        const auto here = evaluate_gradient(classifier, iterate, loss);
        if (options.best_iterate) best.offer(iterate, here.loss);
        if (trace) resistance.see(here.logits, labels, options.targeted);
        if (trace) losses.push_back(here.loss);
        const auto direction = ascent(here.gradient, options.budget.norm, kPgdStabiliser);
        iterate = project(torch::add(iterate, direction, options.step_size), images, options.budget);
    }
    if (options.best_iterate) {
        losses.push_back(loss(classifier(iterate)));
        best.offer(iterate, losses.back());
    }
    if (trace) *trace = {resistance.steps(), torch::stack(losses)};
    return options.best_iterate ? best.images() : iterate;
}

PgdOptions fgsm_rs(const Budget &budget) {
    constexpr double kStep = 1.25; // of epsilon: the largest that Wong et al. found to train stably
    return {.budget = budget,
            .steps = 1,
            .step_size = kStep * budget.epsilon,
            .random_start = true,
            .best_iterate = false};
}

torch::Tensor gairat_weights(const torch::Tensor &steps_to_fool, int steps, double lambda) {
    constexpr double kSlope = 5;
    const auto kappa = steps_to_fool.to(at::kFloat);
    const auto weights = ((1 - kappa * (2.0 / steps)) * kSlope + lambda).tanh_().add_(1);
    // A batch whose every weight rounds to zero is weighted evenly.
    const auto mean = weights.mean();
    return torch::where(mean > 0, weights / mean, torch::ones_like(weights));
}

torch::Tensor apgd(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                   const ApgdOptions &options, const Randomness &randomness) {
    const torch::NoGradGuard no_grad;
    return AutoPgd(classifier, options, images, labels, {})
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
        const auto [points, fooled] = AutoPgd(classifier, options, some, select_rows(labels, standing),
                                              select_rows(targets[rank], standing))
                                          .from(random_start(some, options.budget, noise));
        found.index_copy_(0, standing, points);
        standing = standing.masked_select(fooled.logical_not());
    }
    return found;
}

torch::Tensor dlr(const torch::Tensor &logits, const torch::Tensor &labels) {
    const auto gap = -margin(logits, labels);
    if (logits.size(1) < 3) return gap;
    const auto top = ranked(logits, 3);
    return gap / (top[0] - top[2] + kApgdStabiliser);
}

torch::Tensor dlr_targeted(const torch::Tensor &logits, const torch::Tensor &labels,
                           const torch::Tensor &targets) {
    const auto gap = logit_of(logits, targets) - logit_of(logits, labels);
    if (logits.size(1) < 4) return gap;
    const auto top = ranked(logits, 4);
    return gap / (top[0] - (top[2] + top[3]) / 2 + kApgdStabiliser);
}

} // namespace mirra::trainer
