// What noise explains of a picture, by brightness; and the rough estimate for small ones.
#include "image_test_support.hpp"

#include "cost.hpp"
#include "mirra/noise_profile.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

namespace mirra::test {
namespace {

using image::SampleType;

constexpr std::int32_t kWidth = 320, kHeight = 256;
using Deviation = std::function<double(double brightness)>;

/// A gradient from dark to bright with noise of a deviation (in 1/255) that depends on the brightness.
std::vector<float> gradient(const Deviation &deviation, std::int32_t channels) {
    std::mt19937 random(3);
    std::normal_distribution<double> noise(0, 1.0 / 255);
    std::vector<float> values;
    for (std::int32_t y = 0; y < kHeight; ++y)
        for (std::int32_t x = 0; x < kWidth; ++x) {
            const double value = 0.1 + 0.8 * x / kWidth;
            for (std::int32_t c = 0; c < channels; ++c)
                values.push_back(static_cast<float>(value + deviation(value) * noise(random)));
        }
    return values;
}

std::array<double, image::kNoiseParts> explained(const std::vector<float> &values, std::int32_t channels) {
    const auto bytes = std::as_bytes(std::span(values));
    auto found = image::measure_noise(
        image::interleaved_view(bytes.data(), kWidth, kHeight, channels, SampleType::f32));
    auto out = image::explained_variances(found.sigma, found.squares);
    for (double &variance : out) variance = 255 * std::sqrt(variance);
    return out;
}

TEST(NoiseProfile, OfWhiteNoiseIsEven) {
    for (const double sigma : {1.0, 5.0, 25.0})
        for (const std::int32_t channels : {1, 3})
            EXPECT_THAT(
                explained(gradient([&](double) { return sigma; }, channels), channels),
                ::testing::Each(::testing::AllOf(::testing::Ge(0.9 * sigma), ::testing::Le(1.15 * sigma))))
                << sigma << ", " << channels << " channels";
}

TEST(NoiseProfile, FollowsASensor) {
    const auto deviation = [](double brightness) { return 4 + 16 * brightness; };
    const auto parts = explained(gradient(deviation, 3), 3);
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
        const double middle = (static_cast<double>(i) + 0.5) / static_cast<double>(parts.size());
        EXPECT_GT(parts.at(i), 0.85 * deviation(middle)) << i;
        EXPECT_LT(parts.at(i), 1.25 * std::max(deviation(middle), deviation(0.5))) << i;
    }
    EXPECT_GT(parts[6], 1.2 * parts[2]);
}

/// As interpolation of a mosaic leaves it.
TEST(NoiseProfile, CountsWhatNeighboursShare) {
    const auto white = gradient([](double) { return 12; }, 3);
    std::vector<float> shared = white;
    const std::size_t row = std::size_t{kWidth} * 3;
    for (std::size_t i = row + 3; i < white.size(); ++i)
        shared[i] = (white[i] + white[i - 3] + white[i - row] + white[i - row - 3]) / 4;
    const auto parts = explained(shared, 3);
    EXPECT_GT(*std::ranges::max_element(parts), 4.5) << "of 6";
}

TEST(NoiseProfile, OfWhatHasNoNoiseIsNothing) {
    EXPECT_THAT(explained(gradient([](double) { return 0; }, 3), 3), ::testing::Each(::testing::Lt(0.05)));
    EXPECT_THAT(explained(std::vector<float>(kWidth * kHeight, 1.0F), 1), ::testing::Each(0.0));
}

double rough(const std::vector<float> &values, std::int32_t width, std::int32_t height) {
    const auto bytes = std::as_bytes(std::span(values));
    return 255 * image::estimate_noise_roughly(
                     image::interleaved_view(bytes.data(), width, height, 1, SampleType::f32));
}

TEST(RoughEstimate, IsThereForEverySize) {
    std::mt19937 random(3);
    std::normal_distribution<float> noise(0.5F, 20.0F / 255);
    for (const auto &[width, height] :
         {std::pair{15, 15}, {200, 1}, {1, 200}, {12, 90}, {9001, 90}, {90, 9001}}) {
        std::vector<float> values(static_cast<std::size_t>(width * height));
        std::ranges::generate(values, [&] { return noise(random); });
        EXPECT_NEAR(rough(values, width, height), 20, 5) << width << " x " << height;
        std::iota(values.begin(), values.end(), 0.0F);
        for (float &value : values) value = std::fmod(value, static_cast<float>(width)) / 255;
        EXPECT_LT(rough(values, width, height), 0.01) << "a gradient";
    }
    image::Image ramp(300, 1, 1, SampleType::u8);
    for (std::size_t i = 0; i < 300; ++i) ramp.bytes()[i] = static_cast<std::byte>(i * 255 / 499);
    EXPECT_EQ(image::estimate_noise_roughly(ramp.view()), 0) << "steps of whole numbers";
    for (const auto &[width, height] : {std::pair{1, 1}, {2, 1}, {1, 2}, {2, 2}})
        EXPECT_EQ(rough({0.1F, 0.9F, 0.2F, 0.6F}, width, height), 0);
}

TEST(RoughEstimate, OfALongPictureTakesLittleMemory) {
    constexpr std::int32_t kLong = 1'048'000;
    image::Image picture(kLong, 4, 3, SampleType::u8);
    for (std::size_t i = 0; i < picture.bytes().size(); ++i)
        picture.bytes()[i] = static_cast<std::byte>(i * 7919 >> 3);
    const Cost cost = cost_of([&] { EXPECT_GT(image::estimate_noise_roughly(picture.view()), 0); });
    EXPECT_LT(cost.bytes, (std::uint64_t{16} << 20) + kToolBytes);
}

} // namespace
} // namespace mirra::test
