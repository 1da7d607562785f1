// Recording measured quality.
#include "eval/record.hpp"

#include "eval/manifest_rewrite.hpp"
#include "eval/quality.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"

#include <algorithm>
#include <cmath>

namespace mirra::trainer {
namespace {

using Json = Quality;

double rounded(double value) {
    return std::round(value * 1e4) / 1e4;
}

/// Rows of the bundle alone, without the noisy pictures and other denoisers.
std::vector<DenoisingRow> own_rows(const DenoisingEvaluation &evaluation,
                                   const std::vector<DenoisingRow> &rows) {
    std::vector<DenoisingRow> out;
    for (const auto &row : rows)
        if (row.method == evaluation.bundle.stem().string()) out.push_back(row);
    return out;
}

Json row_json(const DenoisingRow &row, const DenoisingEvaluation &evaluation) {
    return {{"data", row.data},
            {"count", row.count},
            {"sigma", row.sigma},
            {"clipped", row.clipped},
            {"known", evaluation.tell_sigma},
            {"seed", evaluation.seed},
            {"psnr", rounded(row.psnr)},
            {"ssim", rounded(row.ssim)},
            {"precision", evaluation.precision}};
}

bool same_measurement(const Json &a, const Json &b) {
    return a.value("data", "") == b.value("data", "") && a.value("sigma", -1.0) == b.value("sigma", -1.0) &&
           a.value("clipped", true) == b.value("clipped", true) &&
           a.value("known", false) == b.value("known", false) &&
           a.value("precision", "") == b.value("precision", "");
}

std::string with_rows(const std::string &old, const std::vector<DenoisingRow> &rows,
                      const DenoisingEvaluation &evaluation) {
    std::vector<Json> fresh;
    for (const auto &row : rows) fresh.push_back(row_json(row, evaluation));
    return merged_quality(old, fresh, same_measurement);
}

double bf16_loss(DenoisingEvaluation evaluation, const std::vector<DenoisingRow> &full) {
    evaluation.precision = "bf16";
    evaluation.compare = false;
    evaluation.sheet.clear();
    const auto reduced = own_rows(evaluation, evaluate_denoising(evaluation).rows);
    double loss = 0;
    for (std::size_t i = 0; i < full.size(); ++i) loss = std::max(loss, full[i].psnr - reduced[i].psnr);
    return loss;
}

} // namespace

void record_denoising(const DenoisingEvaluation &evaluation, const std::vector<DenoisingRow> &rows) {
    const auto own = own_rows(evaluation, rows);
    const auto bundle = bundle::Bundle::open(evaluation.bundle);
    auto manifest = bundle->manifest();
    manifest.quality = with_rows(manifest.quality, own, evaluation);
    if (evaluation.precision == "fp32") {
        const double loss = bf16_loss(evaluation, own);
        const auto known = manifest.precision_loss.find("bf16");
        manifest.precision_loss["bf16"] =
            known == manifest.precision_loss.end() ? loss : std::max(loss, known->second);
        log_info("bf16 loses " + decimal(loss, 4) + " dB at most");
    }
    rewrite_manifest(*bundle, manifest, evaluation.bundle);
}

} // namespace mirra::trainer
