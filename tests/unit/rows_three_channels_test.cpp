// The convolution between three channels against the sum of products that it stands for.
#include "random_values.hpp"
#include "runtime/rows/three_channels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace mirra::runtime {
namespace {

using Values = std::vector<float>;
using test::random_values;

struct Case {
    std::int64_t images, height, width;
    std::int64_t share = 1000; ///< rows of one call
    bool bias = true, relu = false;
    [[nodiscard]] std::size_t values() const { return static_cast<std::size_t>(images * height * width * 3); }
};

class Trial {
  public:
    explicit Trial(const Case &wanted)
        : case_(wanted)
        , in(random_values(case_.values(), 1))
        , weight(random_values(81, 2))
        , bias(random_values(3, 3)) {}

    template<class T> [[nodiscard]] std::vector<T> filtered(const std::vector<T> &values) const {
        const ThreeChannelFilter filter(weight.data(), case_.bias ? bias.data() : nullptr);
        Values scratch(static_cast<std::size_t>(ThreeChannelFilter::scratch(case_.width)),
                       std::numeric_limits<float>::quiet_NaN());
        std::vector<T> out(values.size());
        const auto rows = case_.images * case_.height;
        for (std::int64_t row = 0; row < rows; row += case_.share)
            filter.run<T>({values.data(), out.data(), case_.height, case_.width}, row,
                          std::min(rows, row + case_.share), case_.relu, scratch.data());
        return out;
    }

    [[nodiscard]] Values expected() const {
        Values out;
        for (std::int64_t row = 0; row < case_.images * case_.height; ++row)
            for (std::int64_t x = 0; x < case_.width; ++x)
                for (std::int64_t o = 0; o < 3; ++o) {
                    const double sum =
                        products(row, x, o) +
                        static_cast<double>(case_.bias ? bias[static_cast<std::size_t>(o)] : 0);
                    out.push_back(static_cast<float>(case_.relu && sum < 0 ? 0 : sum));
                }
        return out;
    }

  private:
    [[nodiscard]] double products(std::int64_t line, std::int64_t x, std::int64_t output) const {
        double sum = 0;
        for (std::int64_t k = 0; k < 9; ++k) {
            const auto row = line % case_.height + k / 3 - 1, column = x + k % 3 - 1;
            if (row < 0 || row >= case_.height || column < 0 || column >= case_.width) continue;
            const auto at = ((line / case_.height * case_.height + row) * case_.width + column) * 3;
            for (std::int64_t i = 0; i < 3; ++i)
                sum += static_cast<double>(in[static_cast<std::size_t>(at + i)]) *
                       static_cast<double>(weight[static_cast<std::size_t>((output * 3 + i) * 9 + k)]);
        }
        return sum;
    }

    const Case case_;

  public:
    Values in, weight, bias;
};

void expect_close(const Values &computed, const Values &expected, float tolerance) {
    ASSERT_EQ(computed.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(computed[i], expected[i], tolerance) << i;
}

TEST(ThreeChannels, AreTheSumOfProductsAtAnySize) {
    for (const std::int64_t height : {1, 2, 3, 4, 5, 9})
        for (const std::int64_t width : {1, 2, 7, 8, 15, 16, 17, 33, 224}) {
            SCOPED_TRACE(testing::Message() << width << " x " << height);
            const Trial trial({.images = 2, .height = height, .width = width});
            expect_close(trial.filtered(trial.in), trial.expected(), 1e-5F);
        }
}

TEST(ThreeChannels, DoNotDependOnTheSharesOfTheThreads) {
    for (const std::int64_t share : {1, 3, 4, 5, 11}) {
        const Case wanted{.images = 3, .height = 7, .width = 19, .share = share, .bias = false, .relu = true};
        const Trial trial(wanted);
        expect_close(trial.filtered(trial.in), trial.expected(), 1e-5F);
    }
}

/// @param special  in the middle channel of one pixel: what reaches which pixels
void expect_reach(float special) {
    Trial trial({.images = 1, .height = 6, .width = 24, .relu = true});
    std::ranges::fill(trial.weight, 1.0F);
    trial.in[(2 * 24 + 20) * 3 + 1] = special;
    const auto out = trial.filtered(trial.in);
    for (std::int64_t y = 0; y < 6; ++y)
        for (std::int64_t x = 0; x < 24; ++x) {
            const bool reached = std::abs(y - 2) <= 1 && std::abs(x - 20) <= 1;
            EXPECT_EQ(std::isfinite(out[static_cast<std::size_t>((y * 24 + x) * 3)]), !reached)
                << x << ' ' << y;
        }
}

TEST(ThreeChannels, KeepWhatIsNoNumberToItsNeighbours) {
    expect_reach(std::numeric_limits<float>::quiet_NaN());
    expect_reach(std::numeric_limits<float>::infinity());
}

TEST(ThreeChannels, TakeAndGiveBfloat16) {
    Trial trial({.images = 1, .height = 9, .width = 37, .relu = true});
    std::vector<Bf16> halves;
    for (auto &value : trial.in) {
        halves.emplace_back(value);
        value = static_cast<float>(halves.back());
    }
    Values computed;
    for (const auto half : trial.filtered(halves)) computed.push_back(static_cast<float>(half));
    const auto expected = trial.expected();
    ASSERT_EQ(computed.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_NEAR(computed[i], expected[i], std::abs(expected[i]) / 256 + 1e-5F) << i;
}

TEST(ThreeChannels, KeepWhatIsNoNumberInBfloat16) {
    const Trial trial({.images = 1, .height = 1, .width = 1, .relu = true});
    for (const std::uint16_t nan : {0x7f81, 0x7fff, 0xff81, 0xffff}) {
        std::vector<Bf16> pixel(3, Bf16(0));
        pixel[0].bits = nan;
        for (const auto half : trial.filtered(pixel))
            EXPECT_TRUE(std::isnan(static_cast<float>(half))) << std::hex << nan;
    }
}

} // namespace
} // namespace mirra::runtime
