#include "data/pasted_shapes.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace mirra::trainer {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr int kFine = 3;          ///< outlines are drawn so many times larger, for soft edges
constexpr double kDrawnFor = 256; ///< side of the picture that widths in pixels are meant for

double side(cv::Size size) {
    return std::min(size.width, size.height);
}

/// Spread evenly over orders of magnitude.
double between(double low, double high, CounterRandom &random) {
    return low * std::pow(high / low, random.uniform());
}

/// A canvas for outlines, and what came of it.
class Canvas {
  public:
    explicit Canvas(cv::Size size) : size_(size), fine_(size * kFine, CV_8U, cv::Scalar(0)) {}

    void line(cv::Point2d from, cv::Point2d to, double width) {
        cv::line(fine_, fixed(from), fixed(to), cv::Scalar(255),
                 std::max(1, static_cast<int>(std::lround(width * kFine))), cv::LINE_8, kShift);
    }
    void polygon(const std::vector<cv::Point2d> &corners) {
        std::vector<cv::Point> points;
        for (const auto &corner : corners) points.push_back(fixed(corner));
        cv::fillPoly(fine_, std::vector{points}, cv::Scalar(255), cv::LINE_8, kShift);
    }
    [[nodiscard]] cv::Mat cover() const {
        cv::Mat small, out;
        cv::resize(fine_, small, size_, 0, 0, cv::INTER_AREA);
        small.convertTo(out, CV_32F, 1.0 / 255);
        return out;
    }

  private:
    static constexpr int kShift = 4;
    static cv::Point fixed(cv::Point2d at) {
        const auto whole = [](double value) {
            constexpr double kFar = 1e5;
            return static_cast<int>(std::lround(std::clamp(value * kFine, -kFar, kFar) * (1 << kShift)));
        };
        return {whole(at.x), whole(at.y)};
    }

    cv::Size size_;
    cv::Mat fine_;
};

/// A line that changes its direction and its width as it goes.
struct Walk {
    double length = 0, step = 1, direction = 0;
    double bend = 0;  ///< most change of direction a step
    double curve = 0; ///< steady change of direction a step
    double width = 1, gaps = 0;
};

void draw_walk(Canvas &canvas, cv::Point2d at, Walk walk, CounterRandom &random) {
    const auto steps = std::max(2, static_cast<int>(walk.length / walk.step));
    const double phase = random.uniform(0, kTurn), waves = random.uniform(1, 4);
    for (int i = 0; i < steps; ++i) {
        walk.direction += walk.curve + random.uniform(-walk.bend, walk.bend);
        const cv::Point2d next(at.x + walk.step * std::cos(walk.direction),
                               at.y + walk.step * std::sin(walk.direction));
        const double along = static_cast<double>(i) / steps;
        const double width = walk.width * (0.75 + 0.25 * std::sin(phase + waves * kTurn * along)) *
                             std::min(1.0, 3 * (1 - along) + 0.3);
        if (!random.chance(walk.gaps)) canvas.line(at, next, width);
        at = next;
    }
}

cv::Mat crack(cv::Size size, cv::Point2d centre, CounterRandom &random) {
    const double scale = side(size) / kDrawnFor;
    Canvas canvas(size);
    Walk walk{.length = side(size) * between(0.05, 0.7, random),
              .step = 4 * scale,
              .direction = random.uniform(0, kTurn),
              .bend = random.uniform(0.05, 0.7),
              .curve = random.uniform(-0.04, 0.04),
              .width = scale * between(1, 4, random),
              .gaps = random.chance(0.3) ? random.uniform(0, 0.3) : 0};
    draw_walk(canvas, centre, walk, random);
    const auto branches = random.below(3);
    for (std::int64_t i = 0; i < branches; ++i) {
        if (random.chance(0.5)) walk.direction += std::numbers::pi;
        walk.direction += random.uniform(-1.2, 1.2);
        walk.length *= random.uniform(0.3, 0.8);
        walk.width *= 0.8;
        draw_walk(canvas, centre, walk, random);
    }
    return canvas.cover();
}

