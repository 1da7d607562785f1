// Sessions: parameters, plans, and images of every layout through the same network.
#include "capi_test_support.hpp"

#include "mirra/cpu_device.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <random>
#include <thread>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

constexpr float kLevel = 0.2F; // sigma 51

Session stated_session(const Engine &engine, const Bundle &bundle, std::int32_t tile_size = 0) {
    Session session = make_session(engine, bundle, tile_size);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "51", error));
    return session;
}

template<class Sample> void fill_random(std::vector<Sample> &samples, double scale) {
    std::mt19937 random(7);
    std::uniform_real_distribution<double> unit(0, 1);
    for (Sample &sample : samples) sample = static_cast<Sample>(unit(random) * scale);
}

float expected(float x) {
    return std::min(x + kLevel, 1.0F);
}

TEST(CapiSession, ParametersAreSetGetAndChecked) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    MIRRA_STRUCT(mirra_value, value);
    EXPECT_OK(mirra_session_get(session.get(), "sigma", &value, error));
    EXPECT_EQ(MIRRA_TYPE_ENUM, value.type);
    EXPECT_STREQ("auto", value.text);
    value.type = MIRRA_TYPE_INT;
    value.integer = 25;
    EXPECT_OK(mirra_session_set(session.get(), "sigma", &value, error));
    EXPECT_OK(mirra_session_get(session.get(), "sigma", &value, error));
    EXPECT_EQ(MIRRA_TYPE_FLOAT, value.type);
    EXPECT_EQ(25.0, value.real);
    value.real = 101;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_set(session.get(), "sigma", &value, error));
    value.type = 99;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_set(session.get(), "sigma", &value, error));
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_session_set_text(session.get(), "gamma", "1", error));
    EXPECT_OK(mirra_session_get(session.get(), "sigma", &value, error));
    EXPECT_EQ(25.0, value.real) << "a refused value changes nothing";
}

TEST(CapiSession, TheBundlesDefaultsComeFirst) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.defaults = R"({"strength": 0.5, "sigma": 30})"});
    const Session session = make_session(engine, bundle);
    MIRRA_STRUCT(mirra_value, value);
    EXPECT_OK(mirra_session_get(session.get(), "strength", &value, error));
    EXPECT_EQ(0.5, value.real);
    EXPECT_OK(mirra_session_get(session.get(), "sigma", &value, error));
    EXPECT_EQ(30.0, value.real);
}

TEST(CapiSession, WrongOptionsAreRefused) {
    const Engine engine = make_engine();
    const Bundle other = make_bundle({.task = "stylize"});
    MIRRA_STRUCT(mirra_session_options, options);
    options.bundle = other.get();
    Session session;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_create(engine.get(), &options, session.out(), error));
    options.task = "nothing";
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_session_create(engine.get(), &options, session.out(), error));
    options.task = "denoise";
    EXPECT_STATUS(MIRRA_E_MISMATCH, mirra_session_create(engine.get(), &options, session.out(), error));
    const Bundle right = make_bundle();
    options.bundle = right.get();
    options.device = "abacus";
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_session_create(engine.get(), &options, session.out(), error));
    options.device = nullptr;
    options.precision = 9;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_create(engine.get(), &options, session.out(), error));
    options.precision = 0;
    for (const std::int32_t threads : {-1, 1025, 1000000, INT32_MAX}) {
        options.threads = threads;
        EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                      mirra_session_create(engine.get(), &options, session.out(), error));
    }
    options.threads = 0;
    options.tile_size = -1;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_create(engine.get(), &options, session.out(), error));
}

TEST(CapiSession, EightBitRgb) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = stated_session(engine, bundle);
    Pixels<std::uint8_t> in(13, 7, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Pixels<std::uint8_t> out(13, 7, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    fill_random(in.samples, 255);
    EXPECT_OK(run(session, in.image, out.image, error));
    for (std::size_t i = 0; i < in.samples.size(); ++i) {
        ASSERT_EQ(std::min(in.samples[i] + 51, 255), out.samples[i]) << i;
    }
}

TEST(CapiSession, SixteenBitsKeepTheirPrecision) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = stated_session(engine, bundle);
    Pixels<std::uint16_t> in(5, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U16);
    Pixels<std::uint16_t> out(5, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U16);
    fill_random(in.samples, 50000);
    EXPECT_OK(run(session, in.image, out.image, error));
    for (std::size_t i = 0; i < in.samples.size(); ++i)
        ASSERT_NEAR(in.samples[i] + 13107, out.samples[i], 1) << i;
}

