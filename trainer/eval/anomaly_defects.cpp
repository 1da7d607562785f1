// Measuring with synthetic defects.
#include "eval/anomaly_defects.hpp"

#include "core/progress.hpp"
#include "core/random.hpp"
#include "data/class_set.hpp"
#include "data/evaluation_split.hpp"
#include "data/square_pictures.hpp"
#include "eval/auroc.hpp"
#include "eval/defects.hpp"
#include "eval/evaluation_pictures.hpp"
#include "eval/interruptible.hpp"
#include "mirra/error.hpp"
#include "report/color_map.hpp"

#include <algorithm>
#include <cstdio>

namespace mirra::trainer {
namespace {

/// The same pictures, all with one kind of defect or with none.
struct PictureRow {
    std::string kind; ///< empty: good
    std::vector<FloatPicture> pictures;
    std::vector<std::vector<std::uint8_t>> masks;
};

FloatPicture mask_picture(const std::vector<std::uint8_t> &mask, std::int64_t extent) {
    const auto side = static_cast<std::int32_t>(extent);
    FloatPicture out{side, side, {}};
    for (const auto value : mask) out.values.insert(out.values.end(), 3, static_cast<float>(value));
    return out;
}

std::string scored(const std::string &method, double score) {
    char text[64];
    std::snprintf(text, sizeof text, "%s %.4g", method.c_str(), score);
    return text;
}

/// In the map's own range, but that single hot pixels do not set it.
FloatPicture heat_picture(const torch::Tensor &heat) {
    constexpr double kHottest = 0.999;
    const auto sorted = std::get<0>(heat.flatten().sort());
    const auto rank = static_cast<std::int64_t>(kHottest * static_cast<double>(sorted.numel() - 1));
    return color_map(heat, sorted[0].item<double>(), sorted[rank].item<double>());
}

class DefectsEvaluation {
  public:
    explicit DefectsEvaluation(const AnomalyEvaluation &settings)
        : settings_(settings)
        , detector_(detector_info(settings.bundle))
        , methods_(methods_of(detector_, settings.methods)) {
        load();
        for (const auto kind : kDefectKinds) add_defects(kind);
    }

    DefectsResult run() {
        const InterruptGuard guard;
        const auto total =
            static_cast<std::int64_t>(methods_.size() * rows_.size() * rows_[0].pictures.size());
        Progress progress("eval " + detector_.name + " defects", total);
        std::int64_t done = 0;
        if (!settings_.sheet.empty()) start_sheet();
        for (const auto &method : methods_) {
            AnomalyScorer scorer(detector_.path, scorer_options(method, settings_.scoring, true));
            std::vector<AnomalyResult> results;
            for (const auto &row : rows_) {
                results.push_back(score(scorer, row, progress, done));
            }
            add_rows(method, results);
            if (!settings_.sheet.empty()) add_heat(method, results);
        }
        sort_rows();
        return std::move(result_);
    }

  private:
    void load() {
        ClassSet pictures({settings_.data}, evaluation_split({settings_.data}), {.labelled = false});
        pictures.keep(settings_.count > 0 ? settings_.count : pictures.size());
        rows_.push_back({});
        for (std::int64_t i = 0; i < pictures.size(); ++i)
            if (const auto found = pictures.get(i); found.index == i)
                rows_[0].pictures.push_back(to_float(squared(*found.picture, detector_.extent)));
        result_.skipped = pictures.skipped();
        if (rows_[0].pictures.empty())
            throw Error(ErrorCode::corrupt, "none of the pictures can be read", settings_.data,
                        "check the files");
    }

    void add_defects(DefectKind kind) {
        PictureRow row{.kind = defect_name(kind), .pictures = {}, .masks = {}};
        for (std::size_t i = 0; i < rows_[0].pictures.size(); ++i) {
            auto defect = add_defect(rows_[0].pictures[i], kind, mix(settings_.scoring.seed) ^ i);
            row.pictures.push_back(std::move(defect.picture));
            row.masks.push_back(std::move(defect.mask));
        }
        rows_.push_back(std::move(row));
    }

