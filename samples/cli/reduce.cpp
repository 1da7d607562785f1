// A separable filter with three lobes, as wide as the reduction asks for.
#include "reduce.hpp"

#include "pictures.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

namespace mirra::cli {
namespace {

double lanczos(double x) {
    constexpr double kLobes = 3;
    if (x == 0) return 1;
    if (std::abs(x) >= kLobes) return 0;
    const double turn = std::numbers::pi * x;
    return kLobes * std::sin(turn) * std::sin(turn / kLobes) / (turn * turn);
}

/// Which samples of an axis make one, and how much of each.
struct Taps {
    std::int32_t first = 0;
    std::vector<float> weights;
};

std::vector<Taps> taps_of(std::int32_t from, std::int32_t to) {
    constexpr double kLobes = 3;
    const double scale = static_cast<double>(from) / to;
    std::vector<Taps> axis(static_cast<std::size_t>(to));
    for (std::int32_t i = 0; i < to; ++i) {
        Taps &taps = axis[static_cast<std::size_t>(i)];
        const double centre = (i + 0.5) * scale - 0.5;
        taps.first = std::max(0, static_cast<std::int32_t>(std::ceil(centre - kLobes * scale)));
        const auto last = std::min(from - 1, static_cast<std::int32_t>(std::floor(centre + kLobes * scale)));
        double sum = 0;
        for (std::int32_t at = taps.first; at <= last; ++at) {
            taps.weights.push_back(static_cast<float>(lanczos((at - centre) / scale)));
            sum += taps.weights.back();
        }
        for (float &weight : taps.weights) weight /= static_cast<float>(sum);
    }
    return axis;
}

bool has_alpha(const mirra_image &image) {
    return image.color == MIRRA_COLOR_GRAY_ALPHA || image.color == MIRRA_COLOR_RGBA;
}

/// A row of real numbers; colours count as much as they are seen.
void load_row(const mirra_image &image, std::int32_t y, std::span<float> row) {
    const bool weighted = has_alpha(image) && image.alpha_mode != MIRRA_ALPHA_PREMULTIPLIED;
    std::size_t at = 0;
    for (std::int32_t x = 0; x < image.width; ++x) {
        const double alpha = weighted ? sample(image, x, y, image.color - 1) : 1;
        for (std::int32_t c = 0; c < image.color; ++c)
            row[at++] = static_cast<float>(sample(image, x, y, c) * (c == image.color - 1 ? 1 : alpha));
    }
}

void store_row(const mirra_image &image, std::int32_t y, std::span<const float> row) {
    const bool weighted = has_alpha(image) && image.alpha_mode != MIRRA_ALPHA_PREMULTIPLIED;
    const auto channels = static_cast<std::size_t>(image.color);
    for (std::int32_t x = 0; x < image.width; ++x) {
        const auto pixel = row.subspan(static_cast<std::size_t>(x) * channels, channels);
        const float alpha = weighted ? pixel.back() : 1;
        for (std::size_t c = 0; c < channels; ++c) {
            const bool color = weighted && c + 1 < channels;
            const float value = !color ? pixel[c] : alpha > 0 ? pixel[c] / alpha : 0;
            set_sample(image, x, y, static_cast<std::int32_t>(c), value);
        }
    }
}

/// Narrows rows; each is made as it is first asked for, and kept as long as the filter reaches back.
class Rows {
  public:
    Rows(const mirra_image &image, std::int32_t width)
        : image_(image)
        , columns_(taps_of(image.width, width))
        , loaded_(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.color)) {}

    /// @param count  of rows that are asked for together, at most
    std::span<const float> at(std::int32_t y, std::size_t count) {
        if (lines_.size() < count) lines_.resize(count);
        Line &line = lines_[static_cast<std::size_t>(y) % lines_.size()];
        if (line.y != y) make(y, line);
        return line.values;
    }

  private:
    struct Line {
        std::int32_t y = -1;
        std::vector<float> values;
    };

    void make(std::int32_t y, Line &line) {
        const auto channels = static_cast<std::size_t>(image_.color);
        load_row(image_, y, loaded_);
        line.y = y;
        line.values.assign(columns_.size() * channels, 0);
        for (std::size_t x = 0; x < columns_.size(); ++x)
            for (std::size_t k = 0; k < columns_[x].weights.size(); ++k)
                for (std::size_t c = 0; c < channels; ++c)
                    line.values[x * channels + c] +=
                        columns_[x].weights[k] *
                        loaded_[(static_cast<std::size_t>(columns_[x].first) + k) * channels + c];
    }

    const mirra_image image_;
    std::vector<Taps> columns_;
    std::vector<float> loaded_;
    std::vector<Line> lines_;
};

} // namespace

std::optional<Picture> reduced(const Picture &source, std::int32_t longest) {
    const mirra_image from = view_of(source);
    const std::int32_t side = std::max(from.width, from.height);
    if (side <= longest) return std::nullopt;
    const auto shorter = [&](std::int32_t extent) {
        return std::max(1,
                        static_cast<std::int32_t>(std::lround(static_cast<double>(extent) * longest / side)));
    };
    Picture picture = make_picture(shorter(from.width), shorter(from.height), from.format, from.color);
    const mirra_image to = view_of(picture);
    const std::vector<Taps> taps = taps_of(from.height, to.height);
    std::size_t most = 0;
    for (const Taps &each : taps) most = std::max(most, each.weights.size());
    Rows rows(from, to.width);
    std::vector<float> line(static_cast<std::size_t>(to.width) * static_cast<std::size_t>(to.color));
    for (std::int32_t y = 0; y < to.height; ++y) {
        std::ranges::fill(line, 0.0F);
        const Taps &each = taps[static_cast<std::size_t>(y)];
        for (std::size_t k = 0; k < each.weights.size(); ++k) {
            const auto row = rows.at(each.first + static_cast<std::int32_t>(k), most);
            for (std::size_t i = 0; i < line.size(); ++i) line[i] += each.weights[k] * row[i];
        }
        store_row(to, y, line);
    }
    copy_color(picture, source);
    return picture;
}

} // namespace mirra::cli
