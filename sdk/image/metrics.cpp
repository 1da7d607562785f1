// PSNR and SSIM in the conventions of the literature on restoration.
#include "mirra/error.hpp"
#include "mirra/image.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace mirra::image {
namespace {

constexpr int kWindow = 11;
constexpr double kWindowSigma = 1.5;
constexpr double kC1 = 0.01 * 0.01;
constexpr double kC2 = 0.03 * 0.03;
constexpr std::size_t kMoments = 5; // x, y, xx, yy, xy

using Window = std::array<double, kWindow>;

Window gaussian_window() {
    Window window{};
    double sum = 0;
    for (int i = 0; i < kWindow; ++i) {
        const double distance = i - (kWindow - 1) / 2.0;
        window[static_cast<std::size_t>(i)] =
            std::exp(-distance * distance / (2 * kWindowSigma * kWindowSigma));
        sum += window[static_cast<std::size_t>(i)];
    }
    for (double &weight : window) weight /= sum;
    return window;
}

/// SSIM of one channel, row by row: the last 11 rows of horizontally filtered moments are kept in a ring.
class ChannelSsim {
  public:
    ChannelSsim(const FloatPixels &a, const FloatPixels &b, std::int32_t channel)
        : a_(a)
        , b_(b)
        , channel_(channel)
        , columns_(a.width - kWindow + 1)
        , raw_(kMoments * static_cast<std::size_t>(a.width))
        , ring_(kWindow * kMoments * static_cast<std::size_t>(columns_))
        , window_(gaussian_window()) {}

    /// Sum over all window positions.
    double sum() {
        double total = 0;
        for (std::int32_t y = 0; y < a_.height; ++y) {
            load_row(y);
            filter_row(y);
            if (y >= kWindow - 1) total += sum_row(y);
        }
        return total;
    }

  private:
    void load_row(std::int32_t y) {
        const auto width = static_cast<std::size_t>(a_.width);
        const auto channels = static_cast<std::size_t>(a_.channels);
        const std::size_t start =
            static_cast<std::size_t>(y) * width * channels + static_cast<std::size_t>(channel_);
        for (std::size_t x = 0; x < width; ++x) {
            const double first = a_.values[start + x * channels];
            const double second = b_.values[start + x * channels];
            raw_[x] = first;
            raw_[width + x] = second;
            raw_[2 * width + x] = first * first;
            raw_[3 * width + x] = second * second;
            raw_[4 * width + x] = first * second;
        }
    }

    [[nodiscard]] double *slot(std::int32_t y, std::size_t moment) {
        const auto row = static_cast<std::size_t>(y % kWindow);
        return ring_.data() + (row * kMoments + moment) * static_cast<std::size_t>(columns_);
    }

    void filter_row(std::int32_t y) {
        for (std::size_t moment = 0; moment < kMoments; ++moment) {
            const double *const in = raw_.data() + moment * static_cast<std::size_t>(a_.width);
            double *const out = slot(y, moment);
            std::fill_n(out, columns_, 0.0);
            for (std::int32_t k = 0; k < kWindow; ++k) {
                const double weight = window_[static_cast<std::size_t>(k)];
                for (std::int32_t x = 0; x < columns_; ++x) out[x] += weight * in[x + k];
            }
        }
    }

    /// The window that ends at row y.
    double sum_row(std::int32_t y) {
        const auto columns = static_cast<std::size_t>(columns_);
        std::vector<double> &mean = column_moments_;
        mean.assign(kMoments * columns, 0.0);
        for (std::int32_t k = 0; k < kWindow; ++k) {
            const double weight = window_[static_cast<std::size_t>(k)];
            const double *const row = slot(y - kWindow + 1 + k, 0);
            for (std::size_t i = 0; i < kMoments * columns; ++i) mean[i] += weight * row[i];
        }
        double total = 0;
        for (std::size_t x = 0; x < columns; ++x) {
            const double mx = mean[x];
            const double my = mean[columns + x];
            const double contrast = 2 * (mean[4 * columns + x] - mx * my) + kC2;
            const double variances = mean[2 * columns + x] - mx * mx + mean[3 * columns + x] - my * my + kC2;
            total += (2 * mx * my + kC1) / (mx * mx + my * my + kC1) * contrast / variances;
        }
        return total;
    }

    const FloatPixels &a_;
    const FloatPixels &b_;
    std::int32_t channel_;
    std::int32_t columns_;
    std::vector<double> raw_;
    std::vector<double> ring_;
    std::vector<double> column_moments_;
    Window window_;
};

bool complete(const FloatPixels &pixels) {
    return pixels.width > 0 && pixels.height > 0 && pixels.channels > 0 &&
           pixels.values.size() / static_cast<std::size_t>(pixels.channels) ==
               static_cast<std::uint64_t>(pixels.width) * static_cast<std::uint64_t>(pixels.height) &&
           pixels.values.size() % static_cast<std::size_t>(pixels.channels) == 0;
}

std::vector<float> to_floats(const ConstImageView &view, int channels) {
    std::vector<float> values(static_cast<std::size_t>(view.width) * static_cast<std::size_t>(view.height) *
                              static_cast<std::size_t>(channels));
    gather(view, {0, 0, view.width, view.height}, values, channels);
    return values;
}

int common_channels(const ConstImageView &a, const ConstImageView &b) {
    validate(a, "a");
    validate(b, "b");
    if (a.width != b.width || a.height != b.height) {
        throw Error(ErrorCode::mismatch,
                    "pictures of different sizes cannot be compared: " + std::to_string(a.width) + "x" +
                        std::to_string(a.height) + " and " + std::to_string(b.width) + "x" +
                        std::to_string(b.height));
    }
    return std::max(a.color_channels(), b.color_channels());
}

} // namespace

double psnr(std::span<const float> a, std::span<const float> b) {
    if (a.size() != b.size())
        throw Error(ErrorCode::mismatch, "pictures of different sizes cannot be compared");
    if (a.empty()) throw Error(ErrorCode::invalid_argument, "there are no pixels to compare");
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        sum += difference * difference;
    }
    return 10 * std::log10(1 / (sum / static_cast<double>(a.size()) + 1e-8));
}

double psnr(const ConstImageView &a, const ConstImageView &b) {
    const int channels = common_channels(a, b);
    return psnr(to_floats(a, channels), to_floats(b, channels));
}

double ssim(const FloatPixels &a, const FloatPixels &b) {
    if (a.width != b.width || a.height != b.height || a.channels != b.channels) {
        throw Error(ErrorCode::mismatch, "pictures of different sizes cannot be compared");
    }
    if (!complete(a) || !complete(b)) {
        throw Error(ErrorCode::invalid_argument, "the number of values does not fit the picture's size");
    }
    if (a.width < kWindow || a.height < kWindow) {
        throw Error(ErrorCode::invalid_argument, "SSIM needs at least 11x11 pixels, not " +
                                                     std::to_string(a.width) + "x" +
                                                     std::to_string(a.height));
    }
    double total = 0;
    for (std::int32_t channel = 0; channel < a.channels; ++channel) total += ChannelSsim(a, b, channel).sum();
    const double positions = static_cast<double>(a.width - kWindow + 1) * (a.height - kWindow + 1);
    return total / (positions * a.channels);
}

double ssim(const ConstImageView &a, const ConstImageView &b) {
    const int channels = common_channels(a, b);
    const auto first = to_floats(a, channels);
    const auto second = to_floats(b, channels);
    return ssim(FloatPixels{first, a.width, a.height, channels},
                FloatPixels{second, b.width, b.height, channels});
}

} // namespace mirra::image
