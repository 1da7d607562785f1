#include "eval/anomaly_defects.hpp"

#include "core/progress.hpp"
#include "core/random.hpp"
#include "data/picture_files.hpp"
#include "data/picture_set.hpp"
#include "eval/classifier.hpp"
#include "eval/pictures.hpp"
#include "eval/similarity.hpp"
#include "eval/statistics.hpp"
#include "mirra/error.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numbers>
#include <optional>

namespace mirra::trainer {

FloatPicture color_map(const torch::Tensor &map, double low, double high) {
    constexpr double kFullRange = 255, kSmallest = 1e-30;
    const auto bytes = ((map.detach().to(at::kCPU, at::kDouble) - low) / std::max(high - low, kSmallest))
                           .nan_to_num(0, 1, 0)
                           .clamp(0, 1)
                           .mul(kFullRange)
                           .round()
                           .to(at::kByte)
                           .contiguous();
    const auto height = static_cast<int>(bytes.size(0)), width = static_cast<int>(bytes.size(1));
    const cv::Mat gray(height, width, CV_8UC1, bytes.mutable_data_ptr<std::uint8_t>());
    cv::Mat colors;
    cv::applyColorMap(gray, colors, cv::COLORMAP_INFERNO);
    cv::cvtColor(colors, colors, cv::COLOR_BGR2RGB);
    FloatPicture out{width, height, {}};
    out.values.resize(3 * gray.total());
    const auto *first = colors.ptr<std::uint8_t>();
    std::transform(first, first + out.values.size(), out.values.begin(),
                   [](std::uint8_t byte) { return static_cast<float>(byte) / 255.0F; });
    return out;
}

namespace {

constexpr double kTurn = 2 * std::numbers::pi;

using Color = std::array<double, 3>;
/// How much of the defect lies over a pixel, 0 to 1.
using Cover = std::function<double(double x, double y)>;
/// The colour that a fully covered pixel gets.
using Paint = std::function<Color(const Color &)>;

double luminance(const Color &color) {
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2];
}

Color color_at(const FloatPicture &picture, std::size_t pixel) {
    return {picture.values[3 * pixel], picture.values[3 * pixel + 1], picture.values[3 * pixel + 2]};
}

/// In the middle of the picture, where the part is.
struct Place {
    double x, y;
};
Place place_in(const FloatPicture &picture, CounterRandom &random) {
    constexpr double kMargin = 0.25;
    return {picture.width * random.uniform(kMargin, 1 - kMargin),
            picture.height * random.uniform(kMargin, 1 - kMargin)};
}

double side(const FloatPicture &picture) {
    return std::min(picture.width, picture.height);
}

/// A round outline with waves, its edge `softness` pixels wide.
Cover round_cover(const FloatPicture &picture, CounterRandom &random, double smallest, double largest,
                  double softness) {
    const auto centre = place_in(picture, random);
    const double radius = side(picture) * random.uniform(smallest, largest);
    const double flat = random.uniform(0.6, 1.0), turn = random.uniform(0, kTurn);
    const double wave = random.uniform(0.05, 0.2), phase = random.uniform(0, kTurn);
    const auto waves = static_cast<double>(2 + random.below(4));
    return [=](double x, double y) {
        const double dx = x - centre.x, dy = y - centre.y;
        const double u = dx * std::cos(turn) + dy * std::sin(turn);
        const double v = (dy * std::cos(turn) - dx * std::sin(turn)) / flat;
        const double edge = radius * (1 + wave * std::sin(waves * std::atan2(v, u) + phase));
        return std::clamp((edge - std::hypot(u, v)) / softness + 0.5, 0.0, 1.0);
    };
}

double distance_to_segment(Place point, Place from, Place to) {
    const double dx = to.x - from.x, dy = to.y - from.y;
    const double length = dx * dx + dy * dy;
    const double along =
        length > 0 ? std::clamp(((point.x - from.x) * dx + (point.y - from.y) * dy) / length, 0.0, 1.0) : 0;
    return std::hypot(point.x - from.x - along * dx, point.y - from.y - along * dy);
}

/// A thin line that bends a little on its way.
Cover scratch_cover(const FloatPicture &picture, CounterRandom &random) {
    constexpr int kSegments = 8;
    constexpr double kThinnest = 1.2, kShare = 0.014; // of the picture's side
    double direction = random.uniform(0, kTurn);
    const double step = side(picture) * random.uniform(0.25, 0.5) / kSegments;
    const double half = std::max(kThinnest, side(picture) * kShare * random.uniform(0.5, 1)) / 2;
    auto at = place_in(picture, random);
    at = {at.x - step * kSegments / 2 * std::cos(direction),
          at.y - step * kSegments / 2 * std::sin(direction)};
    std::vector<Place> line{at};
    for (int i = 0; i < kSegments; ++i) {
        direction += random.uniform(-0.25, 0.25);
        at = {at.x + step * std::cos(direction), at.y + step * std::sin(direction)};
        line.push_back(at);
    }
    return [line, half](double x, double y) {
        double nearest = distance_to_segment({x, y}, line[0], line[1]);
        for (std::size_t i = 2; i < line.size(); ++i)
            nearest = std::min(nearest, distance_to_segment({x, y}, line[i - 1], line[i]));
        return std::clamp(half - nearest + 0.5, 0.0, 1.0);
    };
}

/// A corner cut by straight lines, as where something broke off.
Cover polygon_cover(const FloatPicture &picture, CounterRandom &random) {
    constexpr int kEdges = 5;
    const auto centre = place_in(picture, random);
    const double radius = side(picture) * random.uniform(0.07, 0.14), turn = random.uniform(0, kTurn);
    std::vector<std::array<double, 3>> edges; // normal and distance
    for (int i = 0; i < kEdges; ++i) {
        const double angle = turn + kTurn * (i + random.uniform(-0.3, 0.3)) / kEdges;
        edges.push_back({std::cos(angle), std::sin(angle), radius * random.uniform(0.6, 1)});
    }
    return [=](double x, double y) {
        double inside = radius;
        for (const auto &[nx, ny, distance] : edges)
            inside = std::min(inside, distance - nx * (x - centre.x) - ny * (y - centre.y));
        return std::clamp(inside + 0.5, 0.0, 1.0);
    };
}

/// The mean brightness of what is covered.
double brightness_under(const FloatPicture &picture, const Cover &cover) {
    const auto width = static_cast<std::size_t>(picture.width);
    double sum = 0, area = 0;
    for (std::size_t pixel = 0; pixel < picture.values.size() / 3; ++pixel) {
        const double amount =
            cover(static_cast<double>(pixel % width) + 0.5, static_cast<double>(pixel / width) + 0.5);
        sum += amount * luminance(color_at(picture, pixel));
        area += amount;
    }
    return area > 0 ? sum / area : 0;
}

/// Lighter on a dark ground, darker on a light one.
Paint scratch_paint(CounterRandom &random, double brightness) {
    const double strength = random.uniform(0.35, 0.6) * (brightness < 0.5 ? 1 : -1);
    return [=](const Color &color) {
        return Color{color[0] + strength, color[1] + strength, color[2] + strength};
    };
}

/// A stain that lets something of the ground through.
Paint blob_paint(CounterRandom &random) {
    const bool dark = random.chance(0.5);
    const Color stain{random.uniform(0, 0.25), random.uniform(0, 0.25), random.uniform(0, 0.25)};
    const double strength = random.uniform(0.6, 0.9);
    return [=](const Color &color) {
        Color out{};
        for (std::size_t c = 0; c < out.size(); ++c)
            out[c] = color[c] + strength * ((dark ? stain[c] : 1 - stain[c]) - color[c]);
        return out;
    };
}

/// One channel up, another down; the brightness stays about the same.
Paint shift_paint(CounterRandom &random) {
    const auto up = static_cast<std::size_t>(random.below(3));
    const auto down = (up + 1 + static_cast<std::size_t>(random.below(2))) % 3;
    const double strength = random.uniform(0.12, 0.24);
    return [=](const Color &color) {
        Color out = color;
        out[up] += strength;
        out[down] -= strength;
        return out;
    };
}

/// The ground around the part: the median of the picture's border.
Color ground_of(const FloatPicture &picture) {
    std::array<std::vector<double>, 3> border;
    const auto width = static_cast<std::size_t>(picture.width),
               height = static_cast<std::size_t>(picture.height);
    for (std::size_t pixel = 0; pixel < width * height; ++pixel) {
        const auto x = pixel % width, y = pixel / width;
        if (x > 0 && y > 0 && x + 1 < width && y + 1 < height) continue;
        const auto color = color_at(picture, pixel);
        for (std::size_t c = 0; c < 3; ++c) border[c].push_back(color[c]);
    }
    Color ground{};
    for (std::size_t c = 0; c < 3; ++c) {
        const auto middle = border[c].begin() + static_cast<std::ptrdiff_t>(border[c].size() / 2);
        std::ranges::nth_element(border[c], middle);
        ground[c] = *middle;
    }
    return ground;
}

/// Mixes the paint in; changes too small to be seen are not made.
Defect apply(const FloatPicture &good, const Cover &cover, const Paint &paint) {
    constexpr double kVisible = 4.0 / 255;
    Defect out{good, std::vector<std::uint8_t>(good.values.size() / 3, 0)};
    const auto width = static_cast<std::size_t>(good.width);
    for (std::size_t pixel = 0; pixel < out.mask.size(); ++pixel) {
        const double amount =
            cover(static_cast<double>(pixel % width) + 0.5, static_cast<double>(pixel / width) + 0.5);
        if (amount <= 0) continue;
        const auto before = color_at(good, pixel), painted = paint(before);
        Color after{};
        double change = 0;
        for (std::size_t c = 0; c < 3; ++c) {
            after[c] = std::clamp(before[c] + amount * (painted[c] - before[c]), 0.0, 1.0);
            change = std::max(change, std::abs(after[c] - before[c]));
        }
        if (change < kVisible) continue;
        for (std::size_t c = 0; c < 3; ++c) out.picture.values[3 * pixel + c] = static_cast<float>(after[c]);
        out.mask[pixel] = 1;
    }
    return out;
}

Defect draw(const FloatPicture &good, DefectKind kind, CounterRandom &random) {
    constexpr double kHard = 1.5;
    switch (kind) {
    case DefectKind::scratch: {
        const auto cover = scratch_cover(good, random);
        return apply(good, cover, scratch_paint(random, brightness_under(good, cover)));
    }
    case DefectKind::blob: {
        const auto cover = round_cover(good, random, 0.04, 0.09, side(good) * random.uniform(0.02, 0.05));
        return apply(good, cover, blob_paint(random));
    }
    case DefectKind::missing_piece: {
        const auto ground = ground_of(good);
        return apply(good, polygon_cover(good, random), [=](const Color &) { return ground; });
    }
    case DefectKind::color_shift:
        break;
    }
    const auto cover = round_cover(good, random, 0.08, 0.16, kHard);
    return apply(good, cover, shift_paint(random));
}

/// A gray piece where the part and its ground look the same everywhere.
Defect gray_piece(const FloatPicture &good, CounterRandom &random) {
    const bool dark = luminance(ground_of(good)) > 0.5;
    return apply(good, polygon_cover(good, random),
                 [=](const Color &) { return dark ? Color{0.2, 0.2, 0.2} : Color{0.8, 0.8, 0.8}; });
}

} // namespace