cv::Mat scratches(cv::Size size, cv::Point2d centre, CounterRandom &random) {
    const double scale = side(size) / kDrawnFor;
    Canvas canvas(size);
    const Walk walk{.length = side(size) * between(0.08, 0.8, random),
                    .step = 6 * scale,
                    .direction = random.uniform(0, kTurn),
                    .bend = 0.01,
                    .curve = random.chance(0.5) ? 0 : random.uniform(-0.04, 0.04),
                    .width = scale * between(0.7, 3, random),
                    .gaps = random.chance(0.3) ? random.uniform(0, 0.4) : 0};
    const auto count = random.chance(0.6) ? 1 : 2 + random.below(3);
    for (std::int64_t i = 0; i < count; ++i) {
        auto one = walk;
        one.direction += random.uniform(-0.08, 0.08);
        one.length *= random.uniform(0.5, 1);
        const double away = scale * random.uniform(-12, 12) * static_cast<double>(i);
        const cv::Point2d from(centre.x - away * std::sin(one.direction),
                               centre.y + away * std::cos(one.direction));
        draw_walk(canvas, from, one, random);
    }
    return canvas.cover();
}

/// A round outline with waves, longer than wide.
std::vector<cv::Point2d> rough_ring(cv::Point2d centre, double radius, double flat, CounterRandom &random) {
    constexpr int kCorners = 28, kWaves = 4;
    std::array<double, kWaves> height{}, phase{};
    for (int k = 0; k < kWaves; ++k) {
        height[static_cast<std::size_t>(k)] = random.uniform(0, 0.35 / (1 + 0.5 * k));
        phase[static_cast<std::size_t>(k)] = random.uniform(0, kTurn);
    }
    const double turn = random.uniform(0, kTurn);
    std::vector<cv::Point2d> ring;
    for (int i = 0; i < kCorners; ++i) {
        const double angle = kTurn * i / kCorners;
        double r = radius;
        for (int k = 0; k < kWaves; ++k)
            r *= 1 + height[static_cast<std::size_t>(k)] *
                         std::sin((k + 2) * angle + phase[static_cast<std::size_t>(k)]);
        const double x = r * std::cos(angle), y = flat * r * std::sin(angle);
        ring.emplace_back(centre.x + x * std::cos(turn) - y * std::sin(turn),
                          centre.y + x * std::sin(turn) + y * std::cos(turn));
    }
    return ring;
}

cv::Mat pits(cv::Size size, cv::Point2d centre, CounterRandom &random) {
    const double scale = side(size) / kDrawnFor;
    const auto count = random.chance(0.75) ? 1 : 2 + random.below(3);
    const double spread = scale * random.uniform(8, 40);
    Canvas canvas(size);
    for (std::int64_t i = 0; i < count; ++i) {
        const double radius = scale * between(1.5, 13, random), flat = random.uniform(0.35, 1);
        canvas.polygon(rough_ring(centre, radius, flat, random));
        centre += cv::Point2d{random.uniform(-spread, spread), random.uniform(-spread, spread)};
    }
    return canvas.cover();
}

/// Ragged: a dome with smooth noise on it, cut at a height.
cv::Mat blob(cv::Size size, cv::Point2d centre, CounterRandom &random) {
    const double radius = side(size) * between(0.03, 0.3, random), flat = random.uniform(0.35, 1);
    const double turn = random.uniform(0, kTurn), ragged = random.uniform(0.2, 1.1);
    auto cover = smooth_noise(size, radius / random.uniform(0.7, 1.6), 3, random);
    const double c = std::cos(turn), s = std::sin(turn), steep = radius / 3;
    for (int y = 0; y < size.height; ++y) {
        auto *row = cover.ptr<float>(y);
        for (int x = 0; x < size.width; ++x) {
            const double dx = x - centre.x, dy = y - centre.y;
            const double u = (dx * c + dy * s) / radius, v = (dy * c - dx * s) / (flat * radius);
            const double height = 1 - u * u - v * v + ragged * row[x];
            row[x] = static_cast<float>(std::clamp(height * steep + 0.5, 0.0, 1.0));
        }
    }
    return cover;
}