/// The same pixels in the other byte order.
void swap_bytes(Pixels<std::uint16_t> &pixels) {
    for (auto &sample : pixels.samples) sample = static_cast<std::uint16_t>(sample << 8 | sample >> 8);
    pixels.image.format =
        pixels.image.format == MIRRA_FORMAT_U16 ? MIRRA_FORMAT_U16_SWAPPED : MIRRA_FORMAT_U16;
}

TEST(CapiSession, SixteenBitsInEitherByteOrderAreTheSame) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = stated_session(engine, bundle);
    for (const mirra_color color :
         {MIRRA_COLOR_GRAY, MIRRA_COLOR_GRAY_ALPHA, MIRRA_COLOR_RGB, MIRRA_COLOR_RGBA}) {
        Pixels<std::uint16_t> in(37, 21, color, MIRRA_FORMAT_U16), expected(37, 21, color, MIRRA_FORMAT_U16);
        fill_random(in.samples, 50000);
        in.samples.back() = 0; // of RGBA, a pixel that cannot be seen
        EXPECT_OK(run(session, in.image, expected.image, error));
        for (const bool swapped_in : {false, true})
            for (const bool swapped_out : {false, true}) {
                Pixels<std::uint16_t> given(37, 21, color, MIRRA_FORMAT_U16),
                    made(37, 21, color, MIRRA_FORMAT_U16);
                std::ranges::copy(in.samples, given.samples.begin());
                if (swapped_in) swap_bytes(given);
                if (swapped_out) made.image.format = MIRRA_FORMAT_U16_SWAPPED;
                EXPECT_OK(run(session, given.image, made.image, error));
                if (swapped_out) swap_bytes(made);
                EXPECT_EQ(expected.samples, made.samples) << color << swapped_in << swapped_out;
            }
        swap_bytes(in);
        EXPECT_OK(run(session, in.image, in.image, error)); // the result over the picture
        swap_bytes(in);
        EXPECT_EQ(expected.samples, in.samples) << color;
    }
}

TEST(CapiSession, GrayGoesThroughAsRgbAndComesBackAsGray) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = stated_session(engine, bundle);
    Pixels<float> in(6, 5, MIRRA_COLOR_GRAY, MIRRA_FORMAT_F32);
    Pixels<float> out(6, 5, MIRRA_COLOR_GRAY, MIRRA_FORMAT_F32);
    fill_random(in.samples, 1);
    EXPECT_OK(run(session, in.image, out.image, error));
    for (std::size_t i = 0; i < in.samples.size(); ++i)
        ASSERT_NEAR(expected(in.samples[i]), out.samples[i], 1e-6) << i;
}

TEST(CapiSession, AlphaIsLeftAsItIs) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = stated_session(engine, bundle);
    Pixels<float> in(4, 4, MIRRA_COLOR_RGBA, MIRRA_FORMAT_F32);
    Pixels<float> out(4, 4, MIRRA_COLOR_RGBA, MIRRA_FORMAT_F32);
    fill_random(in.samples, 1);
    EXPECT_OK(run(session, in.image, out.image, error));
    for (std::size_t i = 0; i < in.samples.size(); ++i) {
        ASSERT_NEAR(i % 4 == 3 ? in.samples[i] : expected(in.samples[i]), out.samples[i], 1e-6) << i;
    }
}

