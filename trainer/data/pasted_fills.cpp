#include "data/pasted_fills.hpp"

#include "data/pasted_shapes.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace mirra::trainer {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

/// The same in all channels.
cv::Mat in_colors(const cv::Mat &plane) {
    cv::Mat out;
    cv::merge(std::vector{plane, plane, plane}, out);
    return out;
}

struct Statistics {
    cv::Scalar mean, deviation;
};

/// Of what is covered.
Statistics statistics_of(const cv::Mat &picture, const cv::Mat &cover) {
    Statistics out;
    cv::meanStdDev(picture, out.mean, out.deviation, cover > 0.25);
    return out;
}

/// By a Gaussian; wide ones on a smaller picture.
cv::Mat blurred(const cv::Mat &picture, double sigma) {
    constexpr double kNarrow = 2;
    const double less = std::max(1.0, sigma / kNarrow);
    const cv::Size size(std::max(1, static_cast<int>(picture.cols / less)),
                        std::max(1, static_cast<int>(picture.rows / less)));
    cv::Mat small, out;
    cv::resize(picture, small, size, 0, 0, cv::INTER_AREA);
    cv::GaussianBlur(small, small, {}, sigma / less);
    cv::resize(small, out, picture.size(), 0, 0, cv::INTER_LINEAR);
    return out;
}

/// Deep shadows more often than faint ones, with some structure in them.
cv::Mat darker(const Ground &ground, CounterRandom &random) {
    const double left = 1 - random.uniform(0.2, 0.95);
    cv::Mat out = ground.part * left;
    if (!random.chance(0.5)) return out;
    const auto clouds = smooth_noise(out.size(), ground.scale * random.uniform(4, 30), 2, random);
    return out.mul(in_colors(1 + random.uniform(0.1, 0.6) * clouds));
}

cv::Mat brighter(const cv::Mat &picture, const Statistics &seen, CounterRandom &random) {
    if (random.chance(0.5)) return picture * (1 + random.uniform(0.25, 1.2));
    const double light = random.uniform(0.1, 0.5);
    return picture + cv::Scalar::all(light) + 0.3 * (seen.mean - cv::Scalar::all(seen.mean[0]));
}

/// Dark, like the surface or bright; grain or clouds finer than what was there.
cv::Mat flat(const Ground &ground, const Statistics &seen, CounterRandom &random) {
    auto color = seen.mean * random.uniform(0.3, 1.5);
    if (random.chance(0.2)) color = cv::Scalar::all(random.uniform());
    cv::Mat out(ground.part.size(), CV_32FC3, color);
    const double deviation = std::max(0.01, seen.deviation[0]);
    const double grainy = random.uniform(0, 0.5), cloudy = random.uniform(0, 2);
    out += in_colors(grain(out.size(), random)) * (deviation * grainy);
    const double period = ground.scale * random.uniform(6, 80);
    out += in_colors(smooth_noise(out.size(), period, 3, random)) * (deviation * cloudy);
    return out;
}

cv::Mat smooth(const Ground &ground, CounterRandom &random) {
    auto out = blurred(ground.part, ground.scale * random.uniform(2, 12));
    out *= random.chance(0.4) ? 1.0 : random.uniform(0.6, 1.3);
    const double grainy = random.uniform(0, 0.03);
    return out + in_colors(grain(out.size(), random)) * grainy;
}

cv::Mat contrast(const Ground &ground, CounterRandom &random) {
    const auto even = blurred(ground.part, ground.scale * random.uniform(4, 25));
    const double strength = random.chance(0.5) ? random.uniform(0, 0.6) : random.uniform(1.4, 3);
    const double light = random.chance(0.3) ? 1.0 : random.uniform(0.65, 1.4);
    return light * (even + strength * (ground.part - even));
}

