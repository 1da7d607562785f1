// The denoiser's rules for sigma, shares, detail and transfer, and the template plugin. The test network adds
// the noise level to the image, or to the mean around.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <random>
#include <set>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

struct Outcome {
    float value = 0; ///< of a pixel that was 0.5
    std::optional<double> sigma_estimated;
};

Outcome denoise(const BundleKind &kind, const std::map<std::string, std::string> &parameters,
                std::int32_t size = 32) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle(kind);
    const Session session = make_session(engine, bundle);
    for (const auto &[name, text] : parameters) {
        EXPECT_OK(mirra_session_set_text(session.get(), name.c_str(), text.c_str(), error));
    }
    Pixels<float> in(size, size, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    in.samples.assign(in.samples.size(), 0.5F);
    Pixels<float> out(size, size, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Result result;
    EXPECT_OK(run(session, in.image, out.image, error, nullptr, result.out()));
    Outcome outcome{out.samples[0], std::nullopt};
    MIRRA_STRUCT(mirra_value, sigma);
    if (mirra_result_find(result.get(), "sigma_estimated", &sigma, nullptr) == MIRRA_OK)
        outcome.sigma_estimated = sigma.real;
    return outcome;
}

TEST(PluginDenoiser, AutoTakesNothingWhereThereIsNoNoise) {
    for (const std::int32_t size : {1, 5, 32}) {
        const Outcome outcome = denoise({}, {}, size);
        EXPECT_EQ(0.5F, outcome.value);
        ASSERT_EQ(outcome.sigma_estimated.has_value(), size >= 16);
        EXPECT_NEAR(0, outcome.sigma_estimated.value_or(0), 1e-6);
    }
}

/// Noise around 0.5, and what becomes of it.
struct Noise {
    Noise(std::int32_t width, std::int32_t height, double sigma)
        : in(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32)
        , out(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32) {
        std::mt19937 random(5);
        std::normal_distribution<float> noise(0.5F, static_cast<float>(sigma / 255));
        std::ranges::generate(in.samples, [&] { return noise(random); });
    }
    /// The share of samples that changed by `change`, of those that stay within 0 and 1.
    [[nodiscard]] double share_changed_by(double change) const {
        std::size_t compared = 0, like = 0;
        for (std::size_t i = 0; i < in.samples.size(); ++i) {
            if (in.samples[i] + change < 0 || in.samples[i] + change > 1) continue;
            ++compared;
            if (std::abs(out.samples[i] - (in.samples[i] + change)) < 1e-5) ++like;
        }
        EXPECT_GT(compared, in.samples.size() / 10);
        return static_cast<double>(like) / static_cast<double>(compared);
    }

    Pixels<float> in, out;
};

TEST(PluginDenoiser, AutoTellsTheNetworkThatTheLevelIsUnknown) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Noise noise(64, 64, 90); // explains a change by the unknown level
    EXPECT_OK(run(session, noise.in.image, noise.out.image, error));
    EXPECT_GT(noise.share_changed_by(graph::kUnknownNoiseLevel), 0.9);
}

TEST(PluginDenoiser, AutoFeedsTheEstimateWhereTheBundleSaysSo) {
    const Outcome outcome = denoise({.defaults = R"({"auto_noise_level": "estimated"})"}, {});
    ASSERT_TRUE(outcome.sigma_estimated.has_value());
    EXPECT_NEAR(0.5 + *outcome.sigma_estimated / 255, outcome.value, 1e-6);
}

TEST(PluginDenoiser, TheEstimateIsFedInUnitsOfOneUpToWhatCanBeStated) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.defaults = R"({"auto_noise_level": "estimated"})"});
    const Session session = make_session(engine, bundle);
    for (const double sigma : {20.0, 130.0}) {
        Noise noise(96, 64, sigma);
        Result result;
        EXPECT_OK(run(session, noise.in.image, noise.out.image, error, nullptr, result.out()));
        MIRRA_STRUCT(mirra_value, estimated);
        ASSERT_EQ(MIRRA_OK, mirra_result_find(result.get(), "sigma_estimated", &estimated, nullptr));
        EXPECT_NEAR(estimated.real, sigma, 0.05 * sigma);
        EXPECT_GT(noise.share_changed_by(std::min(estimated.real, 100.0) / 255), 0.9);
    }
}