TEST(CapiSession, PremultipliedColourIsDividedOutAndMultipliedIn) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = stated_session(engine, bundle);
    Pixels<float> in(2, 1, MIRRA_COLOR_RGBA, MIRRA_FORMAT_F32);
    Pixels<float> out(2, 1, MIRRA_COLOR_RGBA, MIRRA_FORMAT_F32);
    in.image.alpha_mode = out.image.alpha_mode = MIRRA_ALPHA_PREMULTIPLIED;
    in.samples = {0.2F, 0.1F, 0.0F, 0.5F, 0.0F, 0.0F, 0.0F, 0.0F};
    EXPECT_OK(run(session, in.image, out.image, error));
    const std::vector<float> want{0.3F, 0.2F, 0.1F, 0.5F, 0.0F, 0.0F, 0.0F, 0.0F};
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(want[i], out.samples[i], 1e-6) << i;
}

TEST(CapiSession, LinearLightIsBroughtToTheCurveAndBack) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = stated_session(engine, bundle);
    Pixels<float> in(1, 1, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Pixels<float> out(1, 1, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    in.image.transfer = out.image.transfer = MIRRA_TRANSFER_LINEAR;
    in.samples = {0.2140411F, 0.0F, 1.0F}; // 0.5, 0 and 1 on the curve
    EXPECT_OK(run(session, in.image, out.image, error));
    EXPECT_NEAR(0.4479884F, out.samples[0], 1e-5); // 0.7 on the curve
    EXPECT_NEAR(0.0331048F, out.samples[1], 1e-5); // 0.2
    EXPECT_NEAR(1.0F, out.samples[2], 1e-5);
}

TEST(CapiSession, PlanesAndNegativeStridesGiveTheSamePixels) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.blur = true});
    const Session session = stated_session(engine, bundle);
    constexpr std::int32_t kWidth = 9, kHeight = 6;
    Pixels<float> in(kWidth, kHeight, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Pixels<float> want(kWidth, kHeight, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    fill_random(in.samples, 1);
    EXPECT_OK(run(session, in.image, want.image, error));

    std::vector<float> planes(in.samples.size()); // three planes, bottom up
    std::vector<float> out(in.samples.size());
    const auto plane_place = [](std::int32_t x, std::int32_t y, std::int32_t c) {
        return static_cast<std::size_t>((c * kHeight + kHeight - 1 - y) * kWidth + x);
    };
    const auto packed_place = [](std::int32_t x, std::int32_t y, std::int32_t c) {
        return static_cast<std::size_t>((y * kWidth + x) * 3 + c);
    };
    mirra_image in_planes = in.image;
    mirra_image out_planes = in.image;
    in_planes.plane_count = out_planes.plane_count = 3;
    in_planes.flags = out_planes.flags = 0;
    for (std::int32_t c = 0; c < 3; ++c) {
        const std::int64_t row = -static_cast<std::int64_t>(kWidth * sizeof(float));
        in_planes.planes[c] = {&planes[plane_place(0, 0, c)], sizeof(float), row};
        out_planes.planes[c] = {&out[plane_place(0, 0, c)], sizeof(float), row};
        for (std::int32_t y = 0; y < kHeight; ++y) {
            for (std::int32_t x = 0; x < kWidth; ++x) {
                planes[plane_place(x, y, c)] = in.samples[packed_place(x, y, c)];
            }
        }
    }
    EXPECT_OK(run(session, in_planes, out_planes, error));
    for (std::int32_t c = 0; c < 3; ++c) {
        for (std::int32_t y = 0; y < kHeight; ++y) {
            for (std::int32_t x = 0; x < kWidth; ++x) {
                ASSERT_EQ(want.samples[packed_place(x, y, c)], out[plane_place(x, y, c)]);
            }
        }
    }
}

TEST(CapiSession, TilesEqualTheWhole) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.blur = true});
    Pixels<float> in(61, 47, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    fill_random(in.samples, 0.7);
    Pixels<float> whole(61, 47, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    EXPECT_OK(run(stated_session(engine, bundle), in.image, whole.image, error));
    Pixels<float> tiled(61, 47, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Result result;
    EXPECT_OK(run(stated_session(engine, bundle, 16), in.image, tiled.image, error, nullptr, result.out()));
    MIRRA_STRUCT(mirra_result_info, info);
    EXPECT_OK(mirra_result_get_info(result.get(), &info, error));
    EXPECT_GT(info.tile_count, 8U);
    EXPECT_EQ(whole.samples, tiled.samples);
}

Session threaded_session(const Engine &engine, const Bundle &bundle, std::int32_t threads) {
    mirra_session_options options = session_options("denoise", bundle, 0);
    options.threads = threads;
    Session session;
    EXPECT_OK(mirra_session_create(engine.get(), &options, session.out(), error));
    return session;
}

TEST(CapiSession, ThreadsMakeNoDifference) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.blur = true}); // its noise is measured, and bounds the change
    Pixels<std::uint16_t> in(701, 523, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U16);
    fill_random(in.samples, 60000);
    std::vector<std::vector<std::uint16_t>> out;
    for (const std::int32_t threads : {1, 2, 5}) {
        Pixels<std::uint16_t> one(701, 523, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U16);
        for (mirra_image *image : {&in.image, &one.image}) {
            image->alpha_mode = MIRRA_ALPHA_PREMULTIPLIED;
            image->transfer = MIRRA_TRANSFER_LINEAR;
        }
        EXPECT_OK(run(threaded_session(engine, bundle, threads), in.image, one.image, error));
        out.push_back(one.samples);
    }
    EXPECT_NE(in.samples, out[0]);
    EXPECT_EQ(out[0], out[1]);
    EXPECT_EQ(out[0], out[2]);
}

