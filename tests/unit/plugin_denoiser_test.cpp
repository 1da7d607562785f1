// The denoiser's rules for sigma and strength, and the template plugin. The test network adds the noise level
// to the image.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <optional>

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

TEST(PluginDenoiser, AutoTellsTheNetworkThatTheLevelIsUnknown) {
    const Outcome outcome = denoise({}, {});
    EXPECT_NEAR(0.5 + graph::kUnknownNoiseLevel, outcome.value, 1e-6);
    ASSERT_TRUE(outcome.sigma_estimated.has_value());
    EXPECT_NEAR(0, *outcome.sigma_estimated, 0.5);
}

TEST(PluginDenoiser, AutoFeedsTheEstimateWhereTheBundleSaysSo) {
    const Outcome outcome = denoise({.defaults = R"({"auto_noise_level": "estimated"})"}, {});
    ASSERT_TRUE(outcome.sigma_estimated.has_value());
    EXPECT_NEAR(0.5 + *outcome.sigma_estimated / 255, outcome.value, 1e-6);
}

TEST(PluginDenoiser, AnImageTooSmallToMeasureIsStillDenoised) {
    const Outcome outcome = denoise({.defaults = R"({"auto_noise_level": "estimated"})"}, {}, 5);
    EXPECT_FALSE(outcome.sigma_estimated.has_value());
    EXPECT_NEAR(0.5 + graph::kUnknownNoiseLevel, outcome.value, 1e-6);
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

TEST(PluginDenoiser, ABlindNetworkTakesNoLevel) {
    EXPECT_NEAR(0.5, denoise({.noise_level = false}, {}).value, 1e-6);
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