TEST(PluginDenoiser, AnImageTooSmallToMeasureIsStillDenoised) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.defaults = R"({"auto_noise_level": "estimated"})"});
    const Session session = make_session(engine, bundle);
    Noise noise(12, 40, 90);
    Result result;
    EXPECT_OK(run(session, noise.in.image, noise.out.image, error, nullptr, result.out()));
    MIRRA_STRUCT(mirra_value, sigma);
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_result_find(result.get(), "sigma_estimated", &sigma, nullptr));
    EXPECT_GT(noise.share_changed_by(graph::kUnknownNoiseLevel), 0.5);
}

TEST(PluginDenoiser, AStatedLevelIsFedInUnitsOfOne) {
    const Outcome outcome = denoise({}, {{"sigma", "51"}});
    EXPECT_NEAR(0.7, outcome.value, 1e-6);
    EXPECT_FALSE(outcome.sigma_estimated.has_value());
}

TEST(PluginDenoiser, StrengthBlends) {
    EXPECT_NEAR(0.6, denoise({}, {{"sigma", "51"}, {"strength", "0.5"}}).value, 1e-6);
    EXPECT_EQ(0.5F, denoise({}, {{"sigma", "51"}, {"strength", "0"}}).value);
}

TEST(PluginDenoiser, SigmaZeroGivesTheInputBack) {
    EXPECT_EQ(0.5F, denoise({.blur = true}, {{"sigma", "0"}}).value);
}

TEST(PluginDenoiser, ABlindNetworkTakesNoLevelButZero) {
    EXPECT_NEAR(0.5, denoise({.noise_level = false}, {}).value, 1e-6);
    EXPECT_EQ(0.5F, denoise({.noise_level = false}, {{"sigma", "0"}}).value);
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.noise_level = false});
    const Session session = make_session(engine, bundle);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "20", error));
    Pixels<float> in(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Failure failure;
    EXPECT_EQ(MIRRA_E_MISMATCH, run(session, in.image, in.image, failure.out()));
    EXPECT_STREQ("sigma", mirra_error_subject(failure.get()));
    EXPECT_THAT(mirra_error_hint(failure.get()), HasSubstr("Leave sigma at 'auto'"));
}

using Parameters = std::map<std::string, std::string>;
using Floats = std::vector<float>;

class PluginDenoiserMap : public ::testing::Test {
  protected:
    PluginDenoiserMap() { in_.samples.assign(in_.samples.size(), 0.5F); }

    mirra_status run_with(const Pixels<float> &map, const Parameters &parameters, mirra_error **failure,
                          const BundleKind &kind = {}, std::int32_t tile_size = 0) {
        const Engine engine = make_engine();
        const Bundle bundle = make_bundle(kind);
        const Session session = make_session(engine, bundle, tile_size);
        for (const auto &[name, text] : parameters)
            EXPECT_OK(mirra_session_set_text(session.get(), name.c_str(), text.c_str(), error));
        const mirra_port_value ports[] = {port("image", in_.image), port("noise_map", map.image),
                                          port("output", out_.image)};
        return mirra_session_run(session.get(), ports, 3, nullptr, nullptr, failure);
    }

    static constexpr std::int32_t kSize = 40;
    Pixels<float> in_{kSize, kSize, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32};
    Pixels<float> out_{kSize, kSize, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32};
};

TEST_F(PluginDenoiserMap, TellsTheNetworkTheLevelOfEachPixel) {
    Pixels<float> map(kSize, kSize, MIRRA_COLOR_GRAY, MIRRA_FORMAT_F32);
    for (std::size_t i = 0; i < map.samples.size(); ++i)
        map.samples[i] = 0.001F * static_cast<float>(i % 200);
    for (const std::int32_t tile_size : {0, 16}) {
        EXPECT_OK(run_with(map, {}, error, {}, tile_size));
        for (std::size_t i = 0; i < map.samples.size(); ++i)
            ASSERT_NEAR(out_.samples[3 * i], 0.5F + map.samples[i], 1e-6) << i;
    }
}