TEST(CapiSession, TilesThatAreLittleButOverlapAreToldOfOnce) {
    std::vector<std::string> told;
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = MIRRA_TEST_PLUGINS;
    options.runtime_module = MIRRA_TEST_RUNTIME;
    options.log_level = MIRRA_LOG_WARNING;
    options.log = [](void *user, mirra_log_level, const char *message) {
        static_cast<std::vector<std::string> *>(user)->emplace_back(message);
    };
    options.log_user = &told;
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    const Bundle bundle = make_bundle({.blur = true}); // of 5 x 5 pixels
    Pixels<std::uint8_t> in(12, 11, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    for (const std::int32_t enough : {0, 5, 8}) {
        const Session session = make_session(engine, bundle, enough);
        EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "10", error));
        EXPECT_OK(run(session, in.image, in.image, error));
    }
    EXPECT_TRUE(told.empty()) << told.front();
    const Session session = make_session(engine, bundle, 2);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "10", error));
    for (int i = 0; i < 2; ++i) EXPECT_OK(run(session, in.image, in.image, error));
    ASSERT_EQ(1U, told.size());
    EXPECT_THAT(told[0], HasSubstr("of 5 pixels, of which 4 overlap, since its network needs more than the "
                                   "tile size 2: that is slow. The smallest useful tile size is 8"));
}

TEST(CapiSession, TheOutputMayBeTheInput) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.blur = true});
    const Session session = stated_session(engine, bundle, 16);
    Pixels<std::uint8_t> in(40, 33, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U8);
    fill_random(in.samples, 255);
    Pixels<std::uint8_t> out(40, 33, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U8);
    EXPECT_OK(run(session, in.image, out.image, error));
    EXPECT_OK(run(session, in.image, in.image, error));
    EXPECT_EQ(out.samples, in.samples);
}

TEST(CapiSession, PortsAreChecked) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> in(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Pixels<std::uint8_t> small(4, 3, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    EXPECT_STATUS(MIRRA_E_MISMATCH, run(session, in.image, small.image, error));
    const mirra_port_value only = port("image", in.image);
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_run(session.get(), &only, 1, nullptr, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_run(session.get(), nullptr, 0, nullptr, nullptr, error));
    const mirra_port_value twice[] = {port("image", in.image), port("image", in.image)};
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_session_run(session.get(), twice, 2, nullptr, nullptr, error));
    const mirra_port_value unknown[] = {port("image", in.image), port("picture", in.image)};
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_session_run(session.get(), unknown, 2, nullptr, nullptr, error));
}

TEST(CapiSession, AReservedFieldOfAPortIsNotIgnored) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> in(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    mirra_port_value ports[] = {port("image", in.image), port("output", in.image)};
    ports[1].reserved = 1;
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, mirra_session_run(session.get(), ports, 2, nullptr, nullptr, error));
}

