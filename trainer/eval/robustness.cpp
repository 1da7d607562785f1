// The attack command.
#include "eval/robustness.hpp"

#include "core/device.hpp"
#include "core/interrupt.hpp"
#include "core/progress.hpp"
#include "core/random.hpp"
#include "data/class_loader.hpp"
#include "data/evaluation_split.hpp"
#include "eval/accuracy.hpp"
#include "eval/classifier_bundle.hpp"
#include "eval/interruptible.hpp"
#include "eval/manifest_rewrite.hpp"
#include "eval/robustness_record.hpp"
#include "eval/robustness_report.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kSubsetSalt = 0x737562736574;
constexpr int kFailure = 1, kInterrupted = 130;
constexpr const char *kPgd = "pgd"; // with settings of its own

/// The first `count` indices of a shuffle that depends on the seed alone, so that a subset is no choice of
/// classes.
std::vector<std::int64_t> subset(std::int64_t size, std::int64_t count, std::uint64_t seed) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(size));
    std::iota(indices.begin(), indices.end(), 0);
    if (count <= 0 || count >= size) return indices;
    CounterRandom random(seed ^ kSubsetSalt, 0);
    for (std::int64_t i = 0; i < count; ++i)
        std::swap(indices[static_cast<std::size_t>(i)],
                  indices[static_cast<std::size_t>(i + random.below(size - i))]);
    indices.resize(static_cast<std::size_t>(count));
    return indices;
}

void check_classes(const std::vector<std::string> &names, const std::vector<std::string> &expected,
                   std::int64_t count, const std::string &data) {
    if (static_cast<std::int64_t>(names.size()) != count)
        throw Error(ErrorCode::mismatch,
                    "the data has " + std::to_string(names.size()) + " classes, the bundle " +
                        std::to_string(count),
                    data, "give pictures of the classes that the bundle was trained on");
    if (expected.empty()) return;
    const auto [name, wanted] = std::ranges::mismatch(names, expected);
    if (name != names.end())
        throw Error(ErrorCode::mismatch,
                    "class " + std::to_string(name - names.begin()) + " of the data is '" + *name +
                        "', that of the bundle '" + *wanted + "'",
                    data, "give class folders whose names, sorted, are the bundle's classes in its order");
}

std::vector<Attack> attacks_of(const RobustnessEvaluation &evaluation) {
    if (evaluation.attack != kPgd) return attacks_of_name(evaluation.attack, evaluation.budget);
    const double usual = usual_step_size(evaluation.budget.epsilon, evaluation.steps);
    const PgdOptions options{.budget = evaluation.budget,
                             .steps = static_cast<int>(evaluation.steps),
                             .step_size = evaluation.step_size > 0 ? evaluation.step_size : usual,
                             .random_start = evaluation.restarts > 1};
    return std::vector<Attack>(static_cast<std::size_t>(evaluation.restarts), pgd_attack(options));
}

std::vector<std::string> choices_of_attack() {
    auto out = attack_names();
    out.emplace_back(kPgd);
    return out;
}

/// Draws every pass's progress; says when Ctrl-C was pressed.
class Watch {
  public:
    bool operator()(const EvaluationProgress &now) {
        if (now.attack != attack_) {
            attack_ = now.attack;
            bar_ = std::make_unique<Progress>(attack_, std::max<std::int64_t>(1, now.total));
        }
        bar_->update(now.done, std::to_string(now.standing) + " stand");
        return !interrupted();
    }

  private:
    std::string attack_;
    std::unique_ptr<Progress> bar_;
};

std::optional<MaskingReport> masking_of(const RobustnessEvaluation &evaluation, ClassifierBundle &bundle,
                                        const LabelledImages &set, const torch::Device &device) {
    if (!evaluation.masking) return std::nullopt;
    return check_masking(
        interruptible(bundle.classifier()), set.images, set.labels,
        {.budget = evaluation.budget, .batch = evaluation.batch, .seed = evaluation.seed, .device = device});
}

std::int64_t extent_of(const RobustnessEvaluation &evaluation, const ClassifierBundle &bundle) {
    if (evaluation.extent > 0) return evaluation.extent;
    if (bundle.extent() > 0) return bundle.extent();
    throw Error(ErrorCode::invalid_argument, "the bundle does not say how large its pictures were",
                "--extent", "give --extent");
}

/// Prints and records what was measured. @returns the exit status
int conclude(const RobustnessEvaluation &evaluation, const Evaluation &result, ClassifierBundle &bundle,
             const LabelledImages &set, const torch::Device &device) {
    bool complete = result.complete;
    std::optional<MaskingReport> masking;
    try {
        if (complete) masking = masking_of(evaluation, bundle, set, device);
    } catch (const Interrupted &) {
        complete = false;
    }
    print_robustness(evaluation, result, masking);
    if (evaluation.record && result.complete) record_robustness(evaluation, result);
    for (const auto &file : set.skipped) log_warning("skipped " + file);
    if (!complete) return kInterrupted;
    return set.skipped.empty() ? 0 : kFailure;
}

