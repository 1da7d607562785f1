// Between a caller's image and the pixels that tasks see.
#include "pixels.hpp"

#include "mirra/error.hpp"
#include "mirra/srgb_curve.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace mirra::host {
namespace {

image::Rect narrow(const runtime::Rect &rect) {
    return {static_cast<std::int32_t>(rect.x), static_cast<std::int32_t>(rect.y),
            static_cast<std::int32_t>(rect.width), static_cast<std::int32_t>(rect.height)};
}

/// Puts the colours of hidden pixels back to what they were.
void restore_hidden(const image::ConstImageView &source, const runtime::Tile &tile, int channels,
                    std::span<float> values) {
    const std::vector<float> alpha = load_alpha(source, tile.core);
    if (std::ranges::none_of(alpha, [](float a) { return a <= 0; })) return;
    const auto step = static_cast<std::size_t>(channels);
    std::vector<float> colors(alpha.size() * step);
    image::gather(source, narrow(tile.core), colors, channels);
    for (std::size_t i = 0; i < alpha.size(); ++i) {
        if (alpha[i] > 0) continue;
        const std::int64_t at = static_cast<std::int64_t>(i);
        const std::int64_t x = tile.core.x - tile.input.x + at % tile.core.width,
                           y = tile.core.y - tile.input.y + at / tile.core.width;
        std::copy_n(colors.data() + i * step, step,
                    values.data() + static_cast<std::size_t>(y * tile.input.width + x) * step);
    }
}

/// The places of one axis of an image, from `begin` on, each within it.
std::vector<std::int64_t> mirrored(std::int64_t begin, std::int64_t count, std::int64_t extent) {
    std::vector<std::int64_t> places;
    for (std::int64_t i = begin; i < begin + count; ++i) {
        const std::int64_t turn = ((i % (2 * extent)) + 2 * extent) % (2 * extent);
        places.push_back(turn < extent ? turn : 2 * extent - 1 - turn);
    }
    return places;
}

} // namespace

MemorySpan memory_of(const image::ConstImageView &view) {
    MemorySpan span;
    for (std::int32_t c = 0; c < view.channels; ++c) {
        for (const std::int64_t x : {std::int64_t{0}, std::int64_t{view.width} - 1}) {
            for (const std::int64_t y : {std::int64_t{0}, std::int64_t{view.height} - 1}) {
                const auto address = reinterpret_cast<std::uintptr_t>(view.at(c, x, y));
                span.begin = std::min(span.begin, address);
                span.end = std::max(span.end, address + image::sample_bytes(view.sample));
            }
        }
    }
    return span;
}

namespace {

/// Whether samples of two channels, `apart` bytes from each other at their first pixel, share memory: there
/// are two pixels between which the strides make up for that. Within a channel rows, or columns, lie apart,
/// so that only a few pixels can.
bool share_memory(const image::ConstImageView &view, std::int64_t apart) {
    const auto size = static_cast<std::int64_t>(image::sample_bytes(view.sample));
    std::int64_t fast = view.x_stride, slow = view.y_stride, across = view.width, down = view.height;
    if (std::abs(fast) > std::abs(slow)) {
        std::swap(fast, slow);
        std::swap(across, down);
    }
    const auto near = [](std::int64_t distance, std::int64_t stride, std::int64_t count) {
        const std::int64_t step = count == 1 || stride == 0 ? 0 : -distance / stride;
        return std::pair(std::max(step - 1, 1 - count), std::min(step + 1, count - 1));
    };
    const auto [first, last] = near(apart, slow, down);
    for (std::int64_t j = first; j <= last; ++j) {
        const std::int64_t rest = apart + j * slow;
        const auto [left, right] = near(rest, fast, across);
        for (std::int64_t i = left; i <= right; ++i)
            if (std::abs(rest + i * fast) < size) return true;
    }
    return false;
}

} // namespace

void check_writable(const image::ConstImageView &view, const std::string &name) {
    if ((view.width > 1 && view.x_stride == 0) || (view.height > 1 && view.y_stride == 0))
        throw Error(ErrorCode::invalid_argument,
                    name + ": a stride of 0 repeats pixels, which cannot be written", name,
                    "Set the flag MIRRA_IMAGE_PACKED for pixels without gaps, or state both strides.");
    for (std::size_t c = 1; c < static_cast<std::size_t>(view.channels); ++c) {
        for (std::size_t d = 0; d < c; ++d) {
            const auto one = reinterpret_cast<std::intptr_t>(view.data[c]);
            const auto other = reinterpret_cast<std::intptr_t>(view.data[d]);
            if (share_memory(view, one - other))
                throw Error(ErrorCode::invalid_argument,
                            name + ": samples of different channels share memory, which cannot be written",
                            name, "Strides are in bytes; give each channel memory of its own.");
        }
    }
}