TEST(CapiSession, BadImagesAreRefused) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> in(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Pixels<std::uint8_t> out(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    const auto refused = [&](void (*damage)(mirra_image &)) {
        mirra_image image = in.image;
        damage(image);
        EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, run(session, image, out.image, error));
    };
    refused([](mirra_image &i) { i.struct_size = 0; });
    refused([](mirra_image &i) { i.width = 0; });
    refused([](mirra_image &i) { i.height = -4; });
    refused([](mirra_image &i) { i.format = 0; });
    refused([](mirra_image &i) { i.color = 5; });
    refused([](mirra_image &i) { i.alpha_mode = 2; });
    refused([](mirra_image &i) { i.transfer = -1; });
    refused([](mirra_image &i) { i.plane_count = 2; });
    refused([](mirra_image &i) { i.plane_count = 3; }); // its planes are NULL
    refused([](mirra_image &i) { i.planes[0].data = nullptr; });
    refused([](mirra_image &i) { i.planes[0].row_stride = 12; }); // beside the flag
    for (const std::int64_t row : {std::int64_t{1}, INT64_MAX, INT64_MIN}) {
        mirra_image image = in.image;
        image.flags = 0;
        image.planes[0].pixel_stride = 3;
        image.planes[0].row_stride = row;
        EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, run(session, image, out.image, error));
    }
    refused([](mirra_image &i) { i.icc_bytes = 9; });
}

TEST(CapiSession, ThePlanSaysWhatARunWillDo) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.blur = true});
    const Session session = make_session(engine, bundle, 64);
    MIRRA_STRUCT(mirra_plan, plan);
    EXPECT_OK(mirra_session_plan(session.get(), 300, 200, &plan, error));
    EXPECT_EQ(1, plan.fits);
    EXPECT_LE(plan.tile_width, 64);
    EXPECT_LE(plan.tile_height, 64);
    EXPECT_EQ(2 + 7, plan.halo_left) << "of the network, and of cells that tiles share where its grid is 1";
    EXPECT_EQ(1, plan.alignment);
    EXPECT_STREQ("cpu", plan.device);
    EXPECT_EQ(MIRRA_PRECISION_FP32, plan.precision);
    EXPECT_STRNE("", plan.precision_reason);
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_plan(session.get(), 0, 200, &plan, error));

    Pixels<std::uint8_t> in(300, 200, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Result result;
    EXPECT_OK(run(session, in.image, in.image, error, nullptr, result.out()));
    MIRRA_STRUCT(mirra_result_info, info);
    EXPECT_OK(mirra_result_get_info(result.get(), &info, error));
    EXPECT_EQ(plan.tile_count, info.tile_count);
    EXPECT_LE(info.peak_bytes, plan.peak_bytes);
    EXPECT_GT(info.seconds, 0);
    EXPECT_EQ(0U, info.multiply_accumulates) << "a picture without noise is left alone";
    const auto peak = info.peak_bytes;
    for (int again = 0; again < 3; ++again) {
        Result next;
        EXPECT_OK(run(session, in.image, in.image, error, nullptr, next.out()));
        EXPECT_OK(mirra_result_get_info(next.get(), &info, error));
        EXPECT_EQ(peak, info.peak_bytes) << "of this run, not of those before";
    }

    constexpr std::uint64_t kWeights = 3 * 4 * 5 * 5; // of the network's one convolution
    for (int again = 0; again < 2; ++again) {
        EXPECT_OK(mirra_image_add_noise(&in.image, 25, 1, error));
        Result next;
        EXPECT_OK(run(session, in.image, in.image, error, nullptr, next.out()));
        EXPECT_OK(mirra_result_get_info(next.get(), &info, error));
        EXPECT_GE(info.multiply_accumulates, 300 * 200 * kWeights);
        EXPECT_LT(info.multiply_accumulates, 2 * 300 * 200 * kWeights) << "tiles overlap, runs do not add up";
    }
}

struct Limited {
    Session session;
    mirra_plan plan{};
};

