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
#include "eval/picture_tensor.hpp"
#include "mirra/error.hpp"
#include "report/color_map.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace mirra::trainer {
namespace {

/// What one method finds of the pictures with one kind of defect, or with none.
struct KindScores {
    std::vector<double> scores;
    LabelledScores pixels; ///< none of good pictures
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
        if (!settings.sheet.empty()) choose_shown();
    }

    DefectsResult run() {
        const InterruptGuard guard;
        const auto total =
            static_cast<std::int64_t>(methods_.size() * (1 + kDefectKinds.size()) * good_.size());
        Progress progress("eval " + detector_.name + " defects", total);
        for (const auto &method : methods_) {
            AnomalyScorer scorer(detector_.path, scorer_options(method, settings_.scoring, true));
            add_rows(method, scorer, progress);
        }
        sort_rows();
        return std::move(result_);
    }

  private:
    void load() {
        ClassSet pictures({settings_.data}, evaluation_split({settings_.data}), {.labelled = false});
        pictures.keep(settings_.count > 0 ? settings_.count : pictures.size());
        for (std::int64_t i = 0; i < pictures.size(); ++i)
            if (const auto found = pictures.get(i); found.index == i)
                good_.push_back(squared(*found.picture, detector_.extent));
        result_.skipped = pictures.skipped();
        if (good_.empty())
            throw Error(ErrorCode::corrupt, "none of the pictures can be read", settings_.data,
                        "check the files");
    }

    /// Of every kind, pictures evenly spaced.
    void choose_shown() {
        const auto all = good_.size(), count = std::min(settings_.sheet_count, all);
        for (std::size_t i = 0; i < count; ++i) shown_.push_back(i * all / count);
        result_.sheet.resize(kDefectKinds.size() * count);
    }

    /// A function of seed and index, so that nothing is kept.
    [[nodiscard]] Defect make(std::size_t index, std::optional<DefectKind> kind) const {
        auto good = to_float(good_[index]);
        if (!kind) return {std::move(good), {}};
        return add_defect(good, *kind, mix(settings_.scoring.seed) ^ index);
    }

    KindScores score(const std::string &method, AnomalyScorer &scorer, std::optional<DefectKind> kind,
                     Progress &progress) {
        KindScores out;
        const auto batch = static_cast<std::size_t>(settings_.scoring.batch);
        for (std::size_t begin = 0; begin < good_.size(); begin += batch) {
            const auto end = std::min(begin + batch, good_.size());
            std::vector<FloatPicture> pictures;
            std::vector<std::vector<std::uint8_t>> masks;
            for (auto i = begin; i < end; ++i) {
                auto defect = make(i, kind);
                pictures.push_back(std::move(defect.picture));
                masks.push_back(std::move(defect.mask));
            }
            const auto result = judge(scorer, to_tensor(pictures));
            out.scores.insert(out.scores.end(), result.scores.begin(), result.scores.end());
            for (std::size_t k = 0; kind && k < pictures.size(); ++k) {
                add_pixels(result.heat[k], masks[k], out.pixels);
                show(method, *kind, begin + k, {std::move(pictures[k]), std::move(masks[k])},
                     {{result.scores[k]}, {result.heat[k]}});
            }
            progress.update(done_ += static_cast<std::int64_t>(end - begin));
            if (interrupted()) throw Interrupted{};
        }
        return out;
    }

    /// Onto the sheet, where the picture has a row there.
    void show(const std::string &method, DefectKind kind, std::size_t index, Defect defect,
              const AnomalyResult &result) {
        const auto found = std::ranges::find(shown_, index);
        if (found == shown_.end()) return;
        const auto kind_place = std::ranges::find(kDefectKinds, kind) - kDefectKinds.begin();
        auto &row = result_.sheet[static_cast<std::size_t>(kind_place) * shown_.size() +
                                  static_cast<std::size_t>(found - shown_.begin())];
        if (row.empty()) {
            row.push_back({defect_name(kind), std::move(defect.picture)});
            row.push_back({"mask", mask_picture(defect.mask, detector_.extent)});
        }
        row.push_back({scored(method, result.scores.front()), heat_picture(result.heat.front())});
    }

    void add_rows(const std::string &method, AnomalyScorer &scorer, Progress &progress) {
        const auto good = score(method, scorer, std::nullopt, progress);
        std::vector<Auroc> image, pixel;
        for (const auto kind : kDefectKinds) {
            const auto bad = score(method, scorer, kind, progress);
            image.push_back(auroc_of({good.scores, bad.scores}));
            pixel.push_back({.value = auroc(bad.pixels.normal, bad.pixels.anomalous), .error = 0});
            result_.rows.push_back({defect_name(kind), method, good_.size(), image.back(), pixel.back()});
        }
        result_.rows.push_back({"mean", method, good_.size(), mean_of(image), mean_of(pixel)});
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

    const AnomalyEvaluation &settings_;
    DetectorInfo detector_;
    std::vector<std::string> methods_;
    std::vector<image::Image> good_;
    std::vector<std::size_t> shown_; ///< indices of good ones that the sheet has
    std::int64_t done_ = 0;
    DefectsResult result_;
};

} // namespace

void add_pixels(const torch::Tensor &heat, const std::vector<std::uint8_t> &mask, LabelledScores &pixels) {
    const auto map = heat.to(at::kCPU, at::kFloat).contiguous();
    if (map.numel() != static_cast<std::int64_t>(mask.size()))
        throw Error(ErrorCode::internal, "a heat map and its mask differ in size", "heat");
    const auto *values = map.const_data_ptr<float>();
    for (std::size_t p = 0; p < mask.size(); ++p)
        (mask[p] != 0 ? pixels.anomalous : pixels.normal).push_back(static_cast<double>(values[p]));
}

DefectsResult evaluate_defects(const AnomalyEvaluation &evaluation) {
    return DefectsEvaluation(evaluation).run();
}

} // namespace mirra::trainer
