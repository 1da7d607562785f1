// Conversions between stored element types and fp32; rounding to nearest even.
#include "dtype.hpp"

#include "mirra/error.hpp"

#include <bit>
#include <cstring>

namespace mirra::bundle {
namespace {

static_assert(std::endian::native == std::endian::little, "bundles are little-endian and read as they are");

template<typename T> T load(const std::byte *at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

float from_half(std::uint16_t half) {
    const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1fu;
    const std::uint32_t fraction = half & 0x3ffu;
    if (exponent == 0) {
        // Subnormal: fraction * 2^-24, exact in fp32.
        const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

std::uint16_t to_half(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
    if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);
    if (magnitude < 0x38800000u) {
        // Adding 0.5 puts the unit of the last place at 2^-24, so that the processor rounds to nearest even.
        const float rounded = std::bit_cast<float>(magnitude) + 0.5f;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(rounded) - 0x3f000000u));
    }
    const std::uint32_t odd = (magnitude >> 13) & 1u;
    return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

float from_bfloat(std::uint16_t value) {
    return std::bit_cast<float>(std::uint32_t{value} << 16);
}

std::uint16_t to_bfloat(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
    return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template<typename T, typename F> std::vector<float> widen(std::span<const std::byte> bytes, F convert) {
    std::vector<float> values(bytes.size() / sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = convert(load<T>(bytes.data() + i * sizeof(T)));
    return values;
}

template<typename F> std::vector<std::byte> narrow(std::span<const float> values, F convert) {
    std::vector<std::byte> bytes(values.size() * sizeof(std::uint16_t));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint16_t value = convert(values[i]);
        std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
    }
    return bytes;
}

} // namespace

std::vector<float> to_float(const TensorView &tensor) {
    switch (tensor.dtype) {
    case DType::f32:
        return widen<float>(tensor.bytes, [](float value) { return value; });
    case DType::f16:
        return widen<std::uint16_t>(tensor.bytes, from_half);
    case DType::bf16:
        return widen<std::uint16_t>(tensor.bytes, from_bfloat);
    case DType::f64:
        return widen<double>(tensor.bytes, [](double value) { return static_cast<float>(value); });
    default:
        throw Error(ErrorCode::unsupported,
                    "a tensor of type " + std::string(safetensors_name(tensor.dtype)) + " holds no weights",
                    std::string(safetensors_name(tensor.dtype)), "store weights as F32, F16, BF16 or F64");
    }
}

std::vector<std::byte> from_float(std::span<const float> values, DType type) {
    switch (type) {
    case DType::f32: {
        const auto bytes = std::as_bytes(values);
        return {bytes.begin(), bytes.end()};
    }
    case DType::f16:
        return narrow(values, to_half);
    case DType::bf16:
        return narrow(values, to_bfloat);
    default:
        throw Error(ErrorCode::invalid_argument, "weights are stored as f32, f16 or bf16",
                    std::string(safetensors_name(type)));
    }
}

} // namespace mirra::bundle
