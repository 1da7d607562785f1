// bfloat16 as the upper half of a float's bits.
#pragma once

#include "mirra/host_device.hpp"

#include <bit>
#include <cstdint>

namespace mirra::runtime {

MIRRA_HOST_DEVICE inline float from_bfloat16(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// Rounds to the nearest, ties to even. @param value  no NaN
MIRRA_HOST_DEVICE inline std::uint16_t to_bfloat16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/// A value in bfloat16. What is no number stays so.
struct Bf16 {
    Bf16() = default;
    explicit Bf16(float value) {
        const auto wide = std::bit_cast<std::uint32_t>(value);
        const bool number = (wide & 0x7fffffffU) <= 0x7f800000U;
        bits = number ? to_bfloat16(value) : static_cast<std::uint16_t>(wide >> 16U | 0x40U);
    }
    explicit operator float() const { return from_bfloat16(bits); }
    std::uint16_t bits;
};

} // namespace mirra::runtime
