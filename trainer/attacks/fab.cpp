// Running FAB-T, and the projection that each of its steps takes.
#include "attacks/fab.hpp"

#include <limits>

namespace mirra::trainer {
namespace {

constexpr double kLeastMove = 1e-8;

/// The nearest adversarial images so far, and how far they are, [N, 1, 1, 1].
struct Nearest {
    torch::Tensor images, distance;
};

/// One run, towards one class an image.
class Run {
  public:
    Run(const Classifier &classifier, const FabOptions &options, const torch::Tensor &images,
        torch::Tensor labels, torch::Tensor targets, Nearest nearest)
        : classifier_(classifier)
        , options_(options)
        , result_{nearest.images.clone(), nearest.distance.clone()}
        , images_(images)
        , labels_(std::move(labels))
        , targets_(std::move(targets))
        , places_(torch::arange(images.size(0), labels_.options()))
        , iterate_(images)
        , nearest_(std::move(nearest)) {}

    Nearest run() {
        for (int i = 0; i < options_.iterations && drop_done(); ++i) {
            step();
            look();
        }
        store();
        return result_;
    }

  private:
    /// Where the classifier, made linear at the iterate, changes to the target class: a mean of the points of
    /// that hyperplane that are nearest to the iterate and to the image, both overshot.
    void step() {
        const auto norm = options_.budget.norm;
        const auto here = evaluate_gradient(classifier_, iterate_, [this](const torch::Tensor &logits) {
            const auto pair = logits.gather(1, torch::stack({targets_, labels_}, 1));
            return pair.select(1, 0) - pair.select(1, 1);
        });
        const auto back = (here.gradient * (images_ - iterate_)).sum(at::IntArrayRef{1, 2, 3});
        const auto onward = moves_onto_hyperplane(iterate_, here.gradient, here.loss, norm);
        const auto outward = moves_onto_hyperplane(images_, here.gradient, here.loss + back, norm);
        const auto onward_length = norms(onward, norm).clamp_min_(kLeastMove);
        const auto outward_length = norms(outward, norm).clamp_min_(kLeastMove);
        const auto pull = (onward_length / (onward_length + outward_length)).clamp_max_(options_.alpha_max);
        iterate_ = torch::lerp(torch::add(iterate_, onward, options_.eta),
                               torch::add(images_, outward, options_.eta), pull)
                       .clamp_(0, 1);
    }

    void look() {
        const auto fooled = classifier_(iterate_).argmax(1).ne(labels_).view({-1, 1, 1, 1});
        const auto move = iterate_ - images_;
        const auto distance = norms(move, options_.budget.norm);
        const auto nearer = fooled.logical_and(distance < nearest_.distance);
        nearest_.images = torch::where(nearer, iterate_, nearest_.images);
        nearest_.distance = torch::where(nearer, distance, nearest_.distance);
        iterate_ = torch::where(fooled, torch::add(images_, move, options_.beta), iterate_);
    }

    /// False when every image is done.
    bool drop_done() {
        const auto rows = remaining_rows(nearest_.distance.flatten() <= options_.budget.epsilon);
        if (!rows) return true;
        store();
        keep_rows({&images_, &labels_, &targets_, &places_, &iterate_, &nearest_.images, &nearest_.distance},
                  *rows);
        return rows->numel() > 0;
    }

    void store() {
        result_.images.index_copy_(0, places_, nearest_.images);
        result_.distance.index_copy_(0, places_, nearest_.distance);
    }

    const Classifier &classifier_;
    const FabOptions &options_;
    Nearest result_;
    torch::Tensor images_, labels_, targets_;
    torch::Tensor places_; // in the result
    torch::Tensor iterate_;
    Nearest nearest_; // of the rows still in the batch
};

constexpr int kMostSteps = 100; // ten is usual
constexpr double kFar = 1e20;   // the dual of a hyperplane that misses the box

torch::Tensor total(const torch::Tensor &values) {
    return values.sum(at::IntArrayRef{1, 2, 3}, true);
}

/// The dual at which sum min(dual * gain, capacity) = way.
///
/// Both norms lead to one equation in one unknown, a dual variable: the shortest move takes pixel i by
/// min(dual * speed_i, room_i), with speed |w_i| for l2 and 1 for linf, and its part of the way is |w_i|
/// times that. The way is a concave, piecewise linear function of the dual, so Newton's method from zero
/// climbs to the solution and reaches it after few steps, where the published code sorts the breakpoints.
torch::Tensor solve(const torch::Tensor &gain, const torch::Tensor &capacity, const torch::Tensor &way) {
    const auto zero = torch::zeros({}, gain.options());
    auto dual = torch::zeros_like(way);
    for (int step = 0; step < kMostSteps; ++step) {
        const auto free = (dual * gain).lt(capacity);
        const auto slope = total(torch::where(free, gain, zero));
        const auto rest = way - total(torch::where(free, zero, capacity));
        const auto next = torch::maximum(dual, torch::where(slope > 0, rest / slope, kFar).clamp_max(kFar));
        if (next.equal(dual)) break;
        dual = next;
    }
    return dual;
}

} // namespace

torch::Tensor fab_targeted(const Classifier &classifier, const torch::Tensor &images,
                           const torch::Tensor &labels, const FabOptions &options) {
    const torch::NoGradGuard no_grad;
    const auto logits = classifier(images);
    const auto right = logits.argmax(1).eq(labels);
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    // An image that is misclassified as it is lies at distance 0 from an adversarial one.
    Nearest nearest{images.clone(), torch::where(right, kInfinity, 0.0).to(images).view({-1, 1, 1, 1})};
    for (const auto &targets : runner_up_classes(logits, labels, options.targets).unbind(1)) {
        const auto open = nearest.distance.flatten() > options.budget.epsilon;
        const auto standing = open.nonzero().squeeze(1);
        if (standing.numel() == 0) break;
        const auto found =
            Run(classifier, options, select_rows(images, standing), select_rows(labels, standing),
                select_rows(targets, standing),
                {select_rows(nearest.images, standing), select_rows(nearest.distance, standing)})
                .run();
        nearest.images.index_copy_(0, standing, found.images);
        nearest.distance.index_copy_(0, standing, found.distance);
    }
    return nearest.images;
}

torch::Tensor moves_onto_hyperplane(const torch::Tensor &points, const torch::Tensor &normals,
                                    const torch::Tensor &offsets, Norm norm) {
    const auto way = offsets.view({-1, 1, 1, 1});
    const auto downhill = torch::where(way < 0, normals, -normals);
    const auto weight = normals.abs();
    const auto room = torch::where(downhill > 0, 1 - points, points);
    const auto gain = norm == Norm::l2 ? weight.square() : weight;
    const auto dual = solve(gain, weight * room, way.abs());
    const auto length = norm == Norm::l2 ? torch::minimum(dual * weight, room) : torch::minimum(dual, room);
    return length * downhill.sign();
}

} // namespace mirra::trainer
