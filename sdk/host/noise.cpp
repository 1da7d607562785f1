// The noise of an image, in bounded memory.
#include "noise.hpp"

#include "mirra/error.hpp"
#include "pixels.hpp"
#include "team.hpp"

#include <algorithm>
#include <string>

namespace mirra::host {
namespace {

constexpr double kUnits = 255;
constexpr std::int32_t kRegion = 1024;

bool is_converted(const image::ConstImageView &view) {
    return view.transfer == image::Transfer::linear || view.alpha == image::AlphaMode::premultiplied;
}

/// The colours of a region as tasks see them, with its alpha if it has any.
std::vector<float> converted(const image::ConstImageView &view, const image::Rect &rect) {
    const auto colors = static_cast<std::size_t>(view.color_channels());
    const auto width = static_cast<std::size_t>(rect.width);
    std::vector<float> values, row(width * colors);
    values.reserve(width * static_cast<std::size_t>(rect.height) * static_cast<std::size_t>(view.channels));
    for (std::int64_t y = rect.y; y < std::int64_t{rect.y} + rect.height; ++y) {
        load_colors(view, {rect.x, y, rect.width, 1}, view.color_channels(), row);
        const std::vector<float> alpha = load_alpha(view, {rect.x, y, rect.width, 1});
        for (std::size_t x = 0; x < width; ++x) {
            for (std::size_t c = 0; c < colors; ++c) values.push_back(row[x * colors + c]);
            if (view.has_alpha()) values.push_back(alpha[x]);
        }
    }
    return values;
}

/// A region as the estimate reads it.
class Region {
  public:
    /// @param source  null: the view has the pixels
    Region(const image::ConstImageView &view, const image::Rect &rect, const Pieces *source) {
        if (source == nullptr) {
            look(view, rect);
            return;
        }
        piece_ = read_piece(*source, {rect.x, rect.y, rect.width, rect.height});
        image::ConstImageView read = std::as_const(piece_).view();
        read.transfer = view.transfer;
        look(read, {0, 0, rect.width, rect.height});
    }
    Region(const Region &) = delete;
    Region &operator=(const Region &) = delete;

    /// None where too little is visible, or a side too short.
    [[nodiscard]] std::optional<image::NoiseMeasurement> measure(std::uint64_t threads) const {
        const auto for_each = [threads](std::size_t count, const std::function<void(std::size_t)> &body) {
            for_each_on_threads(threads, count, body);
        };
        try {
            return image::measure_noise(view_, for_each);
        } catch (const Error &error) {
            if (error.code() != ErrorCode::invalid_argument) throw;
            return std::nullopt;
        }
    }
    [[nodiscard]] double estimate_roughly() const { return image::estimate_noise_roughly(view_); }

  private:
    void look(const image::ConstImageView &view, const image::Rect &rect) {
        if (!is_converted(view)) {
            view_ = image::cropped(view, rect.x, rect.y, rect.width, rect.height);
            return;
        }
        values_ = converted(view, rect);
        view_ = image::interleaved_view(reinterpret_cast<const std::byte *>(values_.data()), rect.width,
                                        rect.height, view.channels, image::SampleType::f32);
    }
    image::Image piece_;
    std::vector<float> values_;
    image::ConstImageView view_;
};

std::vector<image::Rect> regions(const image::ConstImageView &view) {
    const std::int64_t most = is_converted(view) ? std::int64_t{kRegion} * kRegion : kWholePixels;
    if (std::int64_t{view.width} * view.height <= most) return {{0, 0, view.width, view.height}};
    const std::int32_t width = std::min(view.width, kRegion);
    const std::int32_t height = std::min(view.height, kRegion);
    const std::int32_t right = view.width - width;
    const std::int32_t bottom = view.height - height;
    return {{0, 0, width, height},
            {right, 0, width, height},
            {right / 2, bottom / 2, width, height},
            {0, bottom, width, height},
            {right, bottom, width, height}};
}

NoiseReport in_units(std::optional<double> sigma, std::array<double, image::kNoiseParts> explained) {
    for (double &variance : explained) variance *= kUnits * kUnits;
    if (sigma) *sigma *= kUnits;
    return {sigma, explained};
}

/// Of a picture that cannot be measured: the same at every brightness.
NoiseReport rough_report(const image::ConstImageView &view, const Pieces *source) {
    double most = 0;
    for (const image::Rect &rect : regions(view))
        most = std::max(most, Region(view, rect, source).estimate_roughly());
    std::array<double, image::kNoiseParts> explained{};
    explained.fill(most * most);
    return in_units(std::nullopt, explained);
}

} // namespace

NoiseReport look_at_noise(const image::ConstImageView &view, const std::function<void()> &between,
                          const Pieces *source, std::uint64_t threads) {
    std::vector<double> estimates;
    std::vector<image::MeasuredSquare> squares;
    for (const image::Rect &rect : regions(view)) {
        between();
        const auto measured = Region(view, rect, source).measure(threads);
        if (!measured) continue;
        estimates.push_back(measured->sigma);
        squares.insert(squares.end(), measured->squares.begin(), measured->squares.end());
    }
    between();
    if (estimates.empty()) return rough_report(view, source);
    std::sort(estimates.begin(), estimates.end());
    const double sigma = estimates[estimates.size() / 2];
    return in_units(sigma, image::explained_variances(sigma, squares));
}

double estimate_noise_level(const image::ConstImageView &view, const std::function<void()> &between) {
    const NoiseReport report = look_at_noise(view, between);
    if (report.sigma) return *report.sigma;
    throw Error(ErrorCode::invalid_argument,
                "noise can be estimated from 16x16 visible pixels on, of an image of " +
                    std::to_string(view.width) + "x" + std::to_string(view.height) + " there are too few",
                "image", "state the noise level");
}

} // namespace mirra::host
