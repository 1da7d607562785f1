// PGD.
#include "attacks/pgd.hpp"

namespace mirra::trainer {
namespace {

constexpr double kStabiliser = 1e-10;

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

} // namespace

double usual_step_size(double epsilon, std::int64_t steps) {
    constexpr double kReach = 2.5;
    return kReach * epsilon / static_cast<double>(steps);
}

torch::Tensor pgd(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                  const PgdOptions &options, const Randomness &randomness, PgdTrace *trace) {
    const torch::NoGradGuard no_grad;
    const auto loss = [&](const torch::Tensor &logits) {
        const auto losses = cross_entropy(logits, labels);
        return options.targeted ? losses.neg() : losses;
    };
    auto iterate = options.random_start ? random_start(images, options.budget, randomness) : images;
    Best best;
    Resistance resistance;
    std::vector<torch::Tensor> losses;
    for (int step = 0; step < options.steps; ++step) {
        const auto here = evaluate_gradient(classifier, iterate, loss);
        if (options.best_iterate) best.offer(iterate, here.loss);
        if (trace) resistance.see(here.logits, labels, options.targeted);
        if (trace) losses.push_back(here.loss);
        const auto direction = ascent(here.gradient, options.budget.norm, kStabiliser);
        iterate = project(torch::add(iterate, direction, options.step_size), images, options.budget);
    }
    if (options.best_iterate) {
        losses.push_back(loss(classifier(iterate)));
        best.offer(iterate, losses.back());
    }
    if (trace) *trace = {resistance.steps(), torch::stack(losses)};
    return options.best_iterate ? best.images() : iterate;
}

} // namespace mirra::trainer