TEST_F(PluginDenoiserMap, OfColorsIsTheirRootMeanSquare) {
    Pixels<float> map(kSize, kSize, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    for (std::size_t i = 0; i < map.samples.size(); ++i) map.samples[i] = i % 3 == 2 ? 0.3F : 0.0F;
    EXPECT_OK(run_with(map, {}, error));
    EXPECT_NEAR(out_.samples.front(), 0.5 + 0.3 / std::sqrt(3.0), 1e-6);
}

TEST_F(PluginDenoiserMap, OfAnotherSizeIsBroughtToThePicturesAndWildLevelsAreHeldBack) {
    Pixels<float> map(1, 1, MIRRA_COLOR_GRAY, MIRRA_FORMAT_F32);
    for (const auto &[level, told] :
         {std::pair{0.1F, 0.1F}, {-1.0F, 0.0F}, {9.0F, 100.0F / 255}, {NAN, 0.0F}}) {
        map.samples[0] = level;
        EXPECT_OK(run_with(map, {}, error));
        EXPECT_NEAR(out_.samples.back(), 0.5F + told, 1e-6) << level;
    }
}

TEST_F(PluginDenoiserMap, OfAnotherSizeLeavesNoSeamsAndSteersTheDetail) {
    Pixels<float> map(7, 5, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    for (std::size_t i = 0; i < map.samples.size(); ++i) map.samples[i] = 0.004F * static_cast<float>(i % 21);
    for (std::size_t i = 0; i < in_.samples.size(); ++i)
        in_.samples[i] += i / 6 % 3 == 0 ? 0.2F : 0.0F; // stripes
    const BundleKind kind{.blur = true};
    const auto result_of = [&](const char *detail, std::int32_t tile_size) {
        EXPECT_OK(run_with(map, {{"detail", detail}, {"luminance", "0.8"}}, error, kind, tile_size));
        return out_.samples;
    };
    const auto whole = result_of("0.7", 0), tiled = result_of("0.7", 16), none = result_of("0", 0);
    double seam = 0, given_back = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        seam = std::max<double>(seam, std::abs(whole[i] - tiled[i]));
        given_back = std::max<double>(given_back, std::abs(whole[i] - none[i]));
    }
    EXPECT_LT(seam, 1e-6);
    EXPECT_GT(given_back, 0.02);
}

TEST_F(PluginDenoiserMap, ExcludesAStatedLevelAndABlindNetwork) {
    const Pixels<float> map(4, 4, MIRRA_COLOR_GRAY, MIRRA_FORMAT_F32);
    Failure both, blind;
    EXPECT_EQ(run_with(map, {{"sigma", "20"}}, both.out()), MIRRA_E_INVALID_ARGUMENT);
    EXPECT_THAT(mirra_error_hint(both.get()), HasSubstr("leave the map out"));
    EXPECT_EQ(run_with(map, {}, blind.out(), {.noise_level = false}), MIRRA_E_MISMATCH);
    EXPECT_STREQ("noise_map", mirra_error_subject(blind.get()));
}

/// A picture that goes through; tiles of any size, or of at most `tile_size`.
template<class Sample>
std::vector<Sample> denoised(const Pixels<Sample> &in, const Parameters &parameters,
                             const BundleKind &kind = {.blur = true}, std::int32_t tile_size = 0) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle(kind);
    const Session session = make_session(engine, bundle, tile_size);
    for (const auto &[name, text] : parameters)
        EXPECT_OK(mirra_session_set_text(session.get(), name.c_str(), text.c_str(), error));
    Pixels<Sample> out(in.image.width, in.image.height, in.image.color, in.image.format);
    out.image.transfer = in.image.transfer;
    EXPECT_OK(run(session, in.image, out.image, error));
    return std::move(out.samples);
}

/// Fine stripes in two colours, dots and a flat corner, with noise.
Floats textured(std::int32_t width, std::int32_t height, std::int32_t channels, double sigma) {
    std::mt19937 random(7);
    std::normal_distribution<double> noise(0, 1);
    Floats values;
    for (std::int32_t y = 0; y < height; ++y)
        for (std::int32_t x = 0; x < width; ++x)
            for (std::int32_t c = 0; c < channels; ++c) {
                double value = 0.45 + 0.1 * c;
                if (x >= width / 2) value += 0.2 * std::sin(1.3 * x + 0.4 * y) * (c == 2 ? -0.5 : 1);
                if (y >= height / 2 && (x / 2 + y / 3) % 5 == 0) value -= 0.2;
                values.push_back(static_cast<float>(value + sigma * noise(random)));
            }
    return values;
}