/// A session with a memory limit and a stated level, for which small tiles see no more than the network, and
/// its plan for 400 x 300 pixels.
Limited limited_session(const Engine &engine, const Bundle &bundle, std::uint64_t limit,
                        std::int32_t tile_size = 0) {
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    options.bundle = bundle.get();
    options.memory_limit = limit;
    options.tile_size = tile_size;
    Limited out;
    out.plan.struct_size = sizeof(mirra_plan);
    EXPECT_OK(mirra_session_create(engine.get(), &options, out.session.out(), error));
    EXPECT_OK(mirra_session_set_text(out.session.get(), "sigma", "5", error));
    EXPECT_OK(mirra_session_plan(out.session.get(), 400, 300, &out.plan, error));
    return out;
}

TEST(CapiSession, TheBytesNeededAreEnoughAndNotOneToSpare) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.blur = true});
    Pixels<std::uint8_t> in(400, 300, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    fill_random(in.samples, 255);
    Pixels<std::uint8_t> whole(400, 300, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    EXPECT_OK(run(limited_session(engine, bundle, 0).session, in.image, whole.image, error));
    for (const std::int32_t tile_size : {0, 64}) {
        const std::uint64_t needed = limited_session(engine, bundle, 1, tile_size).plan.required_bytes;
        const Limited fits = limited_session(engine, bundle, needed, tile_size);
        EXPECT_EQ(1, fits.plan.fits);
        EXPECT_GT(fits.plan.tile_count, 1U);
        EXPECT_LE(fits.plan.peak_bytes, needed);
        Pixels<std::uint8_t> out(400, 300, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
        EXPECT_OK(run(fits.session, in.image, out.image, error));
        EXPECT_EQ(whole.samples, out.samples);

        const Limited tight = limited_session(engine, bundle, needed - 1, tile_size);
        EXPECT_EQ(0, tight.plan.fits);
        EXPECT_EQ(needed, tight.plan.required_bytes);
        EXPECT_GT(needed, tight.plan.base_bytes);
        Failure failure;
        EXPECT_EQ(MIRRA_E_BUDGET, run(tight.session, in.image, out.image, failure.out()));
        EXPECT_THAT(message(failure), HasSubstr(std::to_string(needed)));
    }
}

TEST(CapiSession, ARunInPlaceNeedsItsCopyBesides) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.blur = true});
    const std::uint64_t needed = limited_session(engine, bundle, 1).plan.required_bytes;
    Pixels<std::uint8_t> in(400, 300, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    const std::uint64_t with_copy = needed + in.samples.size();
    Failure failure;
    EXPECT_EQ(MIRRA_E_BUDGET,
              run(limited_session(engine, bundle, needed).session, in.image, in.image, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr(std::to_string(with_copy)));
    EXPECT_OK(run(limited_session(engine, bundle, with_copy).session, in.image, in.image, error));
}

TEST(CapiSession, PrecisionIsChosenByMeasuredLoss) {
    const Engine engine = make_engine();
    MIRRA_STRUCT(mirra_device_info, cpu);
    EXPECT_OK(mirra_engine_device(engine.get(), 0, &cpu, error));
    const bool has_bf16 = (cpu.precisions & (1U << MIRRA_PRECISION_BF16)) != 0;
    const auto chosen = [&](std::map<std::string, double> loss, std::string &reason) {
        const Bundle bundle = make_bundle({.precision_loss = std::move(loss)});
        const Session session = make_session(engine, bundle);
        MIRRA_STRUCT(mirra_plan, plan);
        EXPECT_OK(mirra_session_plan(session.get(), 10, 10, &plan, error));
        reason = plan.precision_reason;
        return plan.precision;
    };
    std::string reason;
    EXPECT_EQ(MIRRA_PRECISION_FP32, chosen({}, reason));
    const bool pays = runtime::bf16_speed().pays;
    EXPECT_THAT(reason, HasSubstr(pays ? "not measured" : has_bf16 ? "slower in it" : "no bf16"));
    EXPECT_EQ(MIRRA_PRECISION_FP32, chosen({{"bf16", 0.5}}, reason));
    EXPECT_EQ(pays ? MIRRA_PRECISION_BF16 : MIRRA_PRECISION_FP32, chosen({{"bf16", 0.001}}, reason));
}

TEST(CapiSession, OutlivesItsEngineAndItsBundle) {
    Engine engine = make_engine();
    Bundle bundle = make_bundle();
    const Session session = stated_session(engine, bundle);
    *engine.out() = nullptr;
    *bundle.out() = nullptr;
    Pixels<std::uint8_t> in(3, 3, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    EXPECT_OK(run(session, in.image, in.image, error));
    EXPECT_EQ(51, in.samples[0]);
}

struct Seen {
    std::vector<double> fractions;
    std::vector<std::string> stages;
    std::uint64_t tiles = 0;
    std::size_t stop_after = SIZE_MAX;
};

std::int32_t see(void *user, const mirra_progress *progress) {
    auto &seen = *static_cast<Seen *>(user);
    seen.fractions.push_back(progress->fraction);
    if (seen.stages.empty() || seen.stages.back() != progress->stage)
        seen.stages.emplace_back(progress->stage);
    seen.tiles = std::max(seen.tiles, progress->tile_count);
    EXPECT_LE(progress->bytes_now, progress->bytes_peak);
    return seen.fractions.size() > seen.stop_after ? 1 : 0;
}

TEST(CapiSession, ProgressGoesUpAndCanStopTheRun) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.blur = true});
    const Session session = make_session(engine, bundle, 16);
    Pixels<std::uint8_t> in(64, 64, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Seen seen;
    MIRRA_STRUCT(mirra_run_options, options);
    options.progress = see;
    options.user = &seen;
    EXPECT_OK(run(session, in.image, in.image, error, &options));
    EXPECT_EQ((std::vector<std::string>{"prepare", "process", "finish"}), seen.stages);
    EXPECT_TRUE(std::is_sorted(seen.fractions.begin(), seen.fractions.end()));
    EXPECT_EQ(1.0, seen.fractions.back());
    EXPECT_EQ(seen.tiles + 2, seen.fractions.size());
    seen = {};
    seen.stop_after = 3;
    EXPECT_STATUS(MIRRA_E_CANCELLED, run(session, in.image, in.image, error, &options));
    EXPECT_EQ(4U, seen.fractions.size());
}

