// Minimal filtering against the sum of products that it stands for.
#include "random_values.hpp"
#include "runtime/rows/winograd.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mirra::runtime {
namespace {

using Values = std::vector<float>;
using test::random_values;

struct Case {
    std::int64_t height, width, inputs, outputs;
    bool bias = true;
    enum class Addend { none, apart, in_place } addend = Addend::none;
    bool relu = false;
};

class Trial {
  public:
    explicit Trial(const Case &wanted)
        : case_(wanted)
        , in(random_values(count(case_.height * case_.width * case_.inputs), 1))
        , weight(random_values(count(case_.outputs * case_.inputs * 9), 2))
        , bias(random_values(count(case_.bias ? case_.outputs : 0), 3))
        , addend(random_values(count(case_.height * case_.width * case_.outputs), 4)) {}

    [[nodiscard]] Values computed() const {
        const WinogradFilter filter(weight, bias, case_.inputs, case_.outputs);
        Values out = addend;
        Values scratch(static_cast<std::size_t>(WinogradFilter::scratch(case_.inputs, case_.outputs)),
                       std::numeric_limits<float>::quiet_NaN());
        const float *added = case_.addend == Case::Addend::apart ? addend.data() : out.data();
        if (case_.addend == Case::Addend::none) added = nullptr;
        for (std::int64_t part = 0; part < WinogradFilter::parts(case_.height, case_.width); ++part)
            filter.run({in.data(), out.data(), added, case_.height, case_.width, case_.relu}, part,
                       scratch.data());
        return out;
    }

    [[nodiscard]] Values expected() const {
        Values out;
        for (std::int64_t y = 0; y < case_.height; ++y)
            for (std::int64_t x = 0; x < case_.width; ++x)
                for (std::int64_t o = 0; o < case_.outputs; ++o) {
                    double sum = case_.bias ? static_cast<double>(bias[static_cast<std::size_t>(o)]) : 0;
                    sum += products(y, x, o);
                    if (case_.addend != Case::Addend::none) sum += static_cast<double>(addend[out.size()]);
                    out.push_back(static_cast<float>(case_.relu ? std::max(sum, 0.0) : sum));
                }
        return out;
    }

  private:
    static std::size_t count(std::int64_t values) { return static_cast<std::size_t>(values); }
    [[nodiscard]] double products(std::int64_t y, std::int64_t x, std::int64_t output) const {
        double sum = 0;
        for (std::int64_t k = 0; k < 9; ++k) {
            const auto row = y + k / 3 - 1, column = x + k % 3 - 1;
            if (row < 0 || row >= case_.height || column < 0 || column >= case_.width) continue;
            for (std::int64_t i = 0; i < case_.inputs; ++i)
                sum += static_cast<double>(
                           in[static_cast<std::size_t>((row * case_.width + column) * case_.inputs + i)]) *
                       static_cast<double>(
                           weight[static_cast<std::size_t>((output * case_.inputs + i) * 9 + k)]);
        }
        return sum;
    }

    const Case case_;

  public:
    Values in, weight, bias, addend;
};

void expect_close(const Case &wanted) {
    const Trial trial(wanted);
    const auto computed = trial.computed(), expected = trial.expected();
    ASSERT_EQ(computed.size(), expected.size());
    float largest = 0;
    for (std::size_t i = 0; i < expected.size(); ++i)
        largest = std::max(largest, std::abs(computed[i] - expected[i]));
    EXPECT_LT(largest, 2.5e-6F * std::sqrt(static_cast<float>(9 * wanted.inputs)))
        << wanted.height << "x" << wanted.width << ", " << wanted.inputs << " to " << wanted.outputs;
}

class Winograd : public testing::Test {
  protected:
    void SetUp() override {
        if (!WinogradFilter::supported()) GTEST_SKIP() << "this processor has no kernels for it";
    }
};

TEST_F(Winograd, EqualsTheSumOfProductsAtAnySize) {
    for (const auto &[height, width] :
         {std::pair<std::int64_t, std::int64_t>{1, 1}, {1, 40}, {5, 3}, {4, 4}, {13, 18}, {31, 30}})
        for (const auto &[inputs, outputs] :
             {std::pair<std::int64_t, std::int64_t>{1, 1}, {16, 48}, {17, 13}, {24, 24}, {48, 12}, {40, 100}})
            expect_close({height, width, inputs, outputs});
}

TEST_F(Winograd, AppliesWhatFollows) {
    for (const bool bias : {false, true})
        for (const auto addend : {Case::Addend::none, Case::Addend::apart, Case::Addend::in_place})
            for (const bool relu : {false, true}) expect_close({14, 19, 20, 33, bias, addend, relu});
}

TEST_F(Winograd, WhatIsNotFiniteStaysNear) {
    constexpr std::int64_t kSide = 30, kAt = 14, kChannels = 16, kReach = 5;
    Trial trial({kSide, kSide, kChannels, kChannels, true, Case::Addend::none, true});
    const auto clean = trial.computed();
    trial.in[(kAt * kSide + kAt) * kChannels] = std::numeric_limits<float>::quiet_NaN();
    const auto spoilt = trial.computed();
    for (std::int64_t y = 0; y < kSide; ++y)
        for (std::int64_t x = 0; x < kSide; ++x) {
            const auto value = static_cast<std::size_t>((y * kSide + x) * kChannels);
            const auto distance = std::max(std::abs(y - kAt), std::abs(x - kAt));
            if (distance <= 1) {
                EXPECT_TRUE(std::isnan(spoilt[value]));
            }
            if (distance > kReach) {
                EXPECT_EQ(spoilt[value], clean[value]);
            }
        }
}

} // namespace
} // namespace mirra::runtime
