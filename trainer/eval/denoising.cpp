// Evaluating denoisers.
#include "eval/denoising.hpp"

#include "core/progress.hpp"
#include "core/random.hpp"
#include "data/image_set.hpp"
#include "eval/baselines.hpp"
#include "eval/denoise_bundle.hpp"
#include "eval/record.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "report/sheet.hpp"

#include <CLI/CLI.hpp>
#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>

namespace mirra::trainer {
namespace {

constexpr double kFullRange = 255;
constexpr std::uint64_t kCacheBytes = std::uint64_t{1} << 30;
constexpr std::size_t kSheetRows = 4;

FloatPicture to_float(const image::Image &picture) {
    FloatPicture out{picture.width(), picture.height(), {}};
    out.values.resize(static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height) * 3);
    image::gather(picture.view(), {0, 0, out.width, out.height}, out.values, 3);
    return out;
}

runtime::Precision parse_precision(const std::string &name) {
    return name == "bf16"   ? runtime::Precision::bf16
           : name == "fp16" ? runtime::Precision::fp16
                            : runtime::Precision::fp32;
}

/// Means over the pictures of one method.
class Score {
  public:
    void add(const FloatPicture &clean, const FloatPicture &result, double seconds) {
        const double psnr = image::psnr(clean.values, result.values);
        sum_ += psnr;
        squares_ += psnr * psnr;
        ssim_ += image::ssim({clean.values, clean.width, clean.height, 3},
                             {result.values, result.width, result.height, 3});
        seconds_ += seconds;
        pixels_ += static_cast<double>(clean.width) * clean.height;
        ++count_;
    }
    [[nodiscard]] DenoisingRow row() const {
        DenoisingRow out;
        const auto n = static_cast<double>(count_);
        out.count = count_;
        out.psnr = sum_ / n;
        out.psnr_deviation = std::sqrt(std::max(0.0, squares_ / n - out.psnr * out.psnr));
        out.ssim = ssim_ / n;
        out.seconds_per_megapixel = seconds_ / (pixels_ / 1e6);
        return out;
    }

  private:
    double sum_ = 0, squares_ = 0, ssim_ = 0, seconds_ = 0, pixels_ = 0;
    std::int64_t count_ = 0;
};

class Evaluation {
  public:
    explicit Evaluation(const DenoisingEvaluation &settings)
        : settings_(settings)
        , denoiser_(*bundle::Bundle::open(settings.bundle), parse_precision(settings.precision),
                    settings.device) {}

    std::vector<DenoisingRow> run() {
        for (const auto &folder : settings_.data)
            for (const double sigma : settings_.sigmas) run_set(folder, sigma);
        if (!settings_.sheet.empty()) write_sheet(settings_.sheet, sheet_);
        return rows_;
    }

  private:
    using Method = std::function<FloatPicture(const FloatPicture &)>;

    void run_set(const std::filesystem::path &folder, double sigma) {
        ImageSet set({folder}, kCacheBytes);
        const auto count = settings_.count > 0 ? std::min(settings_.count, set.size()) : set.size();
        const std::optional<double> told =
            settings_.tell_sigma ? std::optional(sigma / kFullRange) : std::nullopt;
        std::vector<std::pair<std::string, Method>> methods{
            {"noisy", [](const auto &noisy) { return noisy; }},
            {settings_.bundle.stem().string(),
             [&](const auto &noisy) { return denoiser_.run(noisy, told); }}};
        if (settings_.compare)
            methods.emplace_back("OpenCV NLM", [&](const auto &noisy) {
                return non_local_means(noisy, sigma, settings_.nlm_factor);
            });
        std::vector<Score> scores(methods.size());
        const auto name =
            folder.filename().empty() ? folder.parent_path().filename().string() : folder.filename().string();
        Progress progress("eval " + name + " sigma " + std::to_string(static_cast<int>(sigma)), count);
        for (std::int64_t i = 0; i < count; ++i) {
            run_picture(*set.get(i), i, sigma, methods, scores);
            progress.update(i + 1);
        }
        for (std::size_t m = 0; m < methods.size(); ++m) {
            auto row = scores[m].row();
            row.data = name;
            row.method = methods[m].first;
            row.sigma = sigma;
            row.clipped = settings_.clip;
            rows_.push_back(row);
        }
    }

