// Views and owned images: layout and validation.
#include "mirra/image.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

namespace mirra::image {
namespace {

[[noreturn]] void reject(std::string_view name, const std::string &message, const std::string &hint = {}) {
    throw Error(ErrorCode::invalid_argument, message, std::string(name), hint);
}

/// More than processors address: a view that reaches so far describes no memory.
constexpr std::ptrdiff_t kFurthest = std::ptrdiff_t{1} << 48;

/// A few bytes must not claim any size.
constexpr std::int64_t kMostRepeated = std::int64_t{1} << 28;

/// More than any machine's memory is not asked for.
constexpr std::uint64_t kLargestImage = (std::uint64_t{1} << 40) - 1;

/// |stride| * (count - 1), or nothing where it leaves half of the address space.
std::optional<std::ptrdiff_t> reach(std::ptrdiff_t stride, std::int32_t count) {
    std::ptrdiff_t result = 0;
    if (stride == std::numeric_limits<std::ptrdiff_t>::min()) return std::nullopt;
    if (__builtin_mul_overflow(std::abs(stride), static_cast<std::ptrdiff_t>(count - 1), &result))
        return std::nullopt;
    return result;
}

void validate_alpha(const ConstImageView &view, std::string_view name) {
    if (view.alpha > AlphaMode::premultiplied) reject(name, "the alpha mode is unknown");
    if (view.transfer > Transfer::linear) reject(name, "the transfer function is unknown");
    if (view.has_alpha() != (view.alpha != AlphaMode::none)) {
        reject(name, "the alpha mode contradicts the number of channels",
               "2 and 4 channels have straight or premultiplied alpha, 1 and 3 have none");
    }
}

/// Samples of a channel must not overlap: rows lie apart, or columns do (a transposed picture). A stride of 0
/// repeats, as broadcasting does.
void validate_strides(const ConstImageView &view, std::string_view name) {
    const bool repeats = (view.width > 1 && view.x_stride == 0) || (view.height > 1 && view.y_stride == 0);
    if (repeats && std::int64_t{view.width} * view.height > kMostRepeated)
        throw Error(ErrorCode::limit,
                    "the picture repeats few pixels " + std::to_string(view.width) + " x " +
                        std::to_string(view.height) + " times over",
                    std::string(name), "A stride of 0 shows at most 2^28 pixels.");
    const auto size = static_cast<std::ptrdiff_t>(sample_bytes(view.sample));
    const auto across = reach(view.x_stride, view.width);
    const auto down = reach(view.y_stride, view.height);
    std::ptrdiff_t extent = 0;
    if (!across || !down || __builtin_add_overflow(*across, *down, &extent) || extent > kFurthest) {
        reject(name, "the strides times the size overflow the address space");
    }
    const bool one_column = view.width == 1 || view.x_stride == 0,
               one_row = view.height == 1 || view.y_stride == 0;
    const bool rows_apart = one_row || std::abs(view.y_stride) >= *across + size;
    const bool columns_apart = one_column || std::abs(view.x_stride) >= *down + size;
    const bool pixels_apart = one_column || std::abs(view.x_stride) >= size;
    const bool lines_apart = one_row || std::abs(view.y_stride) >= size;
    if (!pixels_apart || !lines_apart || !(rows_apart || columns_apart)) {
        reject(name, "the strides make samples overlap", "strides are in bytes");
    }
}

/// No sample may lie before address 0 or beyond the last.
void validate_addresses(const ConstImageView &view, std::string_view name) {
    const auto size = sample_bytes(view.sample);
    const auto across = static_cast<std::uintptr_t>(*reach(view.x_stride, view.width));
    const auto down = static_cast<std::uintptr_t>(*reach(view.y_stride, view.height));
    const std::uintptr_t before = (view.x_stride < 0 ? across : 0) + (view.y_stride < 0 ? down : 0);
    const std::uintptr_t after = (view.x_stride < 0 ? 0 : across) + (view.y_stride < 0 ? 0 : down) + size;
    for (std::int32_t channel = 0; channel < view.channels; ++channel) {
        const std::byte *const pointer = view.data[static_cast<std::size_t>(channel)];
        if (pointer == nullptr)
            reject(name, "the pointer to channel " + std::to_string(channel) + " is null");
        const auto address = reinterpret_cast<std::uintptr_t>(pointer);
        if (address < before || address > std::numeric_limits<std::uintptr_t>::max() - after) {
            reject(name, "channel " + std::to_string(channel) + " reaches beyond the address space");
        }
    }
}

template<class Byte>
BasicImageView<Byte> packed_view(Byte *pixels, std::int32_t width, std::int32_t height, std::int32_t channels,
                                 SampleType sample) noexcept {
    BasicImageView<Byte> view;
    view.width = width;
    view.height = height;
    view.channels = channels;
    view.sample = sample;
    view.alpha = view.has_alpha() ? AlphaMode::straight : AlphaMode::none;
    const auto size = static_cast<std::ptrdiff_t>(sample_bytes(sample));
    for (std::int32_t channel = 0; channel < std::clamp(channels, 0, 4); ++channel) {
        view.data[static_cast<std::size_t>(channel)] = pixels + channel * size;
    }
    view.x_stride = size * channels;
    view.y_stride = view.x_stride * width;
    return view;
}

} // namespace

void validate(const ConstImageView &view, std::string_view name) {
    if (view.width < 1 || view.height < 1) {
        reject(name,
               "the picture is empty: " + std::to_string(view.width) + "x" + std::to_string(view.height));
    }
    if (view.channels < 1 || view.channels > 4) {
        reject(name, "the picture has " + std::to_string(view.channels) + " channels, not 1 to 4");
    }
    if (view.sample > SampleType::f32) reject(name, "the sample type is unknown");
    validate_alpha(view, name);
    validate_strides(view, name);
    validate_addresses(view, name);
}

ImageView interleaved_view(std::byte *pixels, std::int32_t width, std::int32_t height, std::int32_t channels,
                           SampleType sample) noexcept {
    return packed_view(pixels, width, height, channels, sample);
}

ConstImageView interleaved_view(const std::byte *pixels, std::int32_t width, std::int32_t height,
                                std::int32_t channels, SampleType sample) noexcept {
    return packed_view(pixels, width, height, channels, sample);
}

Image::Image(std::int32_t width, std::int32_t height, std::int32_t channels, SampleType sample)
    : bit_depth(sample == SampleType::u8 ? 8 : 16)
    , width_(width)
    , height_(height)
    , channels_(channels)
    , sample_(sample) {
    if (width < 1 || height < 1 || channels < 1 || channels > 4 || sample > SampleType::f32) {
        throw Error(ErrorCode::invalid_argument, "an image needs at least one pixel, and 1 to 4 channels");
    }
    const std::uint64_t pixel = static_cast<std::uint64_t>(channels) * sample_bytes(sample);
    const std::uint64_t bytes =
        static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) * pixel;
    try {
        // Two 31-bit sizes times at most 16 bytes overflow 64 bits only where pixel * width * height >= 2^64.
        if (bytes / pixel / static_cast<std::uint64_t>(width) != static_cast<std::uint64_t>(height))
            throw std::bad_alloc();
        if (bytes > kLargestImage) throw std::bad_alloc();
        pixels_.resize(static_cast<std::size_t>(bytes));
    } catch (const std::bad_alloc &) {
        throw Error(ErrorCode::out_of_memory, "no memory for an image of " + std::to_string(width) + "x" +
                                                  std::to_string(height) + "x" + std::to_string(channels));
    }
}

ImageView Image::view() noexcept {
    auto view = interleaved_view(pixels_.data(), width_, height_, channels_, sample_);
    view.transfer = transfer;
    return view;
}

ConstImageView Image::view() const noexcept {
    auto view = interleaved_view(pixels_.data(), width_, height_, channels_, sample_);
    view.transfer = transfer;
    return view;
}

} // namespace mirra::image