Pixels<float> &fill(Pixels<float> &pixels, Floats samples) {
    pixels.samples = std::move(samples);
    pixels.image.planes[0].data = pixels.samples.data();
    return pixels;
}

double mean_square(const Floats &a, const Floats &b) {
    return std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                                 [](double x, double y) { return (x - y) * (x - y); }) /
           static_cast<double>(a.size());
}

double largest_difference(const Floats &a, const Floats &b) {
    return std::transform_reduce(
        a.begin(), a.end(), b.begin(), 0.0, [](double x, double y) { return std::max(x, y); },
        [](double x, double y) { return std::abs(x - y); });
}

constexpr std::int32_t kWidth = 48, kHeight = 40;

class PluginDenoiserColor : public ::testing::Test {
  protected:
    PluginDenoiserColor() { fill(in_, textured(kWidth, kHeight, 3, 0.02)); }
    [[nodiscard]] Floats with(Parameters parameters) const {
        parameters.emplace("sigma", "5");
        return denoised(in_, parameters);
    }
    Pixels<float> in_{kWidth, kHeight, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32};
};

TEST_F(PluginDenoiserColor, OnesGiveTheDenoisedPictureAndZerosTheInput) {
    const Floats all = with({});
    EXPECT_EQ(all, with({{"luminance", "1"}, {"chrominance", "1"}, {"detail", "0"}}));
    EXPECT_EQ(in_.samples, with({{"luminance", "0"}, {"chrominance", "0"}}));
    EXPECT_EQ(in_.samples, with({{"strength", "0"}, {"detail", "1"}}));
    EXPECT_EQ(with({{"strength", "0.5"}}), with({{"luminance", "0.5"}, {"chrominance", "0.5"}}));
}

TEST_F(PluginDenoiserColor, LuminanceAndChrominanceAreSharesOfTheChange) {
    const Floats all = with({});
    const Floats some = with({{"strength", "0.5"}, {"luminance", "0.6"}, {"chrominance", "0.2"}});
    double brightness = 0;
    for (std::size_t i = 0; i < all.size(); i += 3) {
        const auto change = [&](const Floats &to, std::size_t c) {
            return double{to[i + c]} - in_.samples[i + c];
        };
        const auto luma = [&](const Floats &to) {
            return 0.299 * change(to, 0) + 0.587 * change(to, 1) + 0.114 * change(to, 2);
        };
        EXPECT_NEAR(0.3 * luma(all), luma(some), 1e-6);
        for (std::size_t c = 0; c < 3; ++c)
            EXPECT_NEAR(0.1 * (change(all, c) - luma(all)), change(some, c) - luma(some), 1e-6);
        brightness = std::max(brightness, std::abs(luma(all)));
    }
    EXPECT_GT(brightness, 0.05) << "the picture is not changed";
}

TEST_F(PluginDenoiserColor, GrayPicturesKnowLuminanceAlone) {
    Pixels<float> gray(kWidth, kHeight, MIRRA_COLOR_GRAY, MIRRA_FORMAT_F32);
    fill(gray, textured(kWidth, kHeight, 1, 0.02));
    const Floats all = denoised(gray, {{"sigma", "5"}});
    EXPECT_EQ(all, denoised(gray, {{"sigma", "5"}, {"chrominance", "0.1"}}));
    const Floats none = denoised(gray, {{"sigma", "5"}, {"luminance", "0"}});
    EXPECT_LT(largest_difference(gray.samples, none), 1e-7) << "but for the mean of three like channels";
}

/// Without the border, where the test network darkens.
Floats inside(const Floats &values) {
    constexpr std::int32_t kBorder = 8;
    Floats out;
    for (std::int32_t y = kBorder; y < kHeight - kBorder; ++y) {
        const auto row = values.begin() + std::ptrdiff_t{y} * kWidth * 3;
        out.insert(out.end(), row + kBorder * 3, row + (kWidth - kBorder) * 3);
    }
    return out;
}

