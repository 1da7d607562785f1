#include "runtime/rows/three_channels.hpp"

#include "runtime/rows/per_processor.hpp"
#include "runtime/rows/vectors.hpp"

#include <algorithm>

namespace mirra::runtime {
namespace {

constexpr std::int64_t kColors = 3, kRows = ThreeChannelFilter::kRowsAtOnce;
/// Of a plane's rows: before the first value, and behind the last.
constexpr std::int64_t kMargin = kLanes<Wide>;

using Taps = ThreeChannelFilter::Taps;

/// Values from a row of one plane to that of the next.
std::int64_t plane_of(std::int64_t width) {
    return (width + kLanes<Wide> - 1) / kLanes<Wide> * kLanes<Wide> + 2 * kMargin;
}

/// Rows of three planes each. They count in as the picture's surroundings from -1 to `width`.
struct Planes {
    const float *lines[kRows + 2]; ///< first value of the first plane
    float *out;
    std::int64_t plane, width;
};

template<class T>
MIRRA_INLINE void split(const T *pixels, float *planes, std::int64_t plane, std::int64_t width) {
    MIRRA_INDEPENDENT
    for (std::int64_t x = 0; x < width; ++x)
        for (std::int64_t c = 0; c < kColors; ++c)
            planes[c * plane + x] = static_cast<float>(pixels[kColors * x + c]);
}
template<class T>
MIRRA_INLINE void join(const float *planes, std::int64_t plane, T *pixels, std::int64_t width) {
    MIRRA_INDEPENDENT
    for (std::int64_t x = 0; x < width; ++x)
        for (std::int64_t c = 0; c < kColors; ++c) pixels[kColors * x + c] = T(planes[c * plane + x]);
}

MIRRA_PER_PROCESSOR void split_row(const float *pixels, float *planes, std::int64_t plane,
                                   std::int64_t width) {
    split(pixels, planes, plane, width);
}
MIRRA_PER_PROCESSOR void split_row(const Bf16 *pixels, float *planes, std::int64_t plane,
                                   std::int64_t width) {
    split(pixels, planes, plane, width);
}
MIRRA_PER_PROCESSOR void join_row(const float *planes, std::int64_t plane, float *pixels,
                                  std::int64_t width) {
    join(planes, plane, pixels, width);
}
MIRRA_PER_PROCESSOR void join_row(const float *planes, std::int64_t plane, Bf16 *pixels, std::int64_t width) {
    join(planes, plane, pixels, width);
}

/// Output rows below the first line. Each value and each weight that is loaded serves all of them.
template<class V> MIRRA_INLINE void filter(const Taps &taps, const Planes &planes, bool relu) {
    for (std::int64_t x = 0; x < planes.width; x += kLanes<V>) {
        V sums[kColors][kRows];
        MIRRA_UNROLLED
        for (std::int64_t out = 0; out < kColors; ++out) {
            MIRRA_UNROLLED
            for (std::int64_t i = 0; i < kRows; ++i) sums[out][i] = V{} + taps.bias[out];
        }
        for (std::int64_t in = 0; in < kColors; ++in)
            for (std::int64_t column = 0; column < 3; ++column) {
                V values[kRows + 2];
                MIRRA_UNROLLED
                for (std::int64_t i = 0; i < kRows + 2; ++i)
                    load(values[i], planes.lines[i] + in * planes.plane + x + column - 1);
                MIRRA_UNROLLED
                for (std::int64_t row = 0; row < 3; ++row) {
                    MIRRA_UNROLLED
                    for (std::int64_t out = 0; out < kColors; ++out) {
                        const V weight = V{} + taps.weight[in][column][row][out];
                        MIRRA_UNROLLED
                        for (std::int64_t i = 0; i < kRows; ++i) sums[out][i] += weight * values[i + row];
                    }
                }
            }
        MIRRA_UNROLLED
        for (std::int64_t out = 0; out < kColors; ++out) {
            MIRRA_UNROLLED
            for (std::int64_t i = 0; i < kRows; ++i) {
                if (relu) Compared<V>::cut_negative(sums[out][i]);
                store(planes.out + (i * kColors + out) * planes.plane + x, sums[out][i]);
            }
        }
    }
}

MIRRA_FOR("x86-64-v4") void filter_wide(const Taps &taps, const Planes &planes, bool relu) {
    filter<Wide>(taps, planes, relu);
}
MIRRA_FOR("x86-64-v3") void filter_narrow(const Taps &taps, const Planes &planes, bool relu) {
    filter<Narrow>(taps, planes, relu);
}
void filter_least(const Taps &taps, const Planes &planes, bool relu) {
    filter<Least>(taps, planes, relu);
}

void filter_rows(const Taps &taps, const Planes &planes, bool relu) {
    const auto bytes = vector_bytes();
    (bytes == sizeof(Wide)     ? filter_wide
     : bytes == sizeof(Narrow) ? filter_narrow
                               : filter_least)(taps, planes, relu);
}

/// The rows that kRows outputs are computed from, of which a step down keeps those that are read again, and
/// behind them these outputs.
template<class T> class RowWindow {
  public:
    RowWindow(const T *picture, std::int64_t height, std::int64_t width, float *memory)
        : picture_(picture)
        , height_(height)
        , width_(width)
        , memory_(memory) {
        for (std::int64_t line = 0; line < kHeld * kColors; ++line) {
            float *const first = memory + line * plane_ + kMargin;
            std::fill_n(first - kMargin, kMargin, 0.0F);
            std::fill_n(first + width, plane_ - kMargin - width, 0.0F);
        }
    }

    void read(std::int64_t y) {
        float *row = row_at(y);
        if (y >= 0 && y < height_) return split_row(picture_ + y * kColors * width_, row, plane_, width_);
        for (std::int64_t c = 0; c < kColors; ++c) std::fill_n(row + c * plane_, width_, 0.0F);
    }
    /// From row y on.
    [[nodiscard]] Planes planes(std::int64_t y) {
        Planes planes{{}, memory_ + kHeld * kColors * plane_ + kMargin, plane_, width_};
        for (const float *&line : planes.lines) line = row_at(y++);
        return planes;
    }

  private:
    static constexpr std::int64_t kHeld = kRows + 2;

    float *row_at(std::int64_t y) { return memory_ + (y + kHeld) % kHeld * kColors * plane_ + kMargin; }

    const T *picture_;
    std::int64_t height_, width_, plane_ = plane_of(width_);
    float *memory_;
};

} // namespace

ThreeChannelFilter::ThreeChannelFilter(const float *weight, const float *bias) {
    for (std::int64_t out = 0; out < kColors; ++out) {
        taps_.bias[out] = bias != nullptr ? bias[out] : 0;
        for (std::int64_t in = 0; in < kColors; ++in)
            for (std::int64_t row = 0; row < 3; ++row)
                for (std::int64_t column = 0; column < 3; ++column)
                    taps_.weight[in][column][row][out] =
                        weight[((out * kColors + in) * 3 + row) * 3 + column];
    }
}

std::int64_t ThreeChannelFilter::scratch(std::int64_t width) {
    return (2 * kRows + 2) * kColors * plane_of(width);
}

template<class T>
void ThreeChannelFilter::run(const ThreeChannelPictures<T> &pictures, std::int64_t begin, std::int64_t end,
                             bool relu, float *scratch) const {
    const auto [in, out, height, width] = pictures;
    const auto row_values = kColors * width;
    for (auto row = begin; row < end;) {
        const auto image = row / height, last = std::min(end, (image + 1) * height);
        RowWindow<T> window(in + image * height * row_values, height, width, scratch);
        auto y = row - image * height;
        window.read(y - 1);
        window.read(y);
        for (std::int64_t count = 0; row < last; row += count, y += count) {
            count = std::min(kRows, last - row);
            for (std::int64_t i = 1; i <= kRows; ++i) window.read(y + i);
            const auto planes = window.planes(y - 1);
            filter_rows(taps_, planes, relu);
            for (std::int64_t i = 0; i < count; ++i)
                join_row(planes.out + i * kColors * planes.plane, planes.plane, out + (row + i) * row_values,
                         width);
        }
    }
}
template void ThreeChannelFilter::run(const ThreeChannelPictures<float> &, std::int64_t, std::int64_t, bool,
                                      float *) const;
template void ThreeChannelFilter::run(const ThreeChannelPictures<Bf16> &, std::int64_t, std::int64_t, bool,
                                      float *) const;

} // namespace mirra::runtime
