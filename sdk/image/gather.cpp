// Pixels of any layout into float tiles, edges replicated.
#include "mirra/error.hpp"
#include "samples.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace mirra::image {
namespace {

/// Converts `count` pixels from (x, y) on to floats of `Out` channels; `In` is the source's number of colour
/// channels.
template<class Sample, int In, int Out>
void convert_run(const ConstImageView &source, std::int64_t x, std::int64_t y, std::int64_t count,
                 float *out) {
    const std::byte *first = source.at(0, x, y);
    if (In == Out && detail::is_packed(source)) {
        for (std::int64_t i = 0; i < count * In; ++i) out[i] = Sample::load(first + i * Sample::kBytes);
        return;
    }
    const std::byte *second = In == 3 ? source.at(1, x, y) : first;
    const std::byte *third = In == 3 ? source.at(2, x, y) : first;
    const std::ptrdiff_t step = source.x_stride;
    for (std::int64_t i = 0; i < count; ++i) {
        const float a = Sample::load(first + i * step);
        if constexpr (In == 1) {
            for (int channel = 0; channel < Out; ++channel) out[i * Out + channel] = a;
        } else {
            const float b = Sample::load(second + i * step);
            const float c = Sample::load(third + i * step);
            if constexpr (Out == 1) {
                out[i] = (a + b + c) / 3.0F;
            } else {
                out[i * 3] = a;
                out[i * 3 + 1] = b;
                out[i * 3 + 2] = c;
            }
        }
    }
}

using ConvertRun = void (*)(const ConstImageView &, std::int64_t, std::int64_t, std::int64_t, float *);

ConvertRun choose(const ConstImageView &source, int out_channels) {
    return detail::with_sample(source.sample, [&](auto sample) -> ConvertRun {
        using Sample = decltype(sample);
        if (source.color_channels() == 3)
            return out_channels == 3 ? convert_run<Sample, 3, 3> : convert_run<Sample, 3, 1>;
        return out_channels == 3 ? convert_run<Sample, 1, 3> : convert_run<Sample, 1, 1>;
    });
}

void replicate(const float *pixel, int channels, float *out, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) std::copy_n(pixel, channels, out + i * channels);
}

/// One row of the rectangle: the part inside is converted, the first and last pixel fill the sides.
void gather_row(const ConstImageView &source, const Rect &rect, std::int64_t y, ConvertRun convert,
                int channels, float *out) {
    const std::int64_t begin = rect.x;
    const std::int64_t end = begin + rect.width;
    const std::int64_t last = source.width - 1;
    const std::int64_t inside_begin = std::clamp<std::int64_t>(begin, 0, last);
    const std::int64_t inside_end = std::clamp<std::int64_t>(end, inside_begin + 1, last + 1);
    const std::int64_t left = std::clamp<std::int64_t>(-begin, 0, rect.width - 1);
    const std::int64_t count = std::min(inside_end - inside_begin, rect.width - left);
    float *const inside = out + left * channels;
    convert(source, inside_begin, y, count, inside);
    replicate(inside, channels, out, left);
    const float *const last_pixel = inside + (count - 1) * channels;
    replicate(last_pixel, channels, inside + count * channels, rect.width - left - count);
}

} // namespace

void gather(const ConstImageView &source, const Rect &rect, std::span<float> out, int color_channels) {
    if (color_channels != 1 && color_channels != 3) {
        throw Error(ErrorCode::invalid_argument,
                    "colour channels must be 1 or 3, not " + std::to_string(color_channels));
    }
    const std::uint64_t pixels = static_cast<std::uint64_t>(std::max(rect.width, 0)) *
                                 static_cast<std::uint64_t>(std::max(rect.height, 0));
    if (pixels == 0 || out.size() / static_cast<std::size_t>(color_channels) != pixels ||
        out.size() % static_cast<std::size_t>(color_channels) != 0) {
        throw Error(ErrorCode::invalid_argument, "the tile's memory does not fit its rectangle");
    }
    const ConvertRun convert = choose(source, color_channels);
    const std::size_t row = static_cast<std::size_t>(rect.width) * static_cast<std::size_t>(color_channels);
    std::int64_t previous = -1;
    for (std::int64_t i = 0; i < rect.height; ++i) {
        const std::int64_t y = std::clamp<std::int64_t>(rect.y + i, 0, source.height - 1);
        float *const target = out.data() + static_cast<std::size_t>(i) * row;
        if (y == previous) {
            std::copy_n(target - row, row, target);
        } else {
            gather_row(source, rect, y, convert, color_channels, target);
        }
        previous = y;
    }
}

} // namespace mirra::image
