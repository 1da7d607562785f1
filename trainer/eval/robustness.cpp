#include "eval/robustness.hpp"

#include "attacks/gradient_attacks.hpp"
#include "attacks/square.hpp"
#include "core/device.hpp"
#include "core/picture_extent.hpp"
#include "core/progress.hpp"
#include "core/provenance.hpp"
#include "core/random.hpp"
#include "data/loaders.hpp"
#include "data/picture_store.hpp"
#include "eval/classifier.hpp"
#include "eval/evaluation.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "report/table.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

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
    check_extent(bundle.bundle().graph("classifier"), extent, "--extent");
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

LabelledImages load_images(const RobustnessEvaluation &evaluation,
                           const std::vector<std::string> &class_names, std::int64_t classes,
                           std::int64_t extent) {
    PictureSet set(evaluation.data, evaluation_split(evaluation.data),
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
        ->check(CLI::PositiveNumber)
        ->check(CLI::Range(0.0, kLargestEpsilon));
    sub->add_option("--steps", evaluation->steps, "Steps of pgd")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    sub->add_option("--step-size", evaluation->step_size, "Of pgd [2.5 eps / steps]")
        ->check(CLI::Range(0.0, kLargestEpsilon));
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

namespace {

using Json = Quality;

const char *norm_name(Norm norm) {
    return norm == Norm::l2 ? "l2" : "linf";
}

double share(std::int64_t hits, std::int64_t count) {
    return count > 0 ? static_cast<double>(hits) / static_cast<double>(count) : 0;
}

Json interval_json(std::int64_t hits, std::int64_t count) {
    const auto [low, high] = confidence(hits, count);
    return {low, high};
}

Json masking_json(const MaskingReport &report) {
    return {{"images", report.images},
            {"loss_over_steps", report.loss_over_steps},
            {"restart_accuracies", report.restart_accuracies},
            {"pgd_accuracy", report.pgd_accuracy},
            {"square_accuracy", report.square_accuracy},
            {"unbounded_accuracy", report.unbounded_accuracy},
            {"signs", report.signs()}};
}

/// A line for people beside the figures themselves.
std::vector<Column> attack_columns() {
    return {{.name = "name", .shown = {.head = "attack", .width = -10}},
            {.name = "attacked"},
            {.name = "fooled"},
            {.name = "robust_accuracy"},
            {.name = "seconds"},
            {.shown = {.head = "accuracy"}}};
}

std::string accuracy_text(std::int64_t standing, std::int64_t count, double seconds) {
    constexpr double kPercent = 100;
    const auto [low, high] = confidence(standing, count);
    return formatted("%7.2f %%  (%5.2f to %5.2f)  %8.1f s", kPercent * share(standing, count), kPercent * low,
                     kPercent * high, seconds);
}

Table attack_table(const Evaluation &result) {
    Table table(attack_columns());
    for (const auto &each : result.attacks)
        table.add({each.name, each.attacked, each.fooled, share(each.standing, result.images), each.seconds,
                   accuracy_text(each.standing, result.images, each.seconds)});
    return table;
}

void print_json(const RobustnessEvaluation &evaluation, const Evaluation &result,
                const std::optional<MaskingReport> &masking) {
    Json out{{"bundle", evaluation.bundle.filename().string()},
             {"attack", evaluation.attack},
             {"norm", norm_name(evaluation.budget.norm)},
             {"epsilon", evaluation.budget.epsilon},
             {"count", result.images},
             {"seed", evaluation.seed},
             {"complete", result.complete},
             {"clean_accuracy", share(result.clean, result.images)},
             {"clean_interval", interval_json(result.clean, result.images)},
             {"robust_accuracy", share(result.robust, result.images)},
             {"robust_interval", interval_json(result.robust, result.images)},
             {"seconds", result.seconds},
             {"attacks", attack_table(result).json()}};
    if (masking) out["masking"] = masking_json(*masking);
    std::puts(out.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

} // namespace

void print_robustness(const RobustnessEvaluation &evaluation, const Evaluation &result,
                      const std::optional<MaskingReport> &masking) {
    if (evaluation.json) return print_json(evaluation, result, masking);
    print(formatted("%lld pictures, %s, epsilon %g, seed %llu; accuracy with its interval of 95 %%\n",
                    static_cast<long long>(result.images), norm_name(evaluation.budget.norm),
                    evaluation.budget.epsilon, static_cast<unsigned long long>(evaluation.seed)));
    const auto line = [&](const std::string &name, std::int64_t standing, double seconds) {
        Table table(attack_columns());
        table.add({name, {}, {}, {}, {}, accuracy_text(standing, result.images, seconds)});
        print(table.line());
    };
    line("clean", result.clean, 0);
    for (const auto &each : result.attacks) line(each.name, each.standing, each.seconds);
    line("robust", result.robust, result.seconds);
    if (!result.complete) std::puts("stopped before the end: the robust accuracy is an upper bound");
    if (!masking) return;
    for (const auto &sign : masking->signs()) std::printf("gradient masking? %s\n", sign.c_str());
    if (masking->signs().empty()) std::puts("no sign of gradient masking");
}

namespace {

double rounded_share(std::int64_t hits, std::int64_t count) {
    constexpr double kDigits = 1e4;
    return std::round(kDigits * static_cast<double>(hits) / static_cast<double>(count)) / kDigits;
}

Json row(const RobustnessEvaluation &evaluation, const Evaluation &result) {
    const auto attack =
        evaluation.attack == "pgd" ? "pgd-" + std::to_string(evaluation.steps) : evaluation.attack;
    return {{"data", data_name(evaluation.data.front())},
            {"attack", attack},
            {"norm", norm_name(evaluation.budget.norm)},
            {"epsilon", evaluation.budget.epsilon},
            {"count", result.images},
            {"seed", evaluation.seed},
            {"clean_accuracy", rounded_share(result.clean, result.images)},
            {"robust_accuracy", rounded_share(result.robust, result.images)}};
}

bool same_measurement(const Json &a, const Json &b) {
    for (const auto *key : {"data", "attack", "norm", "epsilon"})
        if (a.value(key, Json()) != b.value(key, Json())) return false;
    return true;
}

} // namespace

void record_robustness(const RobustnessEvaluation &evaluation, const Evaluation &result) {
    const auto bundle = bundle::Bundle::open(evaluation.bundle);
    auto manifest = bundle->manifest();
    manifest.quality = merged_quality(manifest.quality, {row(evaluation, result)}, same_measurement);
    rewrite_manifest(*bundle, manifest, evaluation.bundle);
}

} // namespace mirra::trainer
