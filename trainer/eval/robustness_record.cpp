// Recording robustness.
#include "eval/robustness_record.hpp"

#include "core/provenance.hpp"
#include "eval/manifest_rewrite.hpp"
#include "eval/quality.hpp"
#include "mirra/bundle.hpp"

#include <cmath>

namespace mirra::trainer {
namespace {

using Json = Quality;

double rounded_share(std::int64_t hits, std::int64_t count) {
    constexpr double kDigits = 1e4;
    return std::round(kDigits * static_cast<double>(hits) / static_cast<double>(count)) / kDigits;
}

Json row(const RobustnessEvaluation &evaluation, const Evaluation &result) {
    const auto attack =
        evaluation.attack == "pgd" ? "pgd-" + std::to_string(evaluation.steps) : evaluation.attack;
    return {{"data", data_name(evaluation.data.front())},
            {"attack", attack},
            {"norm", evaluation.budget.norm == Norm::l2 ? "l2" : "linf"},
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
