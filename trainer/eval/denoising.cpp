// Evaluating denoisers.
#include "eval/denoising.hpp"

#include "core/progress.hpp"
#include "core/random.hpp"
#include "data/image_set.hpp"
#include "eval/denoising_methods.hpp"
#include "eval/denoising_sheet.hpp"
#include "eval/evaluation_pictures.hpp"
#include "eval/paper_denoising.hpp"
#include "eval/similarity.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <set>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kCacheBytes = std::uint64_t{1} << 30;
constexpr double kMega = 1e6;

/// Over the pictures of one method.
struct Score {
    Similarity similarity = {};
    double seconds = 0, megapixels = 0;
};

std::string folder_name(const std::filesystem::path &folder) {
    return folder.filename().empty() ? folder.parent_path().filename().string() : folder.filename().string();
}

std::string noise_text(const PictureNoise &noise) {
    char text[80];
    std::snprintf(text, sizeof text, noise.gain > 0 ? "sigma %g gain %g" : "sigma %g", noise.sigma,
                  noise.gain);
    return text;
}

/// The rows of a bundle are found by its path.
void check_bundles(const std::vector<std::filesystem::path> &bundles) {
    std::set<std::filesystem::path> seen;
    for (const auto &path : bundles)
        if (!seen.insert(std::filesystem::weakly_canonical(path)).second)
            throw Error(ErrorCode::invalid_argument, "a bundle is given twice: " + path.string(), "--bundle",
                        "name each once");
}

class Evaluation {
  public:
    Evaluation(const DenoisingEvaluation &settings, const std::function<void(const DenoisingRow &)> &finished)
        : settings_(settings)
        , finished_(finished)
        , methods_(denoising_methods(settings)) {}

    DenoisingResult run() {
        for (const auto &folder : settings_.data) // all are looked for before the work begins
            sets_.push_back(std::make_unique<ImageSet>(std::vector{folder}, kCacheBytes));
        for (std::size_t i = 0; i < sets_.size(); ++i) {
            for (const auto &noise : settings_.noises) run_set(*sets_[i], settings_.data[i], noise);
            std::ranges::copy(sets_[i]->skipped(), std::back_inserter(result_.skipped));
        }
        return std::move(result_);
    }

  private:
    void run_set(ImageSet &set, const std::filesystem::path &folder, const PictureNoise &noise) {
        const auto count = settings_.count > 0 ? std::min(settings_.count, set.size()) : set.size();
        std::vector<Score> scores(methods_.size());
        Progress progress("eval " + folder_name(folder) + " " + noise_text(noise), count);
        for (std::int64_t i = 0; i < count; ++i) {
            if (const auto picture = set.read(i)) run_picture(*picture, i, noise, scores);
            progress.update(i + 1);
        }
        if (scores.front().similarity.psnr.count() == 0)
            throw Error(ErrorCode::corrupt, "none of the pictures can be read", folder.string(),
                        "check the files");
        for (std::size_t m = 0; m < methods_.size(); ++m)
            report(row_of(methods_[m], scores[m], folder_name(folder), noise));
    }

    void run_picture(const image::Image &picture, std::int64_t index, const PictureNoise &noise,
                     std::vector<Score> &scores) {
        const auto clean = settings_.gray ? in_gray(to_float(picture)) : to_float(picture);
        const auto noisy =
            with_noise(clean, noise, settings_.gray, mix(settings_.seed) ^ static_cast<std::uint64_t>(index));
        const double deviation = mean_deviation(clean, noise);
        SheetRow cells{{"original", clean}};
        for (std::size_t m = 0; m < methods_.size(); ++m) {
            const auto begin = std::chrono::steady_clock::now();
            auto result = methods_[m].run(noisy, deviation);
            if (settings_.gray) result = mean_of_channels(std::move(result));
            const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
            scores[m].similarity.add(result, clean);
            scores[m].seconds += seconds.count();
            scores[m].megapixels += static_cast<double>(clean.width) * clean.height / kMega;
            char caption[80];
            std::snprintf(caption, sizeof caption, "%.60s %.2f dB", methods_[m].name.c_str(),
                          image::psnr(clean.values, result.values));
            cells.push_back({caption, std::move(result)});
        }
        add_to_sheet(cells);
    }

    void add_to_sheet(const SheetRow &cells) {
        if (settings_.sheet.empty() || in_sheet_ == settings_.sheet_rows) return;
        ++in_sheet_;
        std::ranges::copy(denoising_sheet_rows(cells, settings_.sheet_corner),
                          std::back_inserter(result_.sheet));
    }

    [[nodiscard]] DenoisingRow row_of(const DenoisingMethod &method, const Score &score,
                                      const std::string &data, const PictureNoise &noise) const {
        DenoisingRow row{.data = data,
                         .method = method.name,
                         .bundle = method.bundle,
                         .noise = noise,
                         .gray = settings_.gray,
                         .count = score.similarity.psnr.count(),
                         .psnr = score.similarity.psnr.mean(),
                         .psnr_deviation = score.similarity.psnr.deviation(),
                         .ssim = score.similarity.ssim.mean(),
                         .seconds_per_megapixel = score.seconds / score.megapixels,
                         .paper = {}};
        const bool as_in_paper = noise == PictureNoise{.sigma = 50} && !settings_.gray;
        if (as_in_paper && !row.bundle.empty())
            row.paper = paper_denoising(data, row.count, !method.standard);
        return row;
    }

    void report(DenoisingRow row) {
        if (finished_) finished_(row);
        result_.rows.push_back(std::move(row));
    }

    const DenoisingEvaluation &settings_;
    const std::function<void(const DenoisingRow &)> &finished_;
    std::vector<DenoisingMethod> methods_;
    std::vector<std::unique_ptr<ImageSet>> sets_;
    DenoisingResult result_;
    std::int64_t in_sheet_ = 0;
};

} // namespace

DenoisingResult evaluate_denoising(const DenoisingEvaluation &evaluation,
                                   const std::function<void(const DenoisingRow &)> &finished) {
    check_bundles(evaluation.bundles);
    return Evaluation(evaluation, finished).run();
}

} // namespace mirra::trainer
