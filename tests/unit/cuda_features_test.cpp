// The WCT's moments and transform, against the same in double; the processor's own go through LibTorch.
#include "cuda_support.hpp"

#include "stylizer_reference.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace mirra::test {
namespace {

/// Features with a mean far from zero, one channel after the other, with values between them that are not
/// theirs.
struct Features {
    std::int64_t channels, count, stride;
    std::vector<float> values, origin;

    Features(std::int64_t of_channels, std::int64_t of_count, unsigned seed)
        : channels(of_channels)
        , count(of_count)
        , stride(of_count + 3)
        , values(random_floats(static_cast<std::size_t>(channels * stride), seed)) {
        for (std::int64_t c = 0; c < channels; ++c) {
            for (std::int64_t i = 0; i < stride; ++i) at(c, i) = i < count ? at(c, i) + offset(c) : 1e30F;
            origin.push_back(offset(c) + 0.01F);
        }
    }
    static float offset(std::int64_t channel) { return 10.0F + static_cast<float>(channel % 7); }
    float &at(std::int64_t c, std::int64_t i) { return values[static_cast<std::size_t>(c * stride + i)]; }
    [[nodiscard]] double less(std::int64_t c, std::int64_t i) const {
        return static_cast<double>(values[static_cast<std::size_t>(c * stride + i)] -
                                   origin[static_cast<std::size_t>(c)]);
    }
};

struct Sums {
    std::vector<double> sums, products;
};

Sums found_moments(const Features &features, const std::vector<float> &weights, int times = 1) {
    const auto n = static_cast<std::size_t>(features.channels);
    const DeviceMemory values(features.values), origin(features.origin), sums{std::vector<double>(n)},
        products{std::vector<double>(n * n)}, of_places(weights),
        workspace(std::vector<double>(
            static_cast<std::size_t>(kernels().moments_workspace(features.channels, features.count))));
    const mirra_cuda_moments moments{
        {values.as<float>(), features.channels, features.count, features.stride, origin.as<float>()},
        weights.empty() ? nullptr : of_places.as<float>(),
        sums.as<double>(),
        products.as<double>(),
        workspace.as<double>()};
    for (int i = 0; i < times; ++i) EXPECT_EQ(kernels().add_moments(&moments, nullptr), 0);
    return {sums.values<double>(), products.values<double>()};
}

void check_moments(const Features &features, const std::vector<float> &weights, int times = 1) {
    const Sums found = found_moments(features, weights, times);
    // Of products that are at most about 1: float's error of a run of places, and of the root of a weight.
    const double most = static_cast<double>(features.count * times) * 1e-6 + 1e-9;
    const auto weight = [&](std::int64_t i) {
        return weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(i)]);
    };
    for (std::int64_t a = 0; a < features.channels; ++a) {
        double sum = 0;
        for (std::int64_t i = 0; i < features.count; ++i) sum += weight(i) * features.less(a, i);
        ASSERT_NEAR(found.sums[static_cast<std::size_t>(a)], times * sum, most) << a;
        for (std::int64_t b = 0; b < features.channels; ++b) {
            double product = 0;
            for (std::int64_t i = 0; i < features.count; ++i)
                product += weight(i) * features.less(a, i) * features.less(b, i);
            ASSERT_NEAR(found.products[static_cast<std::size_t>(a * features.channels + b)], times * product,
                        most)
                << a << " " << b;
        }
    }
}

TEST(CudaFeatures, MomentsAreThoseInDouble) {
    for (const auto &[channels, count] :
         {std::pair(1, 1), {3, 17}, {16, 256}, {17, 257}, {33, 4097}, {5, 9001}})
        check_moments(Features(channels, count, 1), {});
}

TEST(CudaFeatures, PlacesHaveWeights) {
    for (const auto &[channels, count] : {std::pair(3, 17), {17, 300}, {4, 5000}}) {
        auto weights = random_floats(static_cast<std::size_t>(count), 2, 0, 1);
        weights[weights.size() / 2] = 0;
        check_moments(Features(channels, count, 3), weights);
    }
}

TEST(CudaFeatures, MomentsOfBlocksAddUp) {
    check_moments(Features(6, 700, 4), {}, 3);
}

