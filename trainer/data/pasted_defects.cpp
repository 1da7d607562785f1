#include "data/pasted_defects.hpp"

#include "core/random.hpp"
#include "data/pasted_fills.hpp"
#include "data/pasted_shapes.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

namespace mirra::trainer {
namespace {

template<class Kind> struct Weighted {
    Kind kind;
    double weight;
};

template<class Kind> Kind drawn(std::span<const Weighted<Kind>> kinds, CounterRandom &random) {
    double sum = 0;
    for (const auto &[kind, weight] : kinds) sum += weight;
    double left = random.uniform() * sum;
    for (const auto &[kind, weight] : kinds) {
        left -= weight;
        if (left < 0) return kind;
    }
    return kinds.back().kind;
}

constexpr std::array<Weighted<ShapeKind>, 6> kShapes{{{ShapeKind::crack, 0.2},
                                                      {ShapeKind::scratch, 0.12},
                                                      {ShapeKind::pit, 0.2},
                                                      {ShapeKind::blob, 0.2},
                                                      {ShapeKind::patch, 0.14},
                                                      {ShapeKind::band, 0.14}}};

/// Lines and small holes are shadows or reflections.
constexpr std::array<Weighted<FillKind>, 4> kFillsOfThin{
    {{FillKind::darker, 0.66}, {FillKind::brighter, 0.16}, {FillKind::flat, 0.1}, {FillKind::tint, 0.08}}};
constexpr std::array<Weighted<FillKind>, 6> kFillsOfPits{{{FillKind::darker, 0.55},
                                                          {FillKind::brighter, 0.12},
                                                          {FillKind::flat, 0.15},
                                                          {FillKind::texture, 0.06},
                                                          {FillKind::other, 0.06},
                                                          {FillKind::tint, 0.06}}};
constexpr std::array<Weighted<FillKind>, 8> kFillsOfAreas{{{FillKind::darker, 0.11},
                                                           {FillKind::brighter, 0.07},
                                                           {FillKind::flat, 0.16},
                                                           {FillKind::smooth, 0.16},
                                                           {FillKind::contrast, 0.16},
                                                           {FillKind::other, 0.2},
                                                           {FillKind::texture, 0.1},
                                                           {FillKind::tint, 0.04}}};
constexpr std::array<Weighted<FillKind>, 6> kFillsOfBands{{{FillKind::contrast, 0.45},
                                                           {FillKind::smooth, 0.12},
                                                           {FillKind::other, 0.28},
                                                           {FillKind::flat, 0.08},
                                                           {FillKind::darker, 0.04},
                                                           {FillKind::brighter, 0.03}}};

std::span<const Weighted<FillKind>> fills_of(ShapeKind kind) {
    if (is_thin(kind)) return kFillsOfThin;
    if (kind == ShapeKind::pit) return kFillsOfPits;
    return kind == ShapeKind::band ? std::span<const Weighted<FillKind>>(kFillsOfBands) : kFillsOfAreas;
}

/// @param gamma  of the brightness; 1: as it is
cv::Mat to_matrix(const std::vector<std::uint8_t> &pixels, cv::Size size, double gamma = 1) {
    constexpr int kLevels = 256;
    cv::Mat table(1, kLevels, CV_32F), out;
    for (int i = 0; i < kLevels; ++i)
        table.at<float>(i) = static_cast<float>(std::pow(i / (kLevels - 1.0), gamma));
    cv::LUT(cv::Mat(size, CV_8UC3, const_cast<std::uint8_t *>(pixels.data())), table, out);
    return out;
}

/// Anywhere, at the picture's border, or where the picture changes most among some places: at an edge of the
/// part.
cv::Point2d place_in(const cv::Mat &picture, CounterRandom &random) {
    const double width = picture.cols, height = picture.rows;
    const auto anywhere = [&] {
        return cv::Point2d{width * random.uniform(0.02, 0.98), height * random.uniform(0.02, 0.98)};
    };
    const double choice = random.uniform();
    constexpr double kAnywhere = 0.6, kAtBorder = 0.82;
    auto at = anywhere();
    if (choice < kAnywhere) return at;
    if (choice < kAtBorder) {
        const auto border = random.below(4);
        if (border < 2) at.x = border == 0 ? 0 : width - 1;
        if (border >= 2) at.y = border == 2 ? 0 : height - 1;
        return at;
    }
    constexpr int kTries = 12, kReach = 3;
    double most = -1;
    for (int i = 0; i < kTries; ++i) {
        const auto tried = anywhere();
        const auto x = std::clamp(static_cast<int>(tried.x), kReach, picture.cols - kReach - 1);
        const auto y = std::clamp(static_cast<int>(tried.y), kReach, picture.rows - kReach - 1);
        const auto difference = [&](int dx, int dy) {
            return cv::norm(picture.at<cv::Vec3f>(y + dy, x + dx) - picture.at<cv::Vec3f>(y - dy, x - dx));
        };
        const double change = std::max(difference(kReach, 0), difference(0, kReach));
        if (std::exchange(most, std::max(most, change)) < change) at = tried;
    }
    return at;
}

cv::Mat soft(const cv::Mat &plane, double sigma) {
    cv::Mat out;
    cv::GaussianBlur(plane, out, {}, sigma);
    return out;
}

cv::Mat in_colors(const cv::Mat &plane) {
    cv::Mat out;
    cv::merge(std::vector{plane, plane, plane}, out);
    return out;
}

/// Whether somebody who looks for it would see it: the change stands out from how much neighbours differ.
bool visible(const cv::Mat &before, const cv::Mat &after, const cv::Mat &covered, bool thin) {
    constexpr int kFewest = 6;
    if (cv::countNonZero(covered) < kFewest) return false;
    cv::Mat changed, gray, roughness;
    cv::absdiff(before, after, changed);
    cv::transform(before, gray, cv::Matx13f(1.0F / 3, 1.0F / 3, 1.0F / 3));
    constexpr int kAround = 7;
    cv::blur(gray, roughness, {kAround, kAround});
    cv::absdiff(gray, roughness, roughness);
    const auto mean = cv::mean(changed, covered);
    const double amount = std::max({mean[0], mean[1], mean[2]}), rough = cv::mean(roughness)[0];
    constexpr double kOfThin = 2, kOfArea = 1, kLeast = 0.02;
    return amount > std::max(kLeast, (thin ? kOfThin : kOfArea) * rough);
}

/// A line along the outline, as shadows and broken edges have it.
void add_rim(cv::Mat &part, const cv::Mat &cover, CounterRandom &random) {
    const auto spread = soft(cover, random.uniform(0.8, 2.5));
    const cv::Mat rim = spread.mul(1 - spread) * 4;
    const double strength = random.chance(0.7) ? -random.uniform(0.2, 0.8) : random.uniform(0.2, 0.8);
    cv::multiply(part, in_colors(1 + strength * rim), part);
}

cv::Mat clamped(const cv::Mat &picture) {
    return cv::min(cv::max(picture, 0.0), 1.0);
}

/// What of the picture a defect and its surroundings take up.
cv::Rect part_of(const cv::Mat &cover) {
    constexpr int kAround = 12;
    const auto tight = cv::boundingRect(cover > 0.004);
    if (tight.empty()) return tight;
    const cv::Rect wide(tight.x - kAround, tight.y - kAround, tight.width + 2 * kAround,
                        tight.height + 2 * kAround);
    return wide & cv::Rect({0, 0}, cover.size());
}

/// One defect; returns whether it can be seen, else nothing is changed.
bool paste(cv::Mat &picture, const cv::Mat &other, cv::Mat &mask, CounterRandom &random) {
    const auto shape = drawn<ShapeKind>(kShapes, random);
    auto whole = draw_shape(shape, picture.size(), place_in(picture, random), random);
    const bool thin = is_thin(shape) || shape == ShapeKind::pit;
    const double scale = std::min(picture.cols, picture.rows) / 256.0;
    if (random.chance(0.5)) whole = soft(whole, random.uniform(0.4, thin ? 0.9 : 1.5));
    if (!thin && random.chance(0.12)) whole = soft(whole, scale * random.uniform(2, 6));
    const auto where = part_of(whole);
    if (where.empty()) return false;
    const cv::Mat cover = whole(where), before = picture(where);
    const Ground ground{before, cover, random.chance(0.6) ? other : picture, scale};
    const auto fill = draw_fill(drawn<FillKind>(fills_of(shape), random), ground, random);
    const double strength = random.chance(0.6) ? 1 : random.uniform(0.45, 1);
    cv::Mat after = before + in_colors(cover * strength).mul(fill - before);
    if (!thin && random.chance(0.3)) add_rim(after, cover, random);
    after = clamped(after);
    const cv::Mat covered = cover > 0.4;
    if (!visible(before, after, covered, thin)) return false;
    after.copyTo(picture(where));
    mask(where).setTo(1, covered);
    return true;
}

void paste_some(cv::Mat &picture, const cv::Mat &other, cv::Mat &mask, CounterRandom &random) {
    constexpr int kTries = 12;
    const auto wanted = random.chance(0.7) ? 1 : 2 + random.below(2);
    std::int64_t done = 0;
    for (int i = 0; i < kTries && done < wanted; ++i) done += paste(picture, other, mask, random) ? 1 : 0;
}

/// What good pictures may differ in: moved, turned and scaled a little, lit otherwise, sharper or not.
cv::Mat varied(const cv::Mat &picture, CounterRandom &random) {
    const double angle = random.uniform(-1.5, 1.5), zoom = random.uniform(0.96, 1.08);
    auto turn = cv::getRotationMatrix2D(cv::Point2f(0.5F * picture.cols, 0.5F * picture.rows), angle, zoom);
    turn.at<double>(0, 2) += picture.cols * random.uniform(-0.04, 0.04);
    turn.at<double>(1, 2) += picture.rows * random.uniform(-0.04, 0.04);
    cv::Mat out;
    cv::warpAffine(picture, out, turn, picture.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    if (random.chance(0.5)) {
        const double period = picture.cols / random.uniform(1, 2.5), strength = random.uniform(0.05, 0.25);
        const cv::Mat light = 1 + strength * smooth_noise(picture.size(), period, 1, random);
        cv::multiply(out, in_colors(light), out);
    }
    if (random.chance(0.25)) out = soft(out, random.uniform(0.3, 0.8));
    if (random.chance(0.4)) {
        const double strength = random.uniform(0.002, 0.02);
        out += in_colors(grain(picture.size(), random) * strength);
    }
    return clamped(out);
}

cv::Mat mirrored(const cv::Mat &picture, CounterRandom &random) {
    cv::Mat out = picture;
    if (random.chance(0.5)) cv::flip(out, out, 0);
    if (random.chance(0.5)) cv::flip(out, out, 1);
    return out;
}

PastedSample to_sample(const cv::Mat &picture, const cv::Mat &mask) {
    PastedSample out;
    out.picture = {picture.cols, picture.rows, {}};
    const cv::Mat whole = picture.isContinuous() ? picture : picture.clone();
    const auto *first = whole.ptr<float>();
    out.picture.values.assign(first, first + 3 * whole.total());
    const auto *covered = mask.ptr<std::uint8_t>();
    out.mask.assign(covered, covered + mask.total());
    return out;
}

} // namespace

DefectPaster::DefectPaster(std::vector<std::vector<std::uint8_t>> pictures, std::int32_t width,
                           std::int32_t height, const PastingOptions &options)
    : pictures_(std::move(pictures))
    , width_(width)
    , height_(height)
    , options_(options) {}

DefectPaster::~DefectPaster() = default;

PastedSample DefectPaster::sample(std::uint64_t seed, std::uint64_t step, std::uint64_t index) const {
    CounterRandom random(seed, step, index);
    const auto one = [&](double gamma) {
        auto picture =
            to_matrix(pictures_[static_cast<std::size_t>(random.below(size()))], {width_, height_}, gamma);
        return options_.flips ? mirrored(picture, random) : picture;
    };
    auto picture = one(options_.variations && random.chance(0.5) ? random.uniform(0.75, 1.3) : 1);
    if (options_.variations) picture = varied(picture, random);
    cv::Mat mask(height_, width_, CV_8U, cv::Scalar(0));
    if (!random.chance(options_.clean)) paste_some(picture, one(1), mask, random);
    return to_sample(picture, mask);
}

PastedSample DefectPaster::with_defect(std::int64_t picture, std::uint64_t seed) const {
    constexpr int kTries = 40;
    CounterRandom random(seed, static_cast<std::uint64_t>(picture));
    const cv::Size extents(width_, height_);
    auto out = to_matrix(pictures_[static_cast<std::size_t>(picture)], extents);
    const auto other = to_matrix(pictures_[static_cast<std::size_t>(random.below(size()))], extents);
    cv::Mat mask(height_, width_, CV_8U, cv::Scalar(0));
    for (int i = 0; i < kTries && !paste(out, other, mask, random); ++i) {
    }
    return to_sample(out, mask);
}

void normalise_picture(std::span<float> values, std::span<const float> shares) {
    constexpr double kLeast = 1e-3;
    constexpr std::size_t kColors = 3;
    const auto share = [&](std::size_t i) { return shares.empty() ? 1.0 : shares[i / kColors]; };
    double sum = 0, squares = 0, weight = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        sum += share(i) * values[i];
        weight += share(i);
    }
    const double mean = weight > 0 ? sum / weight : 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        squares += share(i) * (values[i] - mean) * (values[i] - mean);
    const double scale = 1 / std::max(kLeast, weight > 0 ? std::sqrt(squares / weight) : 0);
    for (float &value : values) value = static_cast<float>((value - mean) * scale);
}

} // namespace mirra::trainer
