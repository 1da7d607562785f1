// The ensemble and its evaluation.
#include "attacks/autoattack.hpp"

#include "attacks/fab.hpp"
#include "attacks/square.hpp"
#include "mirra/error.hpp"

#include <chrono>
#include <cmath>
#include <map>

namespace mirra::trainer {
namespace {

using Clock = std::chrono::steady_clock;

struct Stopped {};

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// An attack that is a function of the classifier, the images, the labels, its options and, but for FAB,
/// randomness.
template<class Options, class Function>
Attack named(const std::string &name, Function function, const Options &options) {
    return {name, [=](const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                      const Randomness &randomness) {
                if constexpr (std::is_same_v<Options, FabOptions>)
                    return function(classifier, images, labels, options);
                else
                    return function(classifier, images, labels, options, randomness);
            }};
}

Attack apgd_attack(const Budget &budget) {
    return named("apgd-ce", apgd, ApgdOptions{.budget = budget});
}
Attack apgd_dlr_attack(const Budget &budget) {
    return named("apgd-dlr", apgd, ApgdOptions{.budget = budget, .loss = ApgdLoss::dlr});
}
Attack apgd_targeted_attack(const Budget &budget) {
    return named("apgd-t", apgd_targeted, ApgdOptions{.budget = budget});
}
Attack fab_attack(const Budget &budget) {
    return named("fab-t", fab_targeted, FabOptions{.budget = budget});
}
Attack square_attack(const Budget &budget) {
    return named("square", square, SquareOptions{.budget = budget});
}

template<Attack (*make)(const Budget &)> std::vector<Attack> alone(const Budget &budget) {
    return {make(budget)};
}

struct NamedAttacks {
    const char *name;
    std::vector<Attack> (*make)(const Budget &);
};
constexpr NamedAttacks kAttacks[] = {
    {"autoattack", standard_attacks},     {"apgd-ce", alone<apgd_attack>},
    {"apgd-dlr", alone<apgd_dlr_attack>}, {"apgd-t", alone<apgd_targeted_attack>},
    {"fab", alone<fab_attack>},           {"square", alone<square_attack>},
};

void check(const torch::Tensor &images, const torch::Tensor &labels, const EvaluationOptions &options) {
    if (images.dim() != 4 || images.size(0) == 0 || images.scalar_type() != at::kFloat)
        throw Error(ErrorCode::invalid_argument, "an attack needs fp32 images [N, 3, H, W], at least one",
                    "images");
    if (labels.dim() != 1 || labels.size(0) != images.size(0) || labels.scalar_type() != at::kLong)
        throw Error(ErrorCode::mismatch, "an attack needs an int64 label for every image", "labels");
    if (!(options.budget.epsilon > 0) || !std::isfinite(options.budget.epsilon))
        throw Error(ErrorCode::invalid_argument, "the budget of an attack must be positive", "epsilon");
    if (options.batch < 1)
        throw Error(ErrorCode::invalid_argument, "a batch has at least one image", "batch");
}

void check_logits(const torch::Tensor &logits, const torch::Tensor &labels) {
    if (logits.dim() != 2 || logits.size(0) != labels.size(0) || logits.size(1) < 2)
        throw Error(ErrorCode::mismatch, "the network is no classifier of two or more classes", "logits");
    if (labels.min().item<std::int64_t>() < 0 || labels.max().item<std::int64_t>() >= logits.size(1))
        throw Error(ErrorCode::mismatch, "a label is none of the network's classes", "labels",
                    "evaluate on data with the classes that the network was trained on");
    if (!logits.isfinite().all().item<bool>())
        throw Error(ErrorCode::mismatch, "the network's logits are not finite", "logits",
                    "its weights are broken, or the precision is too low for it");
}

class Evaluator {
  public:
    Evaluator(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
              const EvaluationOptions &options)
        : images_(images)
        , labels_(labels)
        , options_(options)
        , classifier_([this, classifier](const torch::Tensor &batch) {
            if (options_.progress && !options_.progress(progress_)) throw Stopped{};
            return classifier(batch);
        }) {
        out_.images = images.size(0);
        out_.adversarial = images.clone();
        out_.standing = torch::zeros({images.size(0)}, at::kBool);
    }
    Evaluator(const Evaluator &) = delete;
    Evaluator &operator=(const Evaluator &) = delete;

    Evaluation run(const std::vector<Attack> &attacks) {
        const torch::NoGradGuard no_grad;
        const auto begin = Clock::now();
        try {
            clean();
            for (const auto &each : attacks) attack(each);
        } catch (const Stopped &) {
            out_.complete = false;
        }
        out_.robust = progress_.standing;
        out_.seconds = seconds_since(begin);
        return out_;
    }