/// Some place of a picture, turned by quarters or by any angle; mirrored beyond its edges.
cv::Mat elsewhere(const cv::Mat &picture, cv::Size size, CounterRandom &random) {
    const double angle =
        random.chance(0.6) ? 90.0 * static_cast<double>(random.below(4)) : random.uniform(0, 360);
    const double zoom = random.chance(0.7) ? 1 : random.uniform(0.6, 1.6);
    const cv::Point2f middle{static_cast<float>(picture.cols * random.uniform()),
                             static_cast<float>(picture.rows * random.uniform())};
    auto turn = cv::getRotationMatrix2D(middle, angle, zoom);
    turn.at<double>(0, 2) += 0.5 * size.width - middle.x;
    turn.at<double>(1, 2) += 0.5 * size.height - middle.y;
    cv::Mat out;
    cv::warpAffine(picture, out, turn, size, cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
    return out;
}

/// Half of the time as bright as what it lies over.
cv::Mat from_other(const Ground &ground, const Statistics &seen, CounterRandom &random) {
    auto out = elsewhere(ground.other, ground.part.size(), random);
    if (random.chance(0.5)) return out;
    return out + (seen.mean - statistics_of(out, ground.cover).mean);
}

cv::Mat stripes(cv::Size size, double scale, CounterRandom &random) {
    const double turn = random.uniform(0, kTurn), period = scale * random.uniform(3, 24);
    const double phase = random.uniform(0, kTurn), bend = random.uniform(0, 4);
    const double c = kTurn / period * std::cos(turn), s = kTurn / period * std::sin(turn);
    auto out = smooth_noise(size, 40 * scale, 2, random);
    for (int y = 0; y < size.height; ++y) {
        auto *row = out.ptr<float>(y);
        for (int x = 0; x < size.width; ++x)
            row[x] = static_cast<float>(std::sin(c * x + s * y + phase + bend * row[x]));
    }
    return out;
}

cv::Mat texture(const Ground &ground, const Statistics &seen, CounterRandom &random) {
    const auto size = ground.part.size();
    const auto plane = [&]() -> cv::Mat {
        switch (random.below(3)) {
        case 0: {
            const double coarse = random.uniform(0.4, 2);
            return blurred(grain(size, random), coarse) * 2;
        }
        case 1:
            return smooth_noise(size, ground.scale * random.uniform(4, 25), 3, random) * 1.5;
        default:
            return stripes(size, ground.scale, random);
        }
    }();
    const double strength = std::max(0.02, seen.deviation[0]) * random.uniform(0.7, 4);
    const auto color =
        random.chance(0.7) ? seen.mean * random.uniform(0.6, 1.4) : cv::Scalar::all(random.uniform());
    return in_colors(plane) * strength + color;
}

/// Whether the picture is gray, so that another colour would be no news.
bool is_gray(const Statistics &seen) {
    constexpr double kNearly = 1e-3;
    return std::abs(seen.mean[0] - seen.mean[1]) < kNearly && std::abs(seen.mean[1] - seen.mean[2]) < kNearly;
}

cv::Mat tint(const cv::Mat &picture, CounterRandom &random) {
    cv::Scalar shift;
    for (int c = 0; c < 3; ++c) shift[c] = random.uniform(-0.3, 0.3);
    const double mean = (shift[0] + shift[1] + shift[2]) / 3;
    return picture + (shift - cv::Scalar(mean, mean, mean));
}

} // namespace

cv::Mat grain(cv::Size size, CounterRandom &random) {
    cv::Mat out(size, CV_32F);
    constexpr double kOfThree = 2; // the sum of three even draws from -1 to 1 has a variance of 1
    for (int y = 0; y < size.height; ++y)
        for (int x = 0; x < size.width; ++x) {
            // Three draws of 21 bits out of one of 64.
            const auto bits = random.bits();
            constexpr std::uint64_t kMask = (1U << 21) - 1;
            const auto sum = (bits & kMask) + ((bits >> 21) & kMask) + ((bits >> 42) & kMask);
            out.at<float>(y, x) = static_cast<float>(kOfThree * (static_cast<double>(sum) * 0x1p-21 - 1.5));
        }
    return out;
}

cv::Mat draw_fill(FillKind kind, const Ground &ground, CounterRandom &random) {
    const auto seen = statistics_of(ground.part, ground.cover);
    switch (kind) {
    case FillKind::darker:
        return darker(ground, random);
    case FillKind::brighter:
        return brighter(ground.part, seen, random);
    case FillKind::flat:
        return flat(ground, seen, random);
    case FillKind::smooth:
        return smooth(ground, random);
    case FillKind::contrast:
        return contrast(ground, random);
    case FillKind::other:
        return from_other(ground, seen, random);
    case FillKind::texture:
        return texture(ground, seen, random);
    case FillKind::tint:
        break;
    }
    return is_gray(seen) ? contrast(ground, random) : tint(ground.part, random);
}

} // namespace mirra::trainer
