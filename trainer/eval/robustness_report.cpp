// Printing robust accuracy.
#include "eval/robustness_report.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace mirra::trainer {
namespace {

using Json = nlohmann::ordered_json;

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

void print_json(const RobustnessEvaluation &evaluation, const Evaluation &result,
                const std::optional<MaskingReport> &masking) {
    Json out{{"bundle", evaluation.bundle.filename().string()},
             {"attack", evaluation.attack},
             {"norm", evaluation.budget.norm == Norm::l2 ? "l2" : "linf"},
             {"epsilon", evaluation.budget.epsilon},
             {"count", result.images},
             {"seed", evaluation.seed},
             {"complete", result.complete},
             {"clean_accuracy", share(result.clean, result.images)},
             {"clean_interval", interval_json(result.clean, result.images)},
             {"robust_accuracy", share(result.robust, result.images)},
             {"robust_interval", interval_json(result.robust, result.images)},
             {"seconds", result.seconds},
             {"attacks", Json::array()}};
    for (const auto &each : result.attacks)
        out["attacks"].push_back({{"name", each.name},
                                  {"attacked", each.attacked},
                                  {"fooled", each.fooled},
                                  {"robust_accuracy", share(each.standing, result.images)},
                                  {"seconds", each.seconds}});
    if (masking) out["masking"] = masking_json(*masking);
    std::puts(out.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

void print_line(const char *name, std::int64_t hits, std::int64_t count, double seconds) {
    constexpr double kPercent = 100;
    const auto [low, high] = confidence(hits, count);
    std::printf("%-10s %7.2f %%  (%5.2f to %5.2f)  %8.1f s\n", name, kPercent * share(hits, count),
                kPercent * low, kPercent * high, seconds);
}

} // namespace

void print_robustness(const RobustnessEvaluation &evaluation, const Evaluation &result,
                      const std::optional<MaskingReport> &masking) {
    if (evaluation.json) return print_json(evaluation, result, masking);
    std::printf("%lld pictures, %s, epsilon %g, seed %llu; accuracy with its interval of 95 %%\n",
                static_cast<long long>(result.images), evaluation.budget.norm == Norm::l2 ? "l2" : "linf",
                evaluation.budget.epsilon, static_cast<unsigned long long>(evaluation.seed));
    print_line("clean", result.clean, result.images, 0);
    for (const auto &each : result.attacks)
        print_line(each.name.c_str(), each.standing, result.images, each.seconds);
    print_line("robust", result.robust, result.images, result.seconds);
    if (!result.complete) std::puts("stopped before the end: the robust accuracy is an upper bound");
    if (!masking) return;
    for (const auto &sign : masking->signs()) std::printf("gradient masking? %s\n", sign.c_str());
    if (masking->signs().empty()) std::puts("no sign of gradient masking");
}

} // namespace mirra::trainer
