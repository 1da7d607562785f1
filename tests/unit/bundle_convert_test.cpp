// Conversions between fp32 and the stored precisions, against arithmetic that is not bit tricks.
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace mirra::bundle {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::uint16_t narrow(float value, DType type) {
    const auto bytes = from_float(std::span(&value, 1), type);
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data(), sizeof bits);
    return bits;
}

float widen(std::uint16_t bits, DType type) {
    return to_float({type, {1}, std::as_bytes(std::span(&bits, 1))}).front();
}

/// The value of an fp16 pattern by definition.
double half_value(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024 + fraction, exponent - 25);
}

bool is_finite_half(std::uint16_t bits) {
    return ((bits >> 10) & 31) != 31;
}

TEST(Convert, EveryHalfWidensToItsValueAndComesBack) {
    for (std::uint32_t i = 0; i < 65536; ++i) {
        const auto bits = static_cast<std::uint16_t>(i);
        const float value = widen(bits, DType::f16);
        if (is_finite_half(bits)) {
            ASSERT_EQ(double{value}, half_value(bits)) << bits;
            ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << bits;
        }
        if (std::isnan(value))
            ASSERT_TRUE(std::isnan(widen(narrow(value, DType::f16), DType::f16))) << bits;
        else
            ASSERT_EQ(narrow(value, DType::f16), bits);
    }
}

TEST(Convert, HalvesRoundToNearestEven) {
    for (std::uint32_t i = 0; i + 1 < 0x7c00; ++i) {
        const auto low = static_cast<std::uint16_t>(i), high = static_cast<std::uint16_t>(i + 1);
        const auto middle = static_cast<float>((half_value(low) + half_value(high)) / 2);
        const std::uint16_t even = (low & 1) == 0 ? low : high;
        ASSERT_EQ(narrow(middle, DType::f16), even) << i;
        ASSERT_EQ(narrow(std::nextafter(middle, 0.0f), DType::f16), low) << i;
        ASSERT_EQ(narrow(std::nextafter(middle, kInfinity), DType::f16), high) << i;
        ASSERT_EQ(narrow(-middle, DType::f16), even | 0x8000) << i;
    }
}

TEST(Convert, HalvesOverflowToInfinity) {
    EXPECT_EQ(narrow(65504.0f, DType::f16), 0x7bff);
    EXPECT_EQ(narrow(std::nextafter(65520.0f, 0.0f), DType::f16), 0x7bff);
    EXPECT_EQ(narrow(65520.0f, DType::f16), 0x7c00);
    EXPECT_EQ(narrow(-1e30f, DType::f16), 0xfc00);
    EXPECT_EQ(narrow(kInfinity, DType::f16), 0x7c00);
    EXPECT_TRUE(std::isnan(widen(narrow(std::nanf(""), DType::f16), DType::f16)));
    EXPECT_EQ(narrow(1e-30f, DType::f16), 0);
    EXPECT_EQ(narrow(-0.0f, DType::f16), 0x8000);
}

TEST(Convert, BfloatsRoundToNearestEven) {
    for (std::uint32_t i = 0; i < 0x7f7f; ++i) {
        const float low = std::bit_cast<float>(i << 16), middle = std::bit_cast<float>((i << 16) | 0x8000u);
        ASSERT_EQ(widen(static_cast<std::uint16_t>(i), DType::bf16), low);
        ASSERT_EQ(narrow(low, DType::bf16), i);
        ASSERT_EQ(narrow(middle, DType::bf16), (i & 1) == 0 ? i : i + 1);
        ASSERT_EQ(narrow(std::bit_cast<float>((i << 16) | 0x7fffu), DType::bf16), i);
        ASSERT_EQ(narrow(std::bit_cast<float>((i << 16) | 0x8001u), DType::bf16), i + 1);
    }
    EXPECT_EQ(narrow(std::numeric_limits<float>::max(), DType::bf16), 0x7f80);
    EXPECT_TRUE(std::isnan(widen(narrow(std::bit_cast<float>(0x7f800001u), DType::bf16), DType::bf16)));
}

TEST(Convert, DoublesAreNarrowedAndIntegersRefused) {
    const double value = 0.1;
    EXPECT_EQ(to_float({DType::f64, {1}, std::as_bytes(std::span(&value, 1))}), std::vector<float>{0.1f});
    const std::int64_t integer = 3;
    EXPECT_THAT(
        [&] { static_cast<void>(to_float({DType::i64, {1}, std::as_bytes(std::span(&integer, 1))})); },
        mirra::test::throws_error(ErrorCode::unsupported, "type I64 holds no weights"));
    EXPECT_THAT([&] { static_cast<void>(from_float(std::vector<float>{1.0f}, DType::f64)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "stored as f32, f16 or bf16"));
}

} // namespace
} // namespace mirra::bundle