TEST_F(PluginDenoiserColor, DetailGivesStructureBack) {
    const BundleKind blur{.noise_level = false, .blur = true};
    const Floats gray = textured(kWidth, kHeight, 1, 0), colors = textured(kWidth, kHeight, 3, 0);
    for (std::size_t i = 0; i < in_.samples.size(); ++i) // noise of each channel on a texture of brightness
        in_.samples[i] += gray[i / 3] - colors[i];
    Floats clean;
    for (const float value : gray) clean.insert(clean.end(), 3, value);
    clean = inside(clean);
    std::vector<double> errors;
    for (const char *detail : {"0", "0.25", "0.5", "0.75", "1"})
        errors.push_back(mean_square(clean, inside(denoised(in_, {{"detail", detail}}, blur))));
    EXPECT_TRUE(std::is_sorted(errors.rbegin(), errors.rend())) << ::testing::PrintToString(errors);
    // What may be taken is bounded by the noise, so that some structure stays without detail already.
    EXPECT_LT(errors.back(), 0.55 * errors.front());
}

TEST_F(PluginDenoiserColor, DetailLeavesNoiseOut) {
    const BundleKind blur{.noise_level = false, .blur = true};
    std::mt19937 random(3);
    std::normal_distribution<double> noise(0.5, 10.0 / 255);
    std::ranges::generate(in_.samples, [&] { return static_cast<float>(noise(random)); });
    const Floats none = inside(denoised(in_, {}, blur)), all = inside(denoised(in_, {{"detail", "1"}}, blur));
    EXPECT_LT(mean_square(all, none), 0.01 * mean_square(inside(in_.samples), none));
}

TEST_F(PluginDenoiserColor, DetailIsMonotoneInEachPixel) {
    const Floats some = with({{"detail", "0.4"}}), more = with({{"detail", "0.8"}}), none = with({});
    for (std::size_t i = 0; i < none.size(); ++i)
        EXPECT_NEAR(2 * (some[i] - none[i]), more[i] - none[i], 1e-6);
    EXPECT_GT(largest_difference(some, none), 0.02);
}

TEST(PluginDenoiserTiles, LeaveNoSeams) {
    const Parameters parameters{{"sigma", "8"},       {"strength", "0.9"}, {"luminance", "0.8"},
                                {"chrominance", "1"}, {"detail", "0.7"},   {"transfer", "linear"}};
    for (const auto &[width, height] : {std::pair{1, 1}, {3, 5}, {17, 33}, {301, 203}})
        for (const std::int32_t color : {MIRRA_COLOR_RGB, MIRRA_COLOR_GRAY}) {
            Pixels<float> in(width, height, color, MIRRA_FORMAT_F32);
            fill(in, textured(width, height, color, 0.03));
            const Floats whole = denoised(in, parameters),
                         tiled = denoised(in, parameters, {.blur = true}, 32);
            EXPECT_LT(largest_difference(whole, tiled), 1e-6) << width << "x" << height;
            EXPECT_NE(whole, in.samples);
        }
}

float encode(float x) {
    return x <= 0.0031308F ? 12.92F * x : 1.055F * std::pow(x, 1 / 2.4F) - 0.055F;
}
float decode(float x) {
    return x <= 0.04045F ? x / 12.92F : std::pow((x + 0.055F) / 1.055F, 2.4F);
}

