#include "runtime/rows/three_channels.hpp"

#include "runtime/rows/per_processor.hpp"

#include <algorithm>
#include <cstring>

namespace mirra::runtime {
namespace {

constexpr std::int64_t kColors = 3;

using Vector = float __attribute__((vector_size(32)));
constexpr std::int64_t kLanes = 8, kVectors = ThreeChannelFilter::kBlock / kLanes;
using Lines = std::array<const float *, 3>;

inline __attribute__((always_inline)) void load(Vector &vector, const float *from) {
    std::memcpy(&vector, from, sizeof vector);
}

/// One output row of finite inputs (an infinite one reaches a pixel further). `lines` are the row above, at
/// and below: `width` interleaved pixels each, with kMargin values on both sides, which count in as the
/// picture's surroundings.
MIRRA_PER_PROCESSOR void filter_row(const ThreeChannelFilter::Taps &taps, const float *bias,
                                    const Lines &lines, bool relu, float *out, std::int64_t width) {
    const auto values = kColors * width;
    for (std::int64_t begin = 0; begin < values; begin += ThreeChannelFilter::kBlock) {
        Vector sums[kVectors];
        for (std::int64_t v = 0; v < kVectors; ++v) load(sums[v], bias + v * kLanes);
        for (std::size_t row = 0; row < 3; ++row) {
            const float *line = lines[row] + begin - ThreeChannelFilter::kReach;
            for (std::size_t tap = 0; tap < ThreeChannelFilter::kTaps; ++tap)
                for (std::int64_t v = 0; v < kVectors; ++v) {
                    Vector coefficients, inputs;
                    load(coefficients, taps[row][tap].data() + v * kLanes);
                    load(inputs, line + tap + v * kLanes);
                    sums[v] += coefficients * inputs;
                }
        }
        if (relu)
            for (auto &sum : sums) sum = sum < 0 ? Vector{} : sum; // NaN stays
        const auto count = std::min(ThreeChannelFilter::kBlock, values - begin);
        std::memcpy(out + begin, sums, static_cast<std::size_t>(count) * sizeof(float));
    }
}

/// Three rows of a picture with margins, of which a step down replaces one.
class RowWindow {
  public:
    RowWindow(const float *picture, std::int64_t height, std::int64_t width, float *memory)
        : picture_(picture)
        , height_(height)
        , values_(kColors * width)
        , memory_(memory) {
        std::fill_n(memory, ThreeChannelFilter::scratch(width), 0.0F);
    }

    void read(std::int64_t y) {
        float *row = row_at(y);
        if (y < 0 || y >= height_)
            std::fill_n(row, values_, 0.0F);
        else
            std::memcpy(row, picture_ + y * values_, static_cast<std::size_t>(values_) * sizeof(float));
    }
    [[nodiscard]] Lines around(std::int64_t y) { return {row_at(y - 1), row_at(y), row_at(y + 1)}; }

  private:
    float *row_at(std::int64_t y) {
        const auto stride = values_ + 2 * ThreeChannelFilter::kMargin;
        return memory_ + (y + 3) % 3 * stride + ThreeChannelFilter::kMargin;
    }

    const float *picture_;
    std::int64_t height_, values_;
    float *memory_;
};

} // namespace

ThreeChannelFilter::ThreeChannelFilter(const float *weight, const float *bias) {
    for (std::int64_t lane = 0; lane < kBlock; ++lane) {
        const auto color = lane % kColors;
        bias_[static_cast<std::size_t>(lane)] = bias != nullptr ? bias[color] : 0;
        for (std::int64_t from = 0; from < kColors; ++from)
            for (std::size_t row = 0; row < 3; ++row)
                for (std::int64_t column = 0; column < 3; ++column) {
                    const auto tap = static_cast<std::size_t>(kColors * (column - 1) + from - color + kReach);
                    taps_[row][tap][static_cast<std::size_t>(lane)] =
                        weight[((color * kColors + from) * 3 + static_cast<std::int64_t>(row)) * 3 + column];
                }
    }
}

std::int64_t ThreeChannelFilter::scratch(std::int64_t width) {
    return 3 * (kColors * width + 2 * kMargin);
}

void ThreeChannelFilter::run(const ThreeChannelPictures &pictures, std::int64_t begin, std::int64_t end,
                             bool relu, float *scratch) const {
    const auto [in, out, height, width] = pictures;
    const auto row_values = kColors * width;
    for (auto row = begin; row < end;) {
        const auto image = row / height, last = std::min(end, (image + 1) * height);
        RowWindow window(in + image * height * row_values, height, width, scratch);
        auto y = row - image * height;
        window.read(y - 1);
        window.read(y);
        for (; row < last; ++row, ++y) {
            window.read(y + 1);
            filter_row(taps_, bias_.data(), window.around(y), relu, out + row * row_values, width);
        }
    }
}

} // namespace mirra::runtime
