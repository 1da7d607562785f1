// One sample of each type: its size, and its conversion to and from float. Functions of single values, for
// the processor's loops and for kernels of a GPU.
#pragma once

#include "mirra/host_device.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mirra::samples {

constexpr float kLargestHalf = 65504.0F;

template<class Value> MIRRA_HOST_DEVICE Value load_raw(const std::byte *at) noexcept {
    Value value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template<class Value> MIRRA_HOST_DEVICE void store_raw(std::byte *at, Value value) noexcept {
    std::memcpy(at, &value, sizeof value);
}

/// Into [0, 1]; NaN becomes 0. By the bits, without a branch: compilers make it several samples at once.
MIRRA_HOST_DEVICE inline float clamp_unit(float value) noexcept {
    constexpr auto kOne = std::bit_cast<std::int32_t>(1.0F), kInfinity = std::int32_t{0x7f800000};
    auto bits = std::bit_cast<std::int32_t>(value);
    bits &= ~(bits >> 31);               // what is below 0
    bits &= ~((kInfinity - bits) >> 31); // what is no number
    const std::int32_t beyond = bits - kOne;
    return std::bit_cast<float>(kOne + (beyond & (beyond >> 31)));
}

/// Keeps values beyond [0, 1], but lets neither NaN nor infinity into a network.
MIRRA_HOST_DEVICE inline float make_finite(float value) noexcept {
    const float low = value > -kLargestHalf ? value : -kLargestHalf;
    const float bounded = low < kLargestHalf ? low : kLargestHalf;
    return value == value ? bounded : 0.0F;
}

MIRRA_HOST_DEVICE inline float half_to_float(std::uint16_t half) noexcept {
    const std::uint32_t magnitude = half & 0x7fffU;
    // Moves the exponent from bias 15 to bias 127; denormals come out right as well.
    auto bits = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112F);
    if (magnitude >= 0x7c00U) bits |= 0x7f800000U;
    return std::bit_cast<float>(bits | (static_cast<std::uint32_t>(half & 0x8000U) << 16));
}

/// Rounds to the nearest, ties to even. @param value within [0, 65504]
MIRRA_HOST_DEVICE inline std::uint16_t magnitude_to_half(float value) noexcept {
    if (value < 0x1p-14F) { // denormal in half: its step is that of a float just above 0.5
        return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value + 0.5F) -
                                          std::bit_cast<std::uint32_t>(0.5F));
    }
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value) - (112U << 23);
    return static_cast<std::uint16_t>((bits + 0xfffU + ((bits >> 13) & 1U)) >> 13);
}

/// Rounds to the nearest. @param value  not negative
MIRRA_HOST_DEVICE inline std::int32_t rounded(float value) noexcept {
    // lround is not made several at once: NOLINTNEXTLINE(bugprone-incorrect-roundings)
    return static_cast<std::int32_t>(value + 0.5F);
}

/// Each has what a value may be (`bounded`), and reads and writes one.
struct U8 {
    MIRRA_HOST_DEVICE static float bounded(float value) noexcept { return clamp_unit(value); }
    static constexpr std::ptrdiff_t kBytes = 1;
    MIRRA_HOST_DEVICE static float load(const std::byte *at) noexcept {
        return static_cast<float>(load_raw<std::uint8_t>(at)) / 255.0F;
    }
    MIRRA_HOST_DEVICE static void store(std::byte *at, float value) noexcept {
        store_raw(at, static_cast<std::uint8_t>(rounded(clamp_unit(value) * 255.0F)));
    }
};

struct U16 {
    MIRRA_HOST_DEVICE static float bounded(float value) noexcept { return clamp_unit(value); }
    static constexpr std::ptrdiff_t kBytes = 2;
    MIRRA_HOST_DEVICE static float to_float(std::uint16_t raw) noexcept {
        return static_cast<float>(raw) / 65535.0F;
    }
    MIRRA_HOST_DEVICE static std::uint16_t to_raw(float value) noexcept {
        return static_cast<std::uint16_t>(rounded(clamp_unit(value) * 65535.0F));
    }
    MIRRA_HOST_DEVICE static float load(const std::byte *at) noexcept {
        return to_float(load_raw<std::uint16_t>(at));
    }
    MIRRA_HOST_DEVICE static void store(std::byte *at, float value) noexcept { store_raw(at, to_raw(value)); }
};

/// The same in the byte order that the machine does not have.
struct SwappedU16 : U16 {
    MIRRA_HOST_DEVICE static std::uint16_t swapped(std::uint16_t raw) noexcept {
        return static_cast<std::uint16_t>(raw << 8 | raw >> 8);
    }
    MIRRA_HOST_DEVICE static float load(const std::byte *at) noexcept {
        return to_float(swapped(load_raw<std::uint16_t>(at)));
    }
    MIRRA_HOST_DEVICE static void store(std::byte *at, float value) noexcept {
        store_raw(at, swapped(to_raw(value)));
    }
};

struct F16 {
    MIRRA_HOST_DEVICE static float bounded(float value) noexcept { return clamp_unit(value); }
    static constexpr std::ptrdiff_t kBytes = 2;
    MIRRA_HOST_DEVICE static float load(const std::byte *at) noexcept {
        return make_finite(half_to_float(load_raw<std::uint16_t>(at)));
    }
    MIRRA_HOST_DEVICE static void store(std::byte *at, float value) noexcept {
        store_raw(at, magnitude_to_half(clamp_unit(value)));
    }
};

struct F32 {
    MIRRA_HOST_DEVICE static float bounded(float value) noexcept { return clamp_unit(value); }
    static constexpr std::ptrdiff_t kBytes = 4;
    MIRRA_HOST_DEVICE static float load(const std::byte *at) noexcept {
        return make_finite(load_raw<float>(at));
    }
    MIRRA_HOST_DEVICE static void store(std::byte *at, float value) noexcept {
        store_raw(at, clamp_unit(value));
    }
};

/// The same of floats that may lie beyond [0, 1].
struct UnboundedF16 : F16 {
    MIRRA_HOST_DEVICE static float bounded(float value) noexcept { return make_finite(value); }
    MIRRA_HOST_DEVICE static std::uint16_t to_raw(float value) noexcept {
        const float finite = make_finite(value);
        const std::uint16_t half = magnitude_to_half(finite < 0 ? -finite : finite);
        return static_cast<std::uint16_t>(finite < 0 ? half | 0x8000U : half);
    }
    MIRRA_HOST_DEVICE static void store(std::byte *at, float value) noexcept { store_raw(at, to_raw(value)); }
};

struct UnboundedF32 : F32 {
    MIRRA_HOST_DEVICE static float bounded(float value) noexcept { return make_finite(value); }
    MIRRA_HOST_DEVICE static void store(std::byte *at, float value) noexcept {
        store_raw(at, make_finite(value));
    }
};

} // namespace mirra::samples
