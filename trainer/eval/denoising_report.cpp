// Tables of denoisers.
#include "eval/denoising_report.hpp"

#include "report/csv.hpp"

#include "mirra/printable.hpp"

#include <cstdio>

namespace mirra::trainer {
namespace {

const char *yes_or_no(bool value) {
    return value ? "yes" : "no";
}

} // namespace

void print_denoising_header() {
    std::printf("%-12s %5s %6s %6s %8s  %-24s %15s %7s %8s  %s\n", "data", "count", "sigma", "gain",
                "clipped", "method", "PSNR (std) dB", "SSIM", "s/Mpx", "paper");
}

void print_denoising_row(const DenoisingRow &row) {
    std::printf("%-12s %5lld %6g %6g %8s  %-24s %8.3f (%4.2f) %7.4f %8.3f",
                printable(row.data + (row.gray ? " gray" : "")).c_str(), static_cast<long long>(row.count),
                row.noise.sigma, row.noise.gain, yes_or_no(row.noise.clipped), printable(row.method).c_str(),
                row.psnr, row.psnr_deviation, row.ssim, row.seconds_per_megapixel);
    if (row.paper)
        std::printf("  %.2f dB, %.3f (Table %s)", row.paper->psnr, row.paper->ssim, row.paper->table);
    std::printf("\n");
    std::fflush(stdout);
}

std::string denoising_csv(const std::vector<DenoisingRow> &rows) {
    std::string text = "data,count,sigma,gain,clipped,gray,method,psnr,psnr_std,ssim,seconds_per_megapixel,"
                       "paper_table,paper_psnr,paper_ssim\n";
    char line[256];
    for (const auto &row : rows) {
        text += csv_field(row.data);
        std::snprintf(line, sizeof line, ",%lld,%g,%g,%s,%s,", static_cast<long long>(row.count),
                      row.noise.sigma, row.noise.gain, yes_or_no(row.noise.clipped), yes_or_no(row.gray));
        text += line;
        text += csv_field(row.method);
        std::snprintf(line, sizeof line, ",%.4f,%.4f,%.5f,%.4f,", row.psnr, row.psnr_deviation, row.ssim,
                      row.seconds_per_megapixel);
        text += line;
        if (row.paper) {
            text += csv_field(row.paper->table);
            std::snprintf(line, sizeof line, ",%g,%g\n", row.paper->psnr, row.paper->ssim);
            text += line;
        } else {
            text += ",,\n";
        }
    }
    return text;
}

} // namespace mirra::trainer
