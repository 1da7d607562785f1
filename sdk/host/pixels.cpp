// Between a caller's image and the pixels that tasks see.
#include "pixels.hpp"

#include "mirra/error.hpp"
#include "mirra/srgb_curve.hpp"
#include "resample.hpp"

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

/// Calls visit(index in `kept`, index in `shown`) for each pixel of a rectangle within another.
template<class Visit>
void for_pixels(const runtime::Rect &kept, const runtime::Rect &shown, const Visit &visit) {
    for (std::int64_t y = 0; y < kept.height; ++y)
        for (std::int64_t x = 0; x < kept.width; ++x)
            visit(static_cast<std::size_t>(y * kept.width + x),
                  static_cast<std::size_t>((kept.y - shown.y + y) * shown.width + kept.x - shown.x + x));
}

/// Puts the colours of hidden pixels back to what they were.
void restore_hidden(const image::ConstImageView &source, const runtime::Rect &kept,
                    const GivenPixels &given) {
    const std::vector<float> alpha = load_alpha(source, kept);
    if (std::ranges::none_of(alpha, [](float a) { return a <= 0; })) return;
    const auto step = static_cast<std::size_t>(given.channels);
    std::vector<float> colors(alpha.size() * step);
    image::gather(source, narrow(kept), colors, given.channels);
    for_pixels(kept, given.shown, [&](std::size_t from, std::size_t to) {
        if (alpha[from] <= 0) std::copy_n(colors.data() + from * step, step, given.values.data() + to * step);
    });
}

image::ImageView alpha_of(const image::ImageView &piece) {
    image::ImageView alpha = piece;
    alpha.data[0] = piece.data[static_cast<std::size_t>(piece.channels) - 1];
    alpha.channels = 1;
    alpha.alpha = image::AlphaMode::none;
    return alpha;
}

/// Of a piece of the output, before its colours.
void store_alpha(const GivenPixels &given, const runtime::Rect &kept, const SeenImage &source,
                 const std::optional<Size> &scaled, const image::ImageView &piece) {
    if (!piece.has_alpha()) return;
    const auto width = static_cast<std::int32_t>(kept.width), height = static_cast<std::int32_t>(kept.height);
    if (!given.with_alpha && (!scaled || !source.view.has_alpha())) {
        image::ConstImageView from = source.view;
        from.width = width;
        from.height = height;
        image::copy_alpha(source.view.has_alpha() ? image::cropped(source.view, kept.x, kept.y, width, height)
                                                  : from,
                          piece);
        return;
    }
    std::vector<float> alpha(static_cast<std::size_t>(kept.width * kept.height));
    if (given.with_alpha) {
        const auto channels = static_cast<std::size_t>(given.channels);
        for_pixels(kept, given.shown, [&](std::size_t to, std::size_t from) {
            alpha[to] = given.values[from * channels + channels - 1];
        });
    } else {
        load_resampled_alpha(source.view, scaled->width, scaled->height, kept, alpha);
    }
    image::scatter({alpha, width, height, 1}, 0, 0, alpha_of(piece), {0, 0, width, height});
}

/// The colours alone of pixels with alpha.
std::vector<float> colors_of(const GivenPixels &given) {
    const auto channels = static_cast<std::size_t>(given.channels);
    std::vector<float> colors;
    colors.reserve(given.values.size() / channels * (channels - 1));
    for (std::size_t i = 0; i < given.values.size(); i += channels)
        colors.insert(colors.end(), given.values.begin() + static_cast<std::ptrdiff_t>(i),
                      given.values.begin() + static_cast<std::ptrdiff_t>(i + channels - 1));
    return colors;
}

void premultiply(const GivenPixels &given, const runtime::Rect &kept, const image::ImageView &piece) {
    const std::vector<float> alpha = load_alpha(piece, {0, 0, kept.width, kept.height});
    const auto channels = static_cast<std::size_t>(given.channels);
    for_pixels(kept, given.shown, [&](std::size_t from, std::size_t to) {
        for (std::size_t c = 0; c < channels; ++c) {
            float &value = given.values[to * channels + c];
            if (given.range == image::Range::unit) value = std::clamp(value, 0.0F, 1.0F);
            value *= alpha[from];
        }
    });
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

mirra_format format_of(image::SampleType sample) {
    switch (sample) {
    case image::SampleType::u8:
        return MIRRA_FORMAT_U8;
    case image::SampleType::u16:
        return MIRRA_FORMAT_U16;
    case image::SampleType::u16_swapped:
        return MIRRA_FORMAT_U16_SWAPPED;
    case image::SampleType::f16:
        return MIRRA_FORMAT_F16;
    case image::SampleType::f32:
        return MIRRA_FORMAT_F32;
    }
    throw Error(ErrorCode::internal, "an image has samples of an unknown type");
}

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
                 std::span<float> out, image::Range range) {
    const float most = range == image::Range::unit ? 1.0F : 65504.0F;
    image::gather(source, narrow(rect), out, channels);
    if (source.alpha == image::AlphaMode::premultiplied) {
        const std::vector<float> alpha = load_alpha(source, rect);
        for (std::size_t i = 0; i < out.size(); ++i) {
            const float a = alpha[i / static_cast<std::size_t>(channels)];
            out[i] = a > 0 ? std::clamp(out[i] / a, -most, most) : 0.0F; // however little alpha is
        }
    }
    if (source.transfer == image::Transfer::linear)
        std::transform(out.begin(), out.end(), out.begin(), image::encode_srgb<float>);
}

