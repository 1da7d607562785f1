// Samples of all formats as numbers.
#include "pixels.hpp"

#include "../console.hpp"
#include "report.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace mirra::cli::conformance {
namespace {

std::size_t bytes_of(mirra_format format) {
    return format == MIRRA_FORMAT_U8 ? 1 : format == MIRRA_FORMAT_F32 ? 4 : 2;
}

/// IEEE binary16.
float from_half(std::uint16_t half) {
    const std::uint32_t sign = (half & 0x8000U) << 16U, exponent = (half >> 10U) & 31U, part = half & 1023U;
    const float subnormal = std::ldexp(static_cast<float>(part), -24);
    if (exponent == 0) return sign != 0 ? -subnormal : subnormal;
    return std::bit_cast<float>(sign | ((exponent == 31 ? 255U : exponent + 112U) << 23U) | (part << 13U));
}

/// Of 0 ... 1, the next one below.
std::uint16_t to_half(double value) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    const auto exponent = static_cast<std::int32_t>(bits >> 23U) - 112;
    if (exponent <= 0) return 0;
    return static_cast<std::uint16_t>((static_cast<std::uint32_t>(exponent) << 10U) |
                                      ((bits >> 13U) & 1023U));
}

template<typename T> T read(const std::byte *from) {
    T value{};
    std::memcpy(&value, from, sizeof value);
    return value;
}

template<typename T> void write(std::byte *to, T value) {
    std::memcpy(to, &value, sizeof value);
}

/// The same on every machine.
double noise(std::uint32_t place) {
    place = (place ^ (place >> 15U)) * 2246822519U;
    place = (place ^ (place >> 13U)) * 3266489917U;
    return static_cast<double>(place ^ (place >> 16U)) / 4294967295.0;
}

double pattern_at(std::int32_t x, std::int32_t y, std::int32_t channel) {
    const double wave = std::sin(0.11 * x + 2.1 * channel) * std::cos(0.07 * y - channel);
    const auto place = static_cast<std::uint32_t>(x) + 4099U * static_cast<std::uint32_t>(y);
    const double value =
        0.5 + 0.4 * wave + 0.2 * (noise(4U * place + static_cast<std::uint32_t>(channel)) - 0.5);
    return std::min(1.0, std::max(0.0, value));
}

/// In stripes: opaque, invisible, and what lies between.
double alpha_at(std::int32_t x, std::int32_t y) {
    constexpr std::array kStripes{1.0, 0.0, 0.5, 1.0, 0.2};
    return kStripes.at(static_cast<std::size_t>(x / 3 + y / 5) % kStripes.size());
}

} // namespace

std::string Shape::text() const {
    constexpr std::array kFormats{"", "u8", "u16", "f16", "f32"};
    constexpr std::array kColors{"", "gray", "gray with alpha", "RGB", "RGBA"};
    return std::to_string(width) + "x" + std::to_string(height) + " " +
           kFormats.at(static_cast<std::size_t>(format)) + " " + kColors.at(static_cast<std::size_t>(color));
}

Pixels::Pixels(const Shape &shape)
    : shape_(shape)
    , bytes_(static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height) *
             static_cast<std::size_t>(shape.color) * bytes_of(shape.format)) {}

Pixels Pixels::pattern(const Shape &shape) {
    Pixels made(shape);
    const std::int32_t alpha = shape.has_alpha() ? shape.color - 1 : shape.color;
    for (std::int32_t y = 0; y < shape.height; ++y)
        for (std::int32_t x = 0; x < shape.width; ++x)
            for (std::int32_t c = 0; c < shape.color; ++c)
                made.set(x, y, c, c == alpha ? alpha_at(x, y) : pattern_at(x, y, c));
    return made;
}

api::Image Pixels::image() {
    auto image = make_struct<mirra_image>();
    image.width = shape_.width;
    image.height = shape_.height;
    image.format = shape_.format;
    image.color = shape_.color;
    image.flags = MIRRA_IMAGE_PACKED;
    image.plane_count = 1;
    image.planes[0].data = bytes_.data();
    return api::Image(image);
}

std::size_t Pixels::place(std::int32_t x, std::int32_t y, std::int32_t channel) const {
    const auto pixel =
        static_cast<std::size_t>(y) * static_cast<std::size_t>(shape_.width) + static_cast<std::size_t>(x);
    return (pixel * static_cast<std::size_t>(shape_.color) + static_cast<std::size_t>(channel)) *
           bytes_of(shape_.format);
}

double Pixels::at(std::int32_t x, std::int32_t y, std::int32_t channel) const {
    const std::byte *sample = bytes_.data() + place(x, y, channel);
    switch (shape_.format) {
    case MIRRA_FORMAT_U8:
        return read<std::uint8_t>(sample) / 255.0;
    case MIRRA_FORMAT_U16:
        return read<std::uint16_t>(sample) / 65535.0;
    case MIRRA_FORMAT_F16:
        return from_half(read<std::uint16_t>(sample));
    default:
        return read<float>(sample);
    }
}

void Pixels::set(std::int32_t x, std::int32_t y, std::int32_t channel, double value) {
    std::byte *sample = bytes_.data() + place(x, y, channel);
    switch (shape_.format) {
    case MIRRA_FORMAT_U8:
        return write(sample, static_cast<std::uint8_t>(std::lround(value * 255)));
    case MIRRA_FORMAT_U16:
        return write(sample, static_cast<std::uint16_t>(std::lround(value * 65535)));
    case MIRRA_FORMAT_F16:
        return write(sample, to_half(value));
    default:
        return write(sample, static_cast<float>(value));
    }
}

std::string Pixels::not_finite() const {
    if (shape_.format == MIRRA_FORMAT_U8 || shape_.format == MIRRA_FORMAT_U16) return "";
    for (std::int32_t y = 0; y < shape_.height; ++y)
        for (std::int32_t x = 0; x < shape_.width; ++x)
            for (std::int32_t c = 0; c < shape_.color; ++c)
                if (const double value = at(x, y, c); !std::isfinite(value))
                    return std::string(std::isnan(value) ? "nan" : "infinity") + " at (" + std::to_string(x) +
                           ", " + std::to_string(y) + ")";
    return "";
}

std::string Difference::text() const {
    return "up to " + fixed(most * 255, 1) + "/255, at (" + std::to_string(x) + ", " + std::to_string(y) +
           ")";
}

Difference difference(const Pixels &whole, const Pixels &part, std::int32_t x, std::int32_t y) {
    const Shape &outer = whole.shape(), &inner = part.shape();
    if (outer.color != inner.color || x + inner.width > outer.width || y + inner.height > outer.height)
        throw Fault("", "a result of " + inner.text() + " does not lie in one of " + outer.text());
    Difference found;
    for (std::int32_t row = 0; row < inner.height; ++row)
        for (std::int32_t column = 0; column < inner.width; ++column)
            for (std::int32_t c = 0; c < inner.color; ++c) {
                const double here = part.at(column, row, c), there = whole.at(x + column, y + row, c);
                const bool same = here == there || (std::isnan(here) && std::isnan(there));
                const double apart = same ? 0 : std::abs(here - there);
                if (same || apart <= found.most) continue;
                found = {std::isnan(apart) ? INFINITY : apart, column, row};
            }
    return found;
}

} // namespace mirra::cli::conformance