int attack(const RobustnessEvaluation &evaluation) {
    if (evaluation.threads > 0) torch::set_num_threads(evaluation.threads);
    const auto device = select_device(evaluation.device);
    ClassifierBundle bundle(bundle::Bundle::open(evaluation.bundle), device, evaluation.bundle);
    if (evaluation.record) check_rewritable(bundle.bundle(), evaluation.bundle);
    const auto attacks = attacks_of(evaluation);
    const auto extent = extent_of(evaluation, bundle);
    const auto set = load_images(evaluation, bundle.class_names(), bundle.classes(), extent);
    const InterruptGuard guard;
    const auto watch = std::make_shared<Watch>();
    const auto result = evaluate_robustness(bundle.classifier(), set.images, set.labels, attacks,
                                            {.budget = evaluation.budget,
                                             .batch = evaluation.batch,
                                             .seed = evaluation.seed,
                                             .device = device,
                                             .progress = [watch](const auto &now) { return (*watch)(now); }});
    return conclude(evaluation, result, bundle, set, device);
}

} // namespace

Interval confidence(std::int64_t hits, std::int64_t count) {
    if (count == 0) return {0, 1};
    constexpr double kZ = 1.959963984540054; // 97.5 % of the normal distribution
    const auto n = static_cast<double>(count);
    const double p = static_cast<double>(hits) / n, z2 = kZ * kZ;
    const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    const double half = kZ * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

LabelledImages load_images(const RobustnessEvaluation &evaluation,
                           const std::vector<std::string> &class_names, std::int64_t classes,
                           std::int64_t extent) {
    ClassSet set(evaluation.data, evaluation_split(evaluation.data),
                 {.side = side_for_crops(extent), .cache_bytes = 0});
    check_classes(set.classes(), class_names, classes, evaluation.data.front());
    LabelledImages out;
    std::vector<torch::Tensor> parts;
    std::vector<std::int64_t> labels;
    for (const auto index : subset(set.size(), evaluation.count, evaluation.seed)) {
        const auto batch = evaluation_batch(set, {&index, 1}, extent);
        if (batch.labels.empty()) continue;
        parts.push_back(to_images(batch, torch::kCPU).clone());
        labels.push_back(batch.labels.front());
    }
    if (parts.empty())
        throw Error(ErrorCode::corrupt, "none of the pictures can be read", evaluation.data.front(),
                    "check the files, or raise --count");
    out.images = torch::cat(parts).contiguous(at::MemoryFormat::ChannelsLast);
    out.labels = torch::tensor(labels);
    out.skipped = set.skipped();
    return out;
}

void add_attack_command(CLI::App &app, int &status) {
    auto *sub =
        app.add_subcommand("attack", "Measure the clean and the robust accuracy of a classifier bundle");
    const auto evaluation = std::make_shared<RobustnessEvaluation>();
    sub->add_option("--bundle", evaluation->bundle, "Bundle with a graph 'classifier'")->required();
    sub->add_option("--data", evaluation->data,
                    "Folders of one folder a class (or with val/ of that), or cifar10:DIR")
        ->required();
    sub->add_option("--attack", evaluation->attack)
        ->check(CLI::IsMember(choices_of_attack()))
        ->capture_default_str();
    const std::map<std::string, Norm> norms{{"l2", Norm::l2}, {"linf", Norm::linf}};
    sub->add_option_function<std::string>(
           "--norm",
           [evaluation, norms](const std::string &name) { evaluation->budget.norm = norms.at(name); },
           "What measures a perturbation [l2]")
        ->check(CLI::IsMember(norms));
    sub->add_option("--eps", evaluation->budget.epsilon, "Largest perturbation, on pixels in [0, 1]")
        ->required()
        ->check(CLI::PositiveNumber);
    sub->add_option("--steps", evaluation->steps, "Steps of pgd")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    sub->add_option("--step-size", evaluation->step_size, "Of pgd [2.5 eps / steps]")
        ->check(CLI::NonNegativeNumber);
    sub->add_option("--restarts", evaluation->restarts, "Random starts of pgd; 1: from the picture itself")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    sub->add_option("--count", evaluation->count, "So many pictures, drawn by the seed [all]")
        ->check(CLI::PositiveNumber);
    sub->add_option("--extent", evaluation->extent, "Height and width of the pictures [as in training]")
        ->check(CLI::Range(8, 4096));
    sub->add_option("--batch", evaluation->batch)->check(CLI::Range(1, 100'000))->capture_default_str();
    sub->add_option("--seed", evaluation->seed)->check(CLI::NonNegativeNumber)->capture_default_str();
    sub->add_option("--device", evaluation->device, "cpu, cuda or cuda:N")->capture_default_str();
    sub->add_option("--threads", evaluation->threads, "Threads of the kernels [all]")
        ->check(CLI::NonNegativeNumber);
    sub->add_flag("--masking", evaluation->masking, "Also look for signs of gradient masking");
    sub->add_flag("--json", evaluation->json, "Print JSON");
    sub->add_flag("--record", evaluation->record, "Put the figures into the bundle's manifest");
    sub->callback([evaluation, &status] { status = attack(*evaluation); });
}

} // namespace mirra::trainer