image::Image read_piece(const Pieces &source, const runtime::Rect &rect) {
    const image::ImageView &whole = source.description;
    image::Image piece(static_cast<std::int32_t>(rect.width), static_cast<std::int32_t>(rect.height),
                       whole.channels, whole.sample);
    piece.transfer = whole.transfer;
    source.transfer(rect, piece.view());
    return piece;
}

void load_tile(const SeenImage &source, const runtime::Rect &rect, int channels, std::span<float> out) {
    if (source.source != nullptr) {
        const auto column = [&](std::int64_t x) {
            return std::clamp<std::int64_t>(x, 0, source.view.width - 1);
        };
        const auto row = [&](std::int64_t y) {
            return std::clamp<std::int64_t>(y, 0, source.view.height - 1);
        };
        const std::int64_t left = column(rect.x), top = row(rect.y);
        const image::Image piece =
            read_piece(*source.source, {left, top, column(rect.x + rect.width - 1) - left + 1,
                                        row(rect.y + rect.height - 1) - top + 1});
        image::ConstImageView view = piece.view();
        view.transfer = source.view.transfer;
        return load_colors(view, {rect.x - left, rect.y - top, rect.width, rect.height}, channels, out,
                           source.range);
    }
    load_colors(source.view, rect, channels, out, source.range);
    if (source.fill) source.fill->apply(rect, channels, out);
}

namespace {

/// Calls load(rectangle within the image, its pixels) for what a rectangle shows of the mirrored image.
template<class Load>
void mirror(const image::ConstImageView &view, const runtime::Rect &rect, int channels, std::span<float> out,
            const Load &load) {
    const auto columns = mirrored(rect.x, rect.width, view.width),
               rows = mirrored(rect.y, rect.height, view.height);
    const auto [left, right] = std::ranges::minmax(columns);
    const auto [top, bottom] = std::ranges::minmax(rows);
    const runtime::Rect inside{left, top, right - left + 1, bottom - top + 1};
    std::vector<float> pixels(static_cast<std::size_t>(inside.width * inside.height * channels));
    load(inside, pixels);
    float *to = out.data();
    for (const std::int64_t row : rows)
        for (const std::int64_t column : columns)
            to = std::copy_n(pixels.data() + ((row - top) * inside.width + column - left) * channels,
                             channels, to);
}

} // namespace

void load_mirrored(const SeenImage &source, const runtime::Rect &rect, int channels, std::span<float> out) {
    mirror(source.view, rect, channels, out, [&](const runtime::Rect &inside, std::span<float> pixels) {
        load_tile(source, inside, channels, pixels);
    });
}

std::vector<float> load_mirrored_alpha(const image::ConstImageView &source, const runtime::Rect &rect) {
    std::vector<float> alpha(static_cast<std::size_t>(rect.width * rect.height));
    mirror(source, rect, 1, alpha, [&](const runtime::Rect &inside, std::span<float> pixels) {
        std::ranges::copy(load_alpha(source, inside), pixels.begin());
    });
    return alpha;
}

void store_pixels(const GivenPixels &given, const runtime::Rect &kept, const SeenImage &source,
                  const std::optional<Size> &scaled, const image::ImageView &piece) {
    store_alpha(given, kept, source, scaled, piece);
    std::vector<float> own;
    GivenPixels colors = given;
    if (given.with_alpha) {
        own = colors_of(given);
        colors.values = own;
        --colors.channels;
    }
    if (piece.transfer == image::Transfer::linear)
        std::transform(colors.values.begin(), colors.values.end(), colors.values.begin(),
                       image::decode_srgb<float>);
    if (piece.alpha == image::AlphaMode::premultiplied) premultiply(colors, kept, piece);
    if (source.fill && !scaled && !given.with_alpha && piece.alpha == image::AlphaMode::straight)
        restore_hidden(source.view, kept, colors);
    const image::FloatPixels pixels{colors.values, static_cast<std::int32_t>(given.shown.width),
                                    static_cast<std::int32_t>(given.shown.height), colors.channels};
    image::scatter(pixels, static_cast<std::int32_t>(kept.x - given.shown.x),
                   static_cast<std::int32_t>(kept.y - given.shown.y), piece,
                   {0, 0, piece.width, piece.height}, given.range);
}

bool overlap(const image::ConstImageView &a, const image::ConstImageView &b) {
    const MemorySpan one = memory_of(a);
    const MemorySpan other = memory_of(b);
    return one.begin < other.end && other.begin < one.end;
}

void copy_samples(const image::ConstImageView &from, const image::ImageView &to) {
    const std::size_t size = image::sample_bytes(from.sample),
                      pixel = size * static_cast<std::size_t>(from.channels);
    const auto packed = [&](const auto &view) {
        for (std::int32_t c = 1; c < view.channels; ++c)
            if (view.at(c, 0, 0) != view.at(0, 0, 0) + static_cast<std::size_t>(c) * size) return false;
        return view.x_stride == static_cast<std::ptrdiff_t>(pixel);
    };
    const bool rows = packed(from) && packed(to);
    for (std::int32_t y = 0; y < from.height; ++y) {
        if (rows) {
            std::memcpy(to.at(0, 0, y), from.at(0, 0, y), pixel * static_cast<std::size_t>(from.width));
            continue;
        }
        for (std::int32_t x = 0; x < from.width; ++x)
            for (std::int32_t c = 0; c < from.channels; ++c)
                std::memcpy(to.at(c, x, y), from.at(c, x, y), size);
    }
}

image::Image copy_of(const image::ConstImageView &view) {
    image::Image copy(view.width, view.height, view.channels, view.sample);
    copy_samples(view, copy.view());
    return copy;
}

} // namespace mirra::host