std::string defect_name(DefectKind kind) {
    switch (kind) {
    case DefectKind::scratch:
        return "scratch";
    case DefectKind::blob:
        return "blob";
    case DefectKind::missing_piece:
        return "missing piece";
    case DefectKind::color_shift:
        break;
    }
    return "colour shift";
}

Defect add_defect(const FloatPicture &good, DefectKind kind, std::uint64_t seed) {
    constexpr int kTries = 32;
    constexpr double kSmallest = 0.002; // share of the picture that must have changed
    CounterRandom random(seed, static_cast<std::uint64_t>(kind));
    for (int i = 0; i < kTries; ++i) {
        auto defect = draw(good, kind, random);
        const auto changed = std::ranges::count(defect.mask, 1);
        if (static_cast<double>(changed) >= kSmallest * static_cast<double>(defect.mask.size()))
            return defect;
    }
    return gray_piece(good, random);
}

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
        load(extent_of(methods_.front()));
        result_.skipped = skipped_;
        if (!settings.sheet.empty()) choose_shown();
    }

    DefectsResult run() {
        const InterruptGuard guard;
        const auto total =
            static_cast<std::int64_t>(methods_.size() * (1 + kDefectKinds.size()) * good_.size());
        Progress progress("eval " + detector_.name + " defects", total);
        for (const auto &method : methods_) {
            load(extent_of(method));
            AnomalyScorer scorer(detector_.path, scorer_options(method, settings_.scoring, true));
            add_rows(method, scorer, progress);
        }
        sort_rows();
        return std::move(result_);
    }

  private:
    [[nodiscard]] std::int64_t extent_of(const std::string &method) const {
        return detector_.extents.at(method);
    }

    /// The good pictures as a method takes them.
    void load(std::int64_t extent) {
        if (extent == extent_) return;
        extent_ = extent;
        good_.clear();
        PictureSet pictures({settings_.data}, evaluation_split({settings_.data}), {.labelled = false});
        pictures.keep(settings_.count > 0 ? settings_.count : pictures.size());
        for (std::int64_t i = 0; i < pictures.size(); ++i)
            if (const auto found = pictures.get(i); found.index == i)
                good_.push_back(squared(*found.picture, extent));
        skipped_ = pictures.skipped();
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
            row.push_back({"mask", mask_picture(defect.mask, extent_)});
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
    std::int64_t extent_ = 0;
    std::vector<image::Image> good_; ///< of that extent
    std::vector<std::string> skipped_;
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

Table defects_table(const std::vector<DefectRow> &rows) {
    Table table(with_auroc({{.name = "defect", .shown = {.head = "defect", .width = -14}},
                            {.name = "method", .shown = {.head = "method", .width = -15}},
                            {.name = "pictures", .shown = {.head = "pictures", .width = 8}}},
                           {{.name = "pixel_auroc",
                             .digits = places(5),
                             .shown = {.head = "pixel AUROC", .width = 12, .digits = places(4)}}}));
    for (const auto &row : rows)
        table.add({row.kind, row.method, static_cast<std::int64_t>(row.pictures), row.image.value,
                   row.image.error, row.pixel.value});
    return table;
}

} // namespace mirra::trainer
