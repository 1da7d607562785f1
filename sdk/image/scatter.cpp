// Float tiles into pixels of any layout; alpha from one picture to another.
#include "mirra/error.hpp"
#include "samples.hpp"

#include <string>

namespace mirra::image {
namespace {

/// Writes `count` pixels of `In` floats to (x, y) on; `Out` is the target's number of colour channels.
template<class Sample, int In, int Out>
void convert_run(const float *in, const ImageView &target, std::int64_t x, std::int64_t y,
                 std::int64_t count) {
    std::byte *first = target.at(0, x, y);
    if (In == Out && detail::is_packed(target)) {
        for (std::int64_t i = 0; i < count * In; ++i) Sample::store(first + i * Sample::kBytes, in[i]);
        return;
    }
    std::byte *second = Out == 3 ? target.at(1, x, y) : first;
    std::byte *third = Out == 3 ? target.at(2, x, y) : first;
    const std::ptrdiff_t step = target.x_stride;
    for (std::int64_t i = 0; i < count; ++i) {
        const float *const pixel = in + i * In;
        if constexpr (Out == 1 && In == 3) {
            const float sum =
                Sample::bounded(pixel[0]) + Sample::bounded(pixel[1]) + Sample::bounded(pixel[2]);
            Sample::store(first + i * step, sum / 3.0F);
        } else {
            Sample::store(first + i * step, pixel[0]);
        }
        if constexpr (Out == 3) {
            Sample::store(second + i * step, pixel[In == 3 ? 1 : 0]);
            Sample::store(third + i * step, pixel[In == 3 ? 2 : 0]);
        }
    }
}

using ConvertRun = void (*)(const float *, const ImageView &, std::int64_t, std::int64_t, std::int64_t);

template<class Sample> ConvertRun choose_run(const ImageView &target, int in_channels) {
    if (target.color_channels() == 3)
        return in_channels == 3 ? convert_run<Sample, 3, 3> : convert_run<Sample, 1, 3>;
    return in_channels == 3 ? convert_run<Sample, 3, 1> : convert_run<Sample, 1, 1>;
}

ConvertRun choose(const ImageView &target, int in_channels, Range range) {
    if (range == Range::unbounded && target.sample == SampleType::f16)
        return choose_run<detail::UnboundedF16>(target, in_channels);
    if (range == Range::unbounded && target.sample == SampleType::f32)
        return choose_run<detail::UnboundedF32>(target, in_channels);
    return detail::with_sample(target.sample, [&](auto sample) -> ConvertRun {
        return choose_run<decltype(sample)>(target, in_channels);
    });
}

bool inside(std::int64_t x, std::int64_t y, const Rect &size, std::int64_t width, std::int64_t height) {
    return x >= 0 && y >= 0 && x + size.width <= width && y + size.height <= height;
}

void check(const FloatPixels &source, std::int32_t x, std::int32_t y, const ImageView &target,
           const Rect &rect) {
    if (source.channels != 1 && source.channels != 3) {
        throw Error(ErrorCode::invalid_argument,
                    "a tile has 1 or 3 channels, not " + std::to_string(source.channels));
    }
    if (source.width < 1 || source.height < 1 || rect.width < 1 || rect.height < 1) {
        throw Error(ErrorCode::invalid_argument, "an empty rectangle");
    }
    const std::uint64_t pixels =
        static_cast<std::uint64_t>(source.width) * static_cast<std::uint64_t>(source.height);
    const auto channels = static_cast<std::size_t>(source.channels);
    if (source.values.size() / channels != pixels || source.values.size() % channels != 0) {
        throw Error(ErrorCode::invalid_argument, "the tile's memory does not fit its size");
    }
    if (!inside(x, y, rect, source.width, source.height) ||
        !inside(rect.x, rect.y, rect, target.width, target.height)) {
        throw Error(ErrorCode::invalid_argument, "the rectangle lies outside of the tile or of the picture");
    }
}

} // namespace

void scatter(const FloatPixels &source, std::int32_t x, std::int32_t y, const ImageView &target,
             const Rect &rect, Range range) {
    check(source, x, y, target, rect);
    const ConvertRun convert = choose(target, source.channels, range);
    const std::int64_t row = std::int64_t{source.width} * source.channels;
    const float *in = source.values.data() + y * row + std::int64_t{x} * source.channels;
    for (std::int64_t i = 0; i < rect.height; ++i)
        convert(in + i * row, target, rect.x, rect.y + i, rect.width);
}

void copy_alpha(const ConstImageView &source, const ImageView &target) {
    if (source.width != target.width || source.height != target.height) {
        throw Error(ErrorCode::mismatch, "alpha can only be copied between pictures of one size");
    }
    if (!target.has_alpha()) return;
    const bool opaque = !source.has_alpha();
    detail::with_sample(source.sample, [&](auto from) {
        detail::with_sample(target.sample, [&](auto to) {
            for (std::int32_t y = 0; y < target.height; ++y) {
                const std::byte *in = source.at(source.channels - 1, 0, y);
                std::byte *out = target.at(target.channels - 1, 0, y);
                for (std::int32_t x = 0; x < target.width; ++x) {
                    decltype(to)::store(out, opaque ? 1.0F : decltype(from)::load(in));
                    in += source.x_stride;
                    out += target.x_stride;
                }
            }
        });
    });
}

} // namespace mirra::image