TEST_F(PluginDenoiserColor, LinearLightIsDenoisedOnTheCurve) {
    Pixels<float> linear(kWidth, kHeight, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    std::ranges::transform(in_.samples, linear.samples.begin(), decode);
    const Parameters parameters{{"sigma", "20"}, {"transfer", "linear"}};
    const Floats done = denoised(linear, parameters);
    Floats expected = denoised(in_, {{"sigma", "20"}});
    std::ranges::transform(expected, expected.begin(), decode);
    EXPECT_LT(largest_difference(expected, done), 1e-5);
    linear.image.transfer = MIRRA_TRANSFER_LINEAR;
    EXPECT_EQ(done, denoised(linear, {{"sigma", "20"}})) << "'auto' is what the image says";
    EXPECT_EQ(done, denoised(linear, parameters)) << "not twice";
    const Floats as_encoded = denoised(linear, {{"sigma", "20"}, {"transfer", "srgb"}});
    linear.image.transfer = MIRRA_TRANSFER_ENCODED;
    EXPECT_EQ(as_encoded, denoised(linear, {{"sigma", "20"}})) << "as is";
}

TEST(PluginDenoiser, DarkNoiseOfLinearLightIsMirrored) {
    Pixels<float> in(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    fill(in, Floats(in.samples.size(), -0.05F));
    const Floats done = denoised(in, {{"sigma", "89.25"}, {"transfer", "linear"}}, {});
    EXPECT_NEAR(decode(0.35F - encode(0.05F)), done[0], 1e-6);
}

TEST(PluginDenoiser, TheEstimateIsOfTheCurveToo) {
    Pixels<float> linear(64, 64, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    std::mt19937 random(5);
    std::normal_distribution<double> noise(0.5, 20.0 / 255);
    std::ranges::generate(linear.samples, [&] { return decode(static_cast<float>(noise(random))); });
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    EXPECT_OK(mirra_session_set_text(session.get(), "transfer", "linear", error));
    Result result;
    EXPECT_OK(run(session, linear.image, linear.image, error, nullptr, result.out()));
    MIRRA_STRUCT(mirra_value, sigma);
    EXPECT_OK(mirra_result_find(result.get(), "sigma_estimated", &sigma, error));
    EXPECT_NEAR(20, sigma.real, 2);
}

TEST(PluginDenoiser, SixteenBitsStaySixteen) {
    Pixels<std::uint16_t> ramp(256, 256, MIRRA_COLOR_GRAY, MIRRA_FORMAT_U16);
    std::iota(ramp.samples.begin(), ramp.samples.end(), std::uint16_t{0});
    EXPECT_EQ(ramp.samples, denoised(ramp, {{"strength", "0"}}));
    EXPECT_EQ(ramp.samples, denoised(ramp, {}, {.noise_level = false})) << "a network that changes nothing";
    EXPECT_EQ(ramp.samples, denoised(ramp, {{"strength", "0"}, {"transfer", "linear"}}));
    const auto blurred = denoised(ramp, {{"sigma", "1"}});
    EXPECT_GT(std::set(blurred.begin(), blurred.end()).size(), 16U * 256);
}

/// Texture of all levels with little noise: a mean over 5 x 5 pixels takes far more than the noise.
class PluginDenoiserBound : public ::testing::Test {
  protected:
    static constexpr std::int32_t kBoundWidth = 203, kBoundHeight = 131;
    static constexpr double kSigma = 4.0 / 255;
    PluginDenoiserBound() { fill(in_, textured(kBoundWidth, kBoundHeight, 3, kSigma)); }
    [[nodiscard]] Floats with(const Parameters &parameters, std::int32_t tile_size = 0) const {
        return denoised(in_, parameters, {.noise_level = false, .blur = true}, tile_size);
    }
    Pixels<float> in_{kBoundWidth, kBoundHeight, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32};
};

TEST_F(PluginDenoiserBound, NoMoreIsTakenThanNoiseExplains) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.noise_level = false, .blur = true});
    const Session session = make_session(engine, bundle);
    Pixels<float> out(kBoundWidth, kBoundHeight, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Result result;
    EXPECT_OK(run(session, in_.image, out.image, error, nullptr, result.out()));
    MIRRA_STRUCT(mirra_value, estimated);
    EXPECT_OK(mirra_result_find(result.get(), "sigma_estimated", &estimated, error));
    // A part of the brightness may have six times the variance of the whole, and chance adds a third.
    const double sigma = std::sqrt(6.0) * estimated.real / 255, most_of_cell = std::sqrt(1.3) * sigma;
    ASSERT_LT(estimated.real / 255, 2 * kSigma) << "some texture counts as noise";
    EXPECT_GT(mean_square(in_.samples, out.samples), 0.2 * kSigma * kSigma) << "noise is taken";
    for (std::int32_t top = 0; top < kBoundHeight; top += 8)
        for (std::int32_t left = 0; left < kBoundWidth; left += 8) {
            double taken = 0, most = 0;
            std::size_t count = 0;
            for (std::int32_t y = top; y < std::min(top + 8, kBoundHeight); ++y)
                for (std::int32_t x = 3 * left; x < 3 * std::min(left + 8, kBoundWidth); ++x, ++count) {
                    const auto at = static_cast<std::size_t>(y * kBoundWidth * 3 + x);
                    const double change = in_.samples[at] - out.samples[at];
                    taken += change * change;
                    most = std::max(most, std::abs(change));
                }
            ASSERT_LT(std::sqrt(taken / static_cast<double>(count)), 1.01 * most_of_cell)
                << left << ", " << top;
            ASSERT_LT(most, 4.01 * sigma);
        }
}

TEST_F(PluginDenoiserBound, TilesEqualTheWhole) {
    for (const Parameters &parameters : {Parameters{}, {{"detail", "0.7"}}, {{"luminance", "0.4"}}}) {
        const Floats whole = with(parameters);
        EXPECT_LT(largest_difference(whole, with(parameters, 48)), 1e-6);
        EXPECT_LT(largest_difference(whole, with(parameters, 64)), 1e-6);
        EXPECT_NE(whole, in_.samples);
    }
}

TEST_F(PluginDenoiserBound, AStatedLevelIsFollowed) {
    const Parameters stated{{"sigma", "40"}};
    const Floats out = denoised(in_, stated, {.blur = true});
    EXPECT_GT(mean_square(in_.samples, out), 10 * kSigma * kSigma);
}

/// What lies under alpha 0 changes nothing that is seen, and stays.
TEST(PluginDenoiserHidden, ColorsChangeNothing) {
    static constexpr std::int32_t kSide = 96;
    const auto cut_out = [](std::uint8_t hidden) {
        auto pixels = std::make_unique<Pixels<std::uint8_t>>(kSide, kSide, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U8);
        const Floats colors = textured(kSide, kSide, 3, 12.0 / 255);
        for (std::size_t i = 0; i < kSide * kSide; ++i) {
            const double x = static_cast<double>(i % kSide) - 40, y = static_cast<double>(i / kSide) - 45;
            const double alpha = std::clamp(36 - std::hypot(x, y), 0.0, 1.0);
            for (std::size_t c = 0; c < 3; ++c)
                pixels->samples[4 * i + c] =
                    alpha > 0 ? static_cast<std::uint8_t>(255 * std::clamp(colors[3 * i + c], 0.0F, 1.0F))
                              : hidden;
            pixels->samples[4 * i + 3] = static_cast<std::uint8_t>(255 * alpha);
        }
        return pixels;
    };
    const auto dark = cut_out(0), bright = cut_out(255);
    for (const Parameters &parameters :
         {Parameters{}, {{"sigma", "12"}}, {{"sigma", "12"}, {"detail", "1"}}}) {
        const auto one = denoised(*dark, parameters), other = denoised(*bright, parameters);
        for (std::size_t i = 0; i < one.size(); ++i) {
            const bool visible = dark->samples[i | 3U] > 0;
            ASSERT_EQ(one[i], visible ? other[i] : dark->samples[i]) << i;
            if (!visible) {
                ASSERT_EQ(other[i], bright->samples[i]) << i;
            }
        }
        EXPECT_EQ(one, denoised(*dark, parameters, {.blur = true}, 32)) << "tiles";
    }
    EXPECT_EQ(dark->samples, denoised(*dark, {{"strength", "0"}}));
}

TEST(PluginTemplate, MultipliesPixels) {
    const Engine engine = make_engine(MIRRA_TEST_TEMPLATE);
    const Session session = make_session(engine, Bundle(), 0, "gain");
    EXPECT_OK(mirra_session_set_text(session.get(), "gain", "1.5", error));
    Pixels<std::uint8_t> in(5, 4, MIRRA_COLOR_GRAY_ALPHA, MIRRA_FORMAT_U8);
    in.samples.assign(in.samples.size(), 100);
    EXPECT_OK(run(session, in.image, in.image, error));
    EXPECT_EQ(150, in.samples[0]);
    EXPECT_EQ(100, in.samples[1]) << "alpha";
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_set_text(session.get(), "gain", "9", error));
}

} // namespace
} // namespace mirra::test