SeenImage see(const image::ConstImageView &view, float alpha) {
    SeenImage seen{view, nullptr, alpha, std::nullopt};
    if (!hides_colors(view, alpha)) return seen;
    seen.noise = look_at_noise(view);
    const double sigma = seen.noise->sigma.value_or(std::sqrt(seen.noise->explained.front()));
    seen.fill = std::make_shared<const HiddenFill>(view, sigma / 255);
    return seen;
}

float least_alpha(const image::ConstImageView &source) {
    float least = 1;
    if (!source.has_alpha()) return least;
    for (std::int32_t y = 0; y < source.height && least > 0; ++y)
        least = std::min(least, std::ranges::min(load_alpha(source, {0, y, source.width, 1})));
    return least;
}

std::vector<float> load_alpha(const image::ConstImageView &source, const runtime::Rect &rect) {
    std::vector<float> alpha(static_cast<std::size_t>(rect.width * rect.height), 1.0F);
    if (!source.has_alpha()) return alpha;
    image::ConstImageView view = source;
    view.data[0] = view.data[static_cast<std::size_t>(view.channels) - 1];
    view.channels = 1;
    view.alpha = image::AlphaMode::none;
    image::gather(view, narrow(rect), alpha, 1);
    return alpha;
}

void load_colors(const image::ConstImageView &source, const runtime::Rect &rect, int channels,
                 std::span<float> out) {
    image::gather(source, narrow(rect), out, channels);
    if (source.alpha == image::AlphaMode::premultiplied) {
        const std::vector<float> alpha = load_alpha(source, rect);
        for (std::size_t i = 0; i < out.size(); ++i) {
            const float a = alpha[i / static_cast<std::size_t>(channels)];
            out[i] = a > 0 ? std::clamp(out[i] / a, -1.0F, 1.0F) : 0.0F; // however little alpha is
        }
    }
    if (source.transfer == image::Transfer::linear)
        std::transform(out.begin(), out.end(), out.begin(), image::encode_srgb<float>);
}

void load_tile(const SeenImage &source, const runtime::Rect &rect, int channels, std::span<float> out) {
    load_colors(source.view, rect, channels, out);
    if (source.fill) source.fill->apply(rect, channels, out);
}

void load_mirrored(const SeenImage &source, const runtime::Rect &rect, int channels, std::span<float> out) {
    const auto columns = mirrored(rect.x, rect.width, source.view.width),
               rows = mirrored(rect.y, rect.height, source.view.height);
    const auto [left, right] = std::ranges::minmax(columns);
    const auto [top, bottom] = std::ranges::minmax(rows);
    const runtime::Rect inside{left, top, right - left + 1, bottom - top + 1};
    std::vector<float> pixels(static_cast<std::size_t>(inside.width * inside.height * channels));
    load_tile(source, inside, channels, pixels);
    float *to = out.data();
    for (const std::int64_t row : rows)
        for (const std::int64_t column : columns)
            to = std::copy_n(pixels.data() + ((row - top) * inside.width + column - left) * channels,
                             channels, to);
}

void store_tile(std::span<float> values, const runtime::Tile &tile, int channels, const SeenImage &source,
                const image::ImageView &target) {
    if (target.transfer == image::Transfer::linear) {
        std::transform(values.begin(), values.end(), values.begin(), image::decode_srgb<float>);
    }
    if (target.alpha == image::AlphaMode::premultiplied) {
        const std::vector<float> alpha = load_alpha(target, tile.input);
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = std::clamp(values[i], 0.0F, 1.0F) * alpha[i / static_cast<std::size_t>(channels)];
        }
    }
    if (source.fill && target.alpha == image::AlphaMode::straight)
        restore_hidden(source.view, tile, channels, values);
    const image::FloatPixels pixels{values, static_cast<std::int32_t>(tile.input.width),
                                    static_cast<std::int32_t>(tile.input.height), channels};
    image::scatter(pixels, static_cast<std::int32_t>(tile.core.x - tile.input.x),
                   static_cast<std::int32_t>(tile.core.y - tile.input.y), target, narrow(tile.core));
}

bool overlap(const image::ConstImageView &a, const image::ConstImageView &b) {
    const MemorySpan one = memory_of(a);
    const MemorySpan other = memory_of(b);
    return one.begin < other.end && other.begin < one.end;
}

image::Image copy_of(const image::ConstImageView &view) {
    image::Image copy(view.width, view.height, view.channels, view.sample);
    const std::size_t size = image::sample_bytes(view.sample);
    std::byte *target = copy.bytes().data();
    for (std::int32_t y = 0; y < view.height; ++y) {
        for (std::int32_t x = 0; x < view.width; ++x) {
            for (std::int32_t c = 0; c < view.channels; ++c, target += size) {
                std::memcpy(target, view.at(c, x, y), size);
            }
        }
    }
    return copy;
}

} // namespace mirra::host