  private:
    [[nodiscard]] torch::Tensor on_device(const torch::Tensor &tensor, const torch::Tensor &rows) const {
        return tensor.index_select(0, rows.to(tensor.device())).to(options_.device);
    }
    [[nodiscard]] torch::Tensor images_at(const torch::Tensor &rows) const {
        return on_device(images_, rows).contiguous(at::MemoryFormat::ChannelsLast);
    }

    void clean() {
        progress_ = {"clean", 0, out_.images, 0};
        for (const auto &rows : torch::arange(out_.images).split(options_.batch)) {
            const auto labels = on_device(labels_, rows);
            const auto logits = classifier_(images_at(rows));
            check_logits(logits, labels);
            const auto right = logits.argmax(1).eq(labels).to(at::kCPU);
            out_.standing.index_copy_(0, rows, right);
            progress_.done += rows.numel();
            progress_.standing += right.sum().item<std::int64_t>();
        }
        out_.clean = progress_.standing;
    }

    void attack(const Attack &attack) {
        const auto standing = out_.standing.nonzero().squeeze(1);
        if (standing.numel() == 0) return;
        progress_ = {attack.name, 0, standing.numel(), progress_.standing};
        out_.attacks.push_back({.name = attack.name, .standing = progress_.standing});
        const auto begin = Clock::now();
        const auto repeat = repeats_[attack.name]++;
        for (const auto &rows : standing.split(options_.batch)) {
            attack_batch(attack, rows, repeat);
            out_.attacks.back().seconds = seconds_since(begin);
        }
    }

    void attack_batch(const Attack &attack, const torch::Tensor &rows, std::uint64_t repeat) {
        const auto images = images_at(rows), labels = on_device(labels_, rows);
        const Randomness first(options_.seed, rows);
        const auto found =
            attack.run(classifier_, images, labels, repeat == 0 ? first : first.salted(repeat));
        const auto fooled = classifier_(found).argmax(1).ne(labels).logical_and(allowed(found, images));
        const auto places = rows.masked_select(fooled.to(at::kCPU));
        out_.adversarial.index_copy_(0, places.to(images_.device()),
                                     found.index({fooled}).to(images_.device()));
        out_.standing.index_fill_(0, places, 0);
        auto &result = out_.attacks.back();
        result.attacked += rows.numel();
        result.fooled += places.numel();
        progress_.done += rows.numel();
        result.standing = progress_.standing -= places.numel();
    }

    /// Within the budget and in [0, 1], but for rounding; bool [N].
    [[nodiscard]] torch::Tensor allowed(const torch::Tensor &found, const torch::Tensor &images) const {
        const double largest = options_.budget.epsilon * (1 + 1e-5) + 1e-6;
        const auto near = norms(found - images, options_.budget.norm).flatten() <= largest;
        return near.logical_and(found.flatten(1).amin(1) >= 0).logical_and(found.flatten(1).amax(1) <= 1);
    }

    const torch::Tensor &images_, &labels_;
    const EvaluationOptions &options_;
    EvaluationProgress progress_;
    Classifier classifier_;
    std::map<std::string, std::uint64_t> repeats_; ///< how often an attack of this name was run
    Evaluation out_;
};

} // namespace

std::vector<Attack> standard_attacks(const Budget &budget) {
    return {apgd_attack(budget), apgd_targeted_attack(budget), fab_attack(budget), square_attack(budget)};
}

std::vector<std::string> attack_names() {
    std::vector<std::string> out;
    for (const auto &each : kAttacks) out.emplace_back(each.name);
    return out;
}

std::vector<Attack> attacks_of_name(const std::string &name, const Budget &budget) {
    std::string known;
    for (const auto &each : kAttacks) {
        if (name == each.name) return each.make(budget);
        known += (known.empty() ? "" : ", ") + std::string(each.name);
    }
    throw Error(ErrorCode::invalid_argument, "there is no such attack", name, "use one of: " + known);
}

Attack pgd_attack(const PgdOptions &options) {
    return named("pgd", [](auto &&...all) { return pgd(all...); }, options);
}

Evaluation evaluate_robustness(const Classifier &classifier, const torch::Tensor &images,
                               const torch::Tensor &labels, const std::vector<Attack> &attacks,
                               const EvaluationOptions &options) {
    check(images, labels, options);
    return Evaluator(classifier, images, labels, options).run(attacks);
}

} // namespace mirra::trainer