TEST(CapiSession, ACancelTokenIsSticky) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> in(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Cancel cancel;
    EXPECT_OK(mirra_cancel_create(cancel.out(), error));
    MIRRA_STRUCT(mirra_run_options, options);
    options.cancel = cancel.get();
    EXPECT_OK(run(session, in.image, in.image, error, &options));
    mirra_cancel_request(cancel.get());
    EXPECT_EQ(1, mirra_cancel_requested(cancel.get()));
    EXPECT_STATUS(MIRRA_E_CANCELLED, run(session, in.image, in.image, error, &options));
    EXPECT_STATUS(MIRRA_E_CANCELLED, run(session, in.image, in.image, error, &options));
}

TEST(CapiSession, MayBeDestroyedDuringItsRun) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    Session session = stated_session(engine, bundle, 16);
    mirra_session *const used = session.get();
    Pixels<std::uint8_t> in(64, 64, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    MIRRA_STRUCT(mirra_run_options, options);
    options.progress = [](void *user, const mirra_progress *) -> std::int32_t {
        std::thread([&] { *static_cast<Session *>(user) = Session(); }).join();
        return 0;
    };
    options.user = &session;
    const mirra_port_value ports[] = {port("image", in.image), port("output", in.image)};
    EXPECT_OK(mirra_session_run(used, ports, 2, &options, nullptr, error));
    EXPECT_EQ(std::vector<std::uint8_t>(in.samples.size(), 51), in.samples);
}

TEST(CapiSession, ACallbackThatUsesItsOwnSessionIsToldThatItIsBusy) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> in(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    MIRRA_STRUCT(mirra_run_options, options);
    options.progress = [](void *user, const mirra_progress *) -> std::int32_t {
        EXPECT_STATUS(MIRRA_E_BUSY,
                      mirra_session_set_text(static_cast<mirra_session *>(user), "sigma", "1", error));
        return 0;
    };
    options.user = session.get();
    EXPECT_OK(run(session, in.image, in.image, error, &options));
}

} // namespace
} // namespace mirra::test
