// Tables of inverters.
#include "eval/inversion_report.hpp"

#include "core/provenance.hpp"
#include "eval/manifest_rewrite.hpp"
#include "eval/quality.hpp"
#include "mirra/bundle.hpp"
#include "report/csv.hpp"

#include "mirra/printable.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace mirra::trainer {
namespace {

using Json = Quality;

std::string epsilon_text(const InverterInfo &inverter) {
    if (!inverter.epsilon) return "-";
    if (*inverter.epsilon == 0) return "std";
    char text[48];
    std::snprintf(text, sizeof text, "%s %g", inverter.norm.c_str(), *inverter.epsilon);
    return text;
}

Json measurement(const InversionEvaluation &evaluation, std::int64_t extent, const InversionRow &row) {
    const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
    std::string data;
    for (const auto &source : evaluation.data) data += (data.empty() ? "" : ", ") + data_name(source);
    return {{"measure", "inversion"},
            {"data", data},
            {"count", row.similarity.psnr.count()},
            {"extent", extent},
            {"scale", row.scale},
            {"psnr", rounded(row.similarity.psnr.mean())},
            {"psnr_deviation", rounded(row.similarity.psnr.deviation())},
            {"ssim", rounded(row.similarity.ssim.mean())},
            {"ssim_deviation", rounded(row.similarity.ssim.deviation())},
            {"precision", evaluation.precision}};
}

bool same_measurement(const Json &a, const Json &b) {
    return std::ranges::all_of(std::array{"measure", "data", "extent", "scale", "precision"},
                               [&](const char *key) { return a.value(key, Json()) == b.value(key, Json()); });
}

} // namespace

void print_inversion_header() {
    std::printf("%-26s %-9s %-12s %-7s %5s %6s %16s %15s %9s  %s\n", "bundle", "layer", "loss", "eps",
                "scale", "count", "PSNR (std) dB", "SSIM (std)", "s/picture", "paper");
}

void print_inversion_row(const InversionRow &row, const PaperLookup &paper) {
    const auto &[psnr, ssim, lpips] = row.similarity;
    std::printf("%-26s %-9s %-12s %-7s %5lld %6lld %9.3f (%4.2f) %7.4f (%5.3f) %9.4f",
                printable(row.inverter.name).c_str(), printable(row.inverter.layer).c_str(),
                printable(row.inverter.loss).c_str(), epsilon_text(row.inverter).c_str(),
                static_cast<long long>(row.scale), static_cast<long long>(psnr.count()), psnr.mean(),
                psnr.deviation(), ssim.mean(), ssim.deviation(), row.seconds);
    if (lpips.count() > 0) std::printf("  LPIPS %.4f (%.3f)", lpips.mean(), lpips.deviation());
    if (const auto figure = paper(row)) {
        std::printf("  %.2f dB", figure->psnr);
        if (figure->ssim > 0) std::printf(", %.3f", figure->ssim);
        std::printf(" (Table %s)", figure->table);
    }
    std::printf("\n");
    std::fflush(stdout);
}

std::string inversion_csv(const std::vector<InversionRow> &rows, const PaperLookup &paper) {
    std::string text =
        "bundle,architecture,layer,loss,norm,epsilon,scale,count,psnr,psnr_std,ssim,ssim_std,lpips,lpips_std,"
        "seconds_per_picture,paper_table,paper_psnr,paper_ssim\n";
    char line[400];
    for (const auto &row : rows) {
        const auto &info = row.inverter;
        const auto &[psnr, ssim, lpips] = row.similarity;
        for (const auto &field : {info.name, info.architecture, info.layer, info.loss, info.norm})
            text += csv_field(field) + ",";
        if (info.epsilon) {
            std::snprintf(line, sizeof line, "%g", *info.epsilon);
            text += line;
        }
        std::snprintf(line, sizeof line, ",%lld,%lld,%.4f,%.4f,%.5f,%.5f,", static_cast<long long>(row.scale),
                      static_cast<long long>(psnr.count()), psnr.mean(), psnr.deviation(), ssim.mean(),
                      ssim.deviation());
        text += line;
        if (lpips.count() > 0)
            std::snprintf(line, sizeof line, "%.5f,%.5f,%.5f,", lpips.mean(), lpips.deviation(), row.seconds);
        else
            std::snprintf(line, sizeof line, ",,%.5f,", row.seconds);
        text += line;
        if (const auto figure = paper(row)) {
            std::snprintf(line, sizeof line, "%s,%g,%g", figure->table, figure->psnr, figure->ssim);
            text += line;
        } else {
            text += ",,";
        }
        text += "\n";
    }
    return text;
}

void record_inversion(const InversionEvaluation &evaluation, const InversionResult &result) {
    for (const auto &path : evaluation.bundles) {
        const auto bundle = bundle::Bundle::open(path);
        auto manifest = bundle->manifest();
        std::vector<Json> fresh;
        for (const auto &row : result.rows)
            if (row.bundle == path) fresh.push_back(measurement(evaluation, result.extent, row));
        manifest.quality = merged_quality(manifest.quality, fresh, same_measurement);
        rewrite_manifest(*bundle, manifest, path);
    }
}

} // namespace mirra::trainer
