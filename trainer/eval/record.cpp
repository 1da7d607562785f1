// Recording measured quality.
#include "eval/record.hpp"

#include "core/device.hpp"
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

/// Rows of one bundle, without the noisy pictures and other denoisers.
std::vector<DenoisingRow> own_rows(const std::filesystem::path &bundle,
                                   const std::vector<DenoisingRow> &rows) {
    std::vector<DenoisingRow> out;
    for (const auto &row : rows)
        if (row.bundle == bundle) out.push_back(row);
    return out;
}

/// A gain and gray are told where there are any: the rest reads as before there were.
Json row_json(const DenoisingRow &row, const DenoisingEvaluation &evaluation) {
    Json out{{"data", row.data},
             {"count", row.count},
             {"sigma", row.noise.sigma},
             {"clipped", row.noise.clipped},
             {"known", evaluation.tell_sigma},
             {"seed", evaluation.seed},
             {"psnr", rounded(row.psnr)},
             {"ssim", rounded(row.ssim)},
             {"precision", evaluation.precision}};
    if (row.noise.gain > 0) out["gain"] = row.noise.gain;
    if (row.gray) out["gray"] = true;
    return out;
}

/// The same measurement of as many pictures or more: a part leaves the figures of the whole.
bool is_superseded(const Json &old, const Json &fresh) {
    const auto same = [&](const char *key, const auto &fallback) {
        return old.value(key, fallback) == fresh.value(key, fallback);
    };
    const auto count = [](const Json &row) { return row.value("count", std::int64_t{0}); };
    return count(old) <= count(fresh) && same("data", std::string()) && same("sigma", -1.0) &&
           same("gain", 0.0) && same("clipped", true) && same("gray", false) && same("known", false) &&
           same("precision", std::string());
}

std::string with_rows(const std::string &old, const std::vector<DenoisingRow> &rows,
                      const DenoisingEvaluation &evaluation) {
    std::vector<Json> fresh;
    for (const auto &row : rows) fresh.push_back(row_json(row, evaluation));
    return merged_quality(old, fresh, is_superseded);
}

double bf16_loss(DenoisingEvaluation evaluation, const std::filesystem::path &bundle,
                 const std::vector<DenoisingRow> &full) {
    evaluation.bundles = {bundle};
    evaluation.precision = "bf16";
    evaluation.compare = false;
    evaluation.sheet.clear();
    const auto reduced = own_rows(bundle, evaluate_denoising(evaluation).rows);
    double loss = 0;
    for (std::size_t i = 0; i < full.size(); ++i) loss = std::max(loss, full[i].psnr - reduced[i].psnr);
    return loss;
}

void record(const DenoisingEvaluation &evaluation, const std::filesystem::path &path,
            const std::vector<DenoisingRow> &rows) {
    const auto own = own_rows(path, rows);
    const auto bundle = bundle::Bundle::open(path);
    auto manifest = bundle->manifest();
    manifest.quality = with_rows(manifest.quality, own, evaluation);
    if (evaluation.precision == "fp32" && has_bf16(select_device(evaluation.device))) {
        const double loss = bf16_loss(evaluation, path, own);
        const auto known = manifest.precision_loss.find("bf16");
        manifest.precision_loss["bf16"] =
            known == manifest.precision_loss.end() ? loss : std::max(loss, known->second);
        log_info("bf16 loses " + decimal(loss, 4) + " dB at most");
    }
    rewrite_manifest(*bundle, manifest, path);
}

} // namespace

void record_denoising(const DenoisingEvaluation &evaluation, const std::vector<DenoisingRow> &rows) {
    for (const auto &bundle : evaluation.bundles) record(evaluation, bundle, rows);
}

} // namespace mirra::trainer