TEST(CudaFeatures, ACovarianceIsThatOfTheStylizersReference) {
    Features features(3, 2500, 5);
    std::vector<float> pixels;
    for (std::int64_t i = 0; i < features.count; ++i)
        for (std::int64_t c = 0; c < 3; ++c) pixels.push_back(features.at(c, i));
    const auto wanted = moments_of(pixels, 1);
    const Sums found = found_moments(features, {});
    const auto count = static_cast<double>(features.count);
    for (std::size_t a = 0; a < 3; ++a) {
        EXPECT_NEAR(static_cast<double>(features.origin[a]) + found.sums[a] / count, wanted.mean[a], 1e-6);
        for (std::size_t b = 0; b < 3; ++b)
            EXPECT_NEAR((found.products[3 * a + b] - found.sums[a] * found.sums[b] / count) / (count - 1),
                        wanted.covariance[a][b], 1e-6);
    }
}

void check_transform(std::int64_t channels, std::int64_t count, bool with_shares, float low, float high) {
    Features features(channels, count, 6);
    const auto n = static_cast<std::size_t>(channels);
    const auto matrix = random_floats(n * n, 7), mean = random_floats(n, 8, -3, 3);
    const auto shares =
        with_shares ? random_floats(static_cast<std::size_t>(count), 9, 0, 1) : std::vector<float>();
    const auto before = random_floats(n * static_cast<std::size_t>(count + 5), 10);
    const DeviceMemory values(features.values), origin(features.origin), of_matrix(matrix), of_mean(mean),
        of_shares(shares), out(before);
    const mirra_cuda_transform transform{
        {values.as<float>(), channels, count, features.stride, origin.as<float>()},
        of_matrix.as<float>(),
        of_mean.as<float>(),
        low,
        high,
        with_shares ? of_shares.as<float>() : nullptr,
        out.as<float>(),
        count + 5};
    ASSERT_EQ(kernels().apply_transform(&transform, nullptr), 0);
    const auto found = out.values<float>();
    for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t i = 0; i < count + 5; ++i) {
            const auto at = static_cast<std::size_t>(c * (count + 5) + i);
            auto wanted = static_cast<double>(before[at]);
            if (i < count) {
                double styled = static_cast<double>(mean[static_cast<std::size_t>(c)]);
                for (std::int64_t k = 0; k < channels; ++k)
                    styled += static_cast<double>(matrix[static_cast<std::size_t>(c * channels + k)]) *
                              features.less(k, i);
                styled = std::clamp(styled, static_cast<double>(low), static_cast<double>(high));
                const double share =
                    with_shares ? static_cast<double>(shares[static_cast<std::size_t>(i)]) : 1.0;
                wanted += share * (styled - static_cast<double>(features.at(c, i)));
            }
            ASSERT_NEAR(static_cast<double>(found[at]), wanted, 1e-5 + 2e-6 * static_cast<double>(channels))
                << c << " " << i;
        }
}

TEST(CudaFeatures, TheTransformIsThatInDouble) {
    for (const auto &[channels, count] : {std::pair(1, 1), {3, 17}, {16, 64}, {17, 65}, {64, 130}}) {
        check_transform(channels, count, false, -1e9F, 1e9F);
        check_transform(channels, count, true, -2.0F, 2.5F);
    }
}

TEST(CudaFeatures, WhatIsNoTensorIsRefused) {
    const DeviceMemory memory(std::vector<double>(64));
    const mirra_cuda_features good{memory.as<float>(), 2, 4, 4, memory.as<float>()};
    mirra_cuda_moments moments{good, nullptr, memory.as<double>(), memory.as<double>(), memory.as<double>()};
    moments.features.stride = 3;
    EXPECT_EQ(kernels().add_moments(&moments, nullptr), MIRRA_CUDA_INVALID);
    moments.features = good;
    moments.workspace = nullptr;
    EXPECT_EQ(kernels().add_moments(&moments, nullptr), MIRRA_CUDA_INVALID);
    mirra_cuda_transform transform{
        good, memory.as<float>(), memory.as<float>(), 0, 1, nullptr, memory.as<float>(), 3};
    EXPECT_EQ(kernels().apply_transform(&transform, nullptr), MIRRA_CUDA_INVALID);
    EXPECT_EQ(kernels().apply_transform(nullptr, nullptr), MIRRA_CUDA_INVALID);
}

} // namespace
} // namespace mirra::test