cv::Mat patch(cv::Size size, cv::Point2d centre, CounterRandom &random) {
    const double a = side(size) * between(0.02, 0.4, random), b = side(size) * between(0.02, 0.4, random);
    const double turn = random.chance(0.5) ? random.uniform(-0.05, 0.05) : random.uniform(0, kTurn);
    std::vector<cv::Point2d> corners;
    const auto add = [&](double x, double y) {
        corners.emplace_back(centre.x + x * std::cos(turn) - y * std::sin(turn),
                             centre.y + x * std::sin(turn) + y * std::cos(turn));
    };
    const auto kind = random.below(3);
    if (kind == 0)
        for (const auto &[x, y] : {std::pair(-a, -b), {a, -b}, {a, b}, {-a, b}}) add(x, y);
    constexpr int kRound = 40;
    for (int i = 0; kind == 1 && i < kRound; ++i)
        add(a * std::cos(kTurn * i / kRound), b * std::sin(kTurn * i / kRound));
    const auto edges = 4 + random.below(6);
    for (std::int64_t i = 0; kind == 2 && i < edges; ++i) {
        const double angle =
            kTurn * (static_cast<double>(i) + random.uniform(-0.35, 0.35)) / static_cast<double>(edges);
        const double reach = random.uniform(0.4, 1);
        add(a * reach * std::cos(angle), b * reach * std::sin(angle));
    }
    Canvas canvas(size);
    canvas.polygon(corners);
    return canvas.cover();
}

/// All on one side of a line that is not quite straight, or a strip along one.
cv::Mat band(cv::Size size, cv::Point2d centre, CounterRandom &random) {
    constexpr double kQuarter = std::numbers::pi / 2;
    const auto quarters = random.below(4);
    const double slant = random.uniform(-0.1, 0.1);
    const double turn =
        random.chance(0.75) ? kQuarter * static_cast<double>(quarters) + slant : random.uniform(0, kTurn);
    const double width = random.chance(0.4) ? 1e9 : side(size) * between(0.04, 0.4, random);
    const double wave = side(size) * random.uniform(0, 0.03), sharp = random.uniform(0.4, 1);
    const auto noise = smooth_noise(size, side(size) / random.uniform(2, 10), 2, random);
    cv::Mat cover(size, CV_32F);
    const double c = std::cos(turn), s = std::sin(turn);
    for (int y = 0; y < size.height; ++y)
        for (int x = 0; x < size.width; ++x) {
            const double across = (x - centre.x) * c + (y - centre.y) * s + wave * noise.at<float>(y, x);
            const double inside = std::min(across, width - across);
            cover.at<float>(y, x) = static_cast<float>(std::clamp(sharp * inside + 0.5, 0.0, 1.0));
        }
    constexpr double kHalf = 0.5;
    return cv::mean(cover)[0] > kHalf ? cv::Mat(1 - cover) : cover;
}

} // namespace

cv::Mat smooth_noise(cv::Size size, double period, int octaves, CounterRandom &random) {
    cv::Mat sum(size, CV_32F, cv::Scalar(0));
    double height = 1, heights = 0;
    for (int octave = 0; octave < octaves; ++octave, period /= 2, height /= 2) {
        const auto cut = [&](int extent) {
            return std::clamp(static_cast<int>(std::lround(extent / period)) + 1, 2, extent + 1);
        };
        cv::Mat coarse(cut(size.height), cut(size.width), CV_32F), fine;
        for (int y = 0; y < coarse.rows; ++y)
            for (int x = 0; x < coarse.cols; ++x)
                coarse.at<float>(y, x) = static_cast<float>(random.uniform(-1, 1));
        cv::resize(coarse, fine, size, 0, 0, cv::INTER_CUBIC);
        cv::scaleAdd(fine, height, sum, sum);
        heights += height;
    }
    return sum / heights;
}

cv::Mat draw_shape(ShapeKind kind, cv::Size size, cv::Point2d centre, CounterRandom &random) {
    switch (kind) {
    case ShapeKind::crack:
        return crack(size, centre, random);
    case ShapeKind::scratch:
        return scratches(size, centre, random);
    case ShapeKind::pit:
        return pits(size, centre, random);
    case ShapeKind::blob:
        return blob(size, centre, random);
    case ShapeKind::patch:
        return patch(size, centre, random);
    case ShapeKind::band:
        break;
    }
    return band(size, centre, random);
}

} // namespace mirra::trainer