    AnomalyResult score(AnomalyScorer &scorer, const PictureRow &row, Progress &progress,
                        std::int64_t &done) {
        AnomalyResult out;
        const auto batch = static_cast<std::size_t>(settings_.scoring.batch);
        for (std::size_t begin = 0; begin < row.pictures.size(); begin += batch) {
            const auto end = std::min(begin + batch, row.pictures.size());
            const std::vector<FloatPicture> part(row.pictures.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 row.pictures.begin() + static_cast<std::ptrdiff_t>(end));
            const auto result = judge(scorer, to_tensor(part));
            out.scores.insert(out.scores.end(), result.scores.begin(), result.scores.end());
            out.heat.insert(out.heat.end(), result.heat.begin(), result.heat.end());
            progress.update(done += static_cast<std::int64_t>(part.size()));
            if (interrupted()) throw Interrupted{};
        }
        return out;
    }

    /// Of the pixels of all pictures with the defect.
    static double pixel_auroc(const PictureRow &row, const AnomalyResult &result) {
        LabelledScores pixels;
        for (std::size_t i = 0; i < row.masks.size(); ++i) {
            const auto heat = result.heat[i].to(at::kCPU, at::kFloat).contiguous();
            const auto *values = heat.const_data_ptr<float>();
            for (std::size_t p = 0; p < row.masks[i].size(); ++p)
                (row.masks[i][p] != 0 ? pixels.anomalous : pixels.normal)
                    .push_back(static_cast<double>(values[p]));
        }
        return auroc(pixels.normal, pixels.anomalous);
    }

    void add_rows(const std::string &method, const std::vector<AnomalyResult> &results) {
        std::vector<Auroc> image, pixel;
        for (std::size_t r = 1; r < rows_.size(); ++r) {
            image.push_back(auroc_of({results[0].scores, results[r].scores}));
            pixel.push_back({.value = pixel_auroc(rows_[r], results[r]), .error = 0});
            result_.rows.push_back(
                {rows_[r].kind, method, rows_[0].pictures.size(), image.back(), pixel.back()});
        }
        result_.rows.push_back({"mean", method, rows_[0].pictures.size(), mean_of(image), mean_of(pixel)});
    }

    /// Kind by kind, so that methods stand below each other.
    void sort_rows() {
        std::vector<std::string> order;
        for (const auto &row : result_.rows)
            if (std::ranges::find(order, row.kind) == order.end()) order.push_back(row.kind);
        std::ranges::stable_sort(result_.rows, {}, [&](const DefectRow &row) {
            return std::ranges::find(order, row.kind) - order.begin();
        });
    }

    /// Rows of the sheet: of every kind, pictures evenly spaced.
    [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> shown() const {
        const auto all = rows_[0].pictures.size(), count = std::min(settings_.sheet_count, all);
        std::vector<std::pair<std::size_t, std::size_t>> out;
        for (std::size_t r = 1; r < rows_.size(); ++r)
            for (std::size_t i = 0; i < count; ++i) out.emplace_back(r, i * all / count);
        return out;
    }

    void start_sheet() {
        for (const auto &[r, i] : shown())
            result_.sheet.push_back({{rows_[r].kind, rows_[r].pictures[i]},
                                     {"mask", mask_picture(rows_[r].masks[i], detector_.extent)}});
    }

    void add_heat(const std::string &method, const std::vector<AnomalyResult> &results) {
        std::size_t place = 0;
        for (const auto &[r, i] : shown())
            result_.sheet[place++].push_back(
                {scored(method, results[r].scores[i]), heat_picture(results[r].heat[i])});
    }

    const AnomalyEvaluation &settings_;
    DetectorInfo detector_;
    std::vector<std::string> methods_;
    std::vector<PictureRow> rows_; ///< the good ones first
    DefectsResult result_;
};

} // namespace

DefectsResult evaluate_defects(const AnomalyEvaluation &evaluation) {
    return DefectsEvaluation(evaluation).run();
}

} // namespace mirra::trainer
