// What each shipped task does to linear light beyond 0 ... 1: docs/reference/tasks.md says it.
#include "stylizer_support.hpp"

#include <algorithm>

namespace mirra::test {
namespace {

constexpr std::size_t kBright = 30, kDark = 60;

std::unique_ptr<Floats> linear(std::unique_ptr<Floats> image) {
    image->image.transfer = MIRRA_TRANSFER_LINEAR;
    return image;
}

/// A picture with one sample that bright, and one below 0.
std::unique_ptr<Floats> lit(float bright) {
    auto out = linear(picture(16, 16));
    out->samples[kBright] = bright;
    out->samples[kDark] = -0.5F;
    return out;
}

void expect_within(const std::vector<float> &samples) {
    EXPECT_TRUE(std::ranges::all_of(samples, [](float value) { return value >= 0 && value <= 1; }));
}

TEST(LightBeyondOne, IsClippedByDenoise) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle(); // its output is its input, and a little more
    const Session session = make_session(engine, bundle);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "10", error));
    const auto in = lit(4), out = linear(picture(16, 16));
    EXPECT_OK(run(session, in->image, out->image, error));
    expect_within(out->samples);
    EXPECT_EQ(1, out->samples[kBright]);
    EXPECT_EQ(0, out->samples[kDark]);
}

TEST(LightBeyondOne, IsSeenByStylizeWhoseResultIsWithin) {
    const Bundle bundle = make_stylizer();
    Stylizer task(MIRRA_TEST_RUNTIME, bundle);
    const auto style = picture(16, 16, 1), out = linear(picture(16, 16));
    const auto stylized = [&](float bright) {
        EXPECT_OK(task.run(*lit(bright), *out, {{{"style", &style->image}}, {}}, error));
        expect_within(out->samples);
        return out->samples;
    };
    EXPECT_NE(stylized(1), stylized(4));
}

TEST(LightBeyondOne, IsSeenByInvertWhoseResultIsWithin) {
    const Bundle bundle = make_inverter();
    Inverter task(MIRRA_TEST_RUNTIME, bundle);
    const auto out = linear(picture(16, 16));
    const auto inverted = [&](float bright) {
        EXPECT_OK(task.run(*lit(bright), *out, {}, error));
        expect_within(out->samples);
        return out->samples;
    };
    EXPECT_NE(inverted(1), inverted(4));
}

TEST(LightBeyondOne, IsSeenByDetect) {
    const Engine engine = make_engine();
    const Bundle bundle = make_anomaly();
    const Session session = make_session(engine, bundle, 0, "detect");
    const auto score = [&](float bright) {
        const auto in = linear(plain(16, 16, bright, bright, bright));
        const mirra_port_value ports[] = {port("image", in->image)};
        Result result;
        EXPECT_OK(mirra_session_run(session.get(), ports, 1, nullptr, result.out(), error));
        MIRRA_STRUCT(mirra_value, value);
        EXPECT_OK(mirra_result_find(result.get(), "score", &value, error));
        EXPECT_TRUE(std::isfinite(value.real));
        return value.real;
    };
    EXPECT_NE(score(1), score(4));
}

TEST(LightBeyondOne, IsSeenByStylePrepare) {
    const Bundle bundle = make_stylizer();
    Preparer task(MIRRA_TEST_RUNTIME, bundle);
    EXPECT_NE(task.prepare(*lit(1)), task.prepare(*lit(4)));
}

} // namespace
} // namespace mirra::test
