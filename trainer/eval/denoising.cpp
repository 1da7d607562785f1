// Evaluating denoisers.
#include "eval/denoising.hpp"

#include "core/progress.hpp"
#include "core/random.hpp"
#include "data/image_set.hpp"
#include "eval/baselines.hpp"
#include "eval/evaluation_pictures.hpp"
#include "eval/picture_network.hpp"
#include "eval/record.hpp"
#include "eval/similarity.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "report/sheet.hpp"
#include "runtime/torch/libtorch.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr double kFullRange = 255;
constexpr std::uint64_t kCacheBytes = std::uint64_t{1} << 30;
constexpr std::size_t kSheetRows = 4;
constexpr double kMega = 1e6;

/// Over the pictures of one method.
struct Score {
    Similarity similarity = {};
    double seconds = 0, megapixels = 0;

    [[nodiscard]] DenoisingRow row() const {
        DenoisingRow out;
        out.count = similarity.psnr.count();
        out.psnr = similarity.psnr.mean();
        out.psnr_deviation = similarity.psnr.deviation();
        out.ssim = similarity.ssim.mean();
        out.seconds_per_megapixel = seconds / megapixels;
        return out;
    }
};

class Evaluation {
  public:
    Evaluation(const DenoisingEvaluation &settings, const std::function<void(const DenoisingRow &)> &finished)
        : settings_(settings)
        , finished_(finished)
        , denoiser_(*bundle::Bundle::open(settings.bundle), "denoiser", parse_precision(settings.precision),
                    settings.device) {}

    DenoisingResult run() {
        for (const auto &folder : settings_.data)
            sets_.push_back(std::make_unique<ImageSet>(std::vector{folder}, kCacheBytes));
        for (std::size_t i = 0; i < sets_.size(); ++i) {
            for (const double sigma : settings_.sigmas) run_set(*sets_[i], settings_.data[i], sigma);
            std::ranges::copy(sets_[i]->skipped(), std::back_inserter(result_.skipped));
        }
        if (!settings_.sheet.empty()) write_sheet(settings_.sheet, sheet_);
        return std::move(result_);
    }

  private:
    using Method = std::function<FloatPicture(const FloatPicture &)>;

    void run_set(ImageSet &set, const std::filesystem::path &folder, double sigma) {
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
            if (const auto picture = set.read(i)) run_picture(*picture, i, sigma, methods, scores);
            progress.update(i + 1);
        }
        if (scores.front().similarity.psnr.count() == 0)
            throw Error(ErrorCode::corrupt, "none of the pictures can be read", folder.string(),
                        "check the files");
        for (std::size_t m = 0; m < methods.size(); ++m) {
            auto row = scores[m].row();
            row.data = name;
            row.method = methods[m].first;
            row.sigma = sigma;
            row.clipped = settings_.clip;
            if (finished_) finished_(row);
            result_.rows.push_back(row);
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
            scores[m].similarity.add(result, clean);
            scores[m].seconds += seconds.count();
            scores[m].megapixels += static_cast<double>(clean.width) * clean.height / kMega;
            char caption[80];
            std::snprintf(caption, sizeof caption, "%s %.2f dB", methods[m].first.c_str(),
                          image::psnr(clean.values, result.values));
            row.push_back({caption, std::move(result)});
        }
        if (!settings_.sheet.empty() && sheet_.size() < kSheetRows) sheet_.push_back(std::move(row));
    }

    const DenoisingEvaluation &settings_;
    const std::function<void(const DenoisingRow &)> &finished_;
    PictureNetwork denoiser_;
    std::vector<std::unique_ptr<ImageSet>> sets_;
    DenoisingResult result_;
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

void print_header() {
    std::printf("%-12s %5s %6s %8s  %-18s %15s %7s %8s\n", "data", "count", "sigma", "clipped", "method",
                "PSNR (std) dB", "SSIM", "s/Mpx");
}

void print_row(const DenoisingRow &row) {
    std::printf("%-12s %5lld %6g %8s  %-18s %8.3f (%4.2f) %7.4f %8.3f\n", row.data.c_str(),
                static_cast<long long>(row.count), row.sigma, row.clipped ? "yes" : "no", row.method.c_str(),
                row.psnr, row.psnr_deviation, row.ssim, row.seconds_per_megapixel);
    std::fflush(stdout);
}

/// Fails before the work if what is to be written could not be.
void check_outputs(const DenoisingEvaluation &settings) {
    for (const auto &path : {settings.csv, settings.sheet})
        if (!path.empty()) const AtomicFile probe(path);
    if (settings.record) const AtomicFile probe(settings.bundle);
}

int evaluate(const DenoisingEvaluation &settings) {
    if (settings.threads > 0) torch::set_num_threads(settings.threads);
    check_outputs(settings);
    print_header();
    const auto result = evaluate_denoising(settings, print_row);
    if (!settings.csv.empty()) {
        AtomicFile file(settings.csv);
        file.write(csv_text(result.rows));
        file.commit();
    }
    if (settings.record) record_denoising(settings, result.rows);
    for (const auto &file : result.skipped) log_warning("skipped " + file);
    return result.skipped.empty() ? 0 : 1;
}

} // namespace

DenoisingResult evaluate_denoising(const DenoisingEvaluation &evaluation,
                                   const std::function<void(const DenoisingRow &)> &finished) {
    return Evaluation(evaluation, finished).run();
}

void add_denoising_evaluation(CLI::App &eval, int &status) {
    auto *sub = eval.add_subcommand("denoising",
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
    sub->callback([settings, &status] { status = evaluate(*settings); });
}

} // namespace mirra::trainer