    void run_picture(const image::Image &picture, std::int64_t index, double sigma,
                     const std::vector<std::pair<std::string, Method>> &methods, std::vector<Score> &scores) {
        const auto clean = to_float(picture);
        auto noisy = clean;
        image::add_gaussian_noise(noisy.values, sigma / kFullRange,
                                  mix(settings_.seed) ^ static_cast<std::uint64_t>(index), settings_.clip);
        SheetRow row{{"original", clean}};
        for (std::size_t m = 0; m < methods.size(); ++m) {
            const auto begin = std::chrono::steady_clock::now();
            auto result = methods[m].second(noisy);
            const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
            scores[m].add(clean, result, seconds.count());
            char caption[80];
            std::snprintf(caption, sizeof caption, "%s %.2f dB", methods[m].first.c_str(),
                          image::psnr(clean.values, result.values));
            row.push_back({caption, std::move(result)});
        }
        if (!settings_.sheet.empty() && sheet_.size() < kSheetRows) sheet_.push_back(std::move(row));
    }

    const DenoisingEvaluation &settings_;
    BundleDenoiser denoiser_;
    std::vector<DenoisingRow> rows_;
    std::vector<SheetRow> sheet_;
};

std::string csv_text(const std::vector<DenoisingRow> &rows) {
    std::string text = "data,count,sigma,clipped,method,psnr,psnr_std,ssim,seconds_per_megapixel\n";
    char line[256];
    for (const auto &row : rows) {
        std::snprintf(line, sizeof line, "%s,%lld,%g,%s,%s,%.4f,%.4f,%.5f,%.4f\n", row.data.c_str(),
                      static_cast<long long>(row.count), row.sigma, row.clipped ? "yes" : "no",
                      row.method.c_str(), row.psnr, row.psnr_deviation, row.ssim, row.seconds_per_megapixel);
        text += line;
    }
    return text;
}

void print_table(const std::vector<DenoisingRow> &rows) {
    std::printf("%-12s %5s %6s %8s  %-18s %15s %7s %8s\n", "data", "count", "sigma", "clipped", "method",
                "PSNR (std) dB", "SSIM", "s/Mpx");
    for (const auto &row : rows)
        std::printf("%-12s %5lld %6g %8s  %-18s %8.3f (%4.2f) %7.4f %8.3f\n", row.data.c_str(),
                    static_cast<long long>(row.count), row.sigma, row.clipped ? "yes" : "no",
                    row.method.c_str(), row.psnr, row.psnr_deviation, row.ssim, row.seconds_per_megapixel);
}

void evaluate(const DenoisingEvaluation &settings) {
    if (settings.threads > 0) torch::set_num_threads(settings.threads);
    const auto rows = evaluate_denoising(settings);
    print_table(rows);
    if (!settings.csv.empty()) {
        AtomicFile file(settings.csv);
        file.write(csv_text(rows));
        file.commit();
    }
    if (settings.record) record_denoising(settings, rows);
}

} // namespace

std::vector<DenoisingRow> evaluate_denoising(const DenoisingEvaluation &evaluation) {
    return Evaluation(evaluation).run();
}

void add_eval_command(CLI::App &app) {
    auto *eval = app.add_subcommand("eval", "Measure a bundle");
    eval->require_subcommand(1);
    auto *sub = eval->add_subcommand("denoising",
                                     "PSNR and SSIM of a denoiser on clean pictures with synthetic noise");
    const auto settings = std::make_shared<DenoisingEvaluation>();
    sub->add_option("--data", settings->data, "Folders of clean pictures")->required();
    sub->add_option("--bundle", settings->bundle, "Bundle")->default_val("bundles/denoiser.mirra");
    sub->add_option("--sigma", settings->sigmas, "Noise levels, of 255")
        ->check(CLI::Range(0.0, 255.0))
        ->capture_default_str();
    sub->add_flag("!--unclipped", settings->clip, "Leave noisy values beyond [0, 1]");
    sub->add_flag("--known", settings->tell_sigma, "Tell the network the noise level");
    sub->add_flag("!--alone", settings->compare, "Without OpenCV's non-local means");
    sub->add_option("--nlm-factor", settings->nlm_factor, "Strength of non-local means, in sigmas")
        ->capture_default_str();
    sub->add_option("--seed", settings->seed, "Seed of the noise")->capture_default_str();
    sub->add_option("--count", settings->count, "Pictures per folder at most")->check(CLI::PositiveNumber);
    sub->add_option("--precision", settings->precision)
        ->check(CLI::IsMember({"fp32", "bf16", "fp16"}))
        ->capture_default_str();
    sub->add_option("--device", settings->device, "cpu or cuda:N")->capture_default_str();
    sub->add_option("--threads", settings->threads, "Threads of the kernels [all]");
    sub->add_option("--csv", settings->csv, "Also write the table as CSV");
    sub->add_option("--sheet", settings->sheet, "Write a sheet of the first pictures (PNG)");
    sub->add_flag("--record", settings->record, "Put the figures into the bundle's manifest");
    sub->callback([settings] { evaluate(*settings); });
}

} // namespace mirra::trainer
