// Reduced windows against plain loops over their values.
#include "random_values.hpp"
#include "runtime/onednn/pooling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace mirra::runtime::onednn {
namespace {

constexpr std::int64_t kRows = 5, kColumns = 6, kPixel = 140;

template<class T> std::vector<T> values_of_all() {
    const auto values = test::random_values(kRows * kColumns * kPixel, 7);
    return {values.begin(), values.end()};
}

/// Of a channel, row by row.
template<class T> std::vector<float> values_of(const Window<T> &window, std::int64_t channel) {
    std::vector<float> values;
    for (std::int64_t row = 0; row < window.rows; ++row)
        for (std::int64_t column = 0; column < window.columns; ++column)
            values.push_back(static_cast<float>(
                window.values[row * window.row_stride + column * window.pixel_stride + channel]));
    return values;
}

float greatest_of(const std::vector<float> &values) {
    float kept = -std::numeric_limits<float>::infinity();
    for (const float value : values) {
        if (std::isnan(value)) return value;
        kept = std::max(kept, value);
    }
    return kept;
}

template<class T> void expect_reduced(const std::vector<T> &values, std::int64_t rows, std::int64_t columns) {
    const Window<T> window{values.data(), rows, columns, kColumns * kPixel, kPixel};
    for (const std::int64_t channels : {1, 3, 7, 8, 9, 16, 17, 32, 63, 64, 65, 128, 139}) {
        SCOPED_TRACE(testing::Message() << channels << " channels of " << rows << " x " << columns);
        const T untouched(123.0F);
        std::vector<T> greatest(static_cast<std::size_t>(channels) + 1, untouched), sums = greatest;
        keep_greatest(window, greatest.data(), channels);
        sum_up(window, 0.25F, sums.data(), channels);
        EXPECT_EQ(static_cast<float>(greatest.back()), static_cast<float>(untouched));
        EXPECT_EQ(static_cast<float>(sums.back()), static_cast<float>(untouched));
        for (std::int64_t c = 0; c < channels; ++c) {
            const auto all = values_of(window, c);
            const float most = greatest_of(all),
                        found = static_cast<float>(greatest[static_cast<std::size_t>(c)]);
            ASSERT_TRUE(std::isnan(most) ? std::isnan(found) : most == found)
                << c << ": " << found << ", not " << most;
            float sum = 0;
            for (const float value : all) sum += value;
            const auto expected = static_cast<float>(T(0.25F * sum)),
                       summed = static_cast<float>(sums[static_cast<std::size_t>(c)]);
            ASSERT_TRUE(std::isnan(expected) ? std::isnan(summed) : expected == summed)
                << c << ": " << summed << ", not " << expected;
        }
    }
}

template<class T> void expect_reduced_everywhere(const std::vector<T> &values) {
    for (std::int64_t rows = 1; rows <= kRows; ++rows)
        for (std::int64_t columns = 1; columns <= kColumns; ++columns) expect_reduced(values, rows, columns);
}

TEST(Pooling, ReducesEveryChannel) {
    expect_reduced_everywhere(values_of_all<float>());
    expect_reduced_everywhere(values_of_all<Bf16>());
}

template<class T> void expect_specials_kept() {
    auto values = values_of_all<T>();
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const float specials[] = {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity, -0.0F};
    std::mt19937 generator(9);
    for (std::size_t i = 0; i < values.size(); i += 1 + generator() % 20)
        values[i] = T(specials[generator() % 4]);
    expect_reduced_everywhere(values);
}

TEST(Pooling, KeepsWhatIsNoNumber) {
    expect_specials_kept<float>();
    expect_specials_kept<Bf16>();
}

} // namespace
} // namespace mirra::runtime::onednn
