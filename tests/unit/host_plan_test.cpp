// What a session settles before it runs: precision, tiles; and the estimate of noise.
#include "noise.hpp"
#include "run_plan.hpp"

#include "mirra/error.hpp"
#include "throws.hpp"

#include <gmock/gmock.h>

#include <sstream>

namespace mirra::host {
namespace {

using runtime::Precision;

TEST(HostPlan, APrecisionThatTheDeviceLacksIsRefused) {
    runtime::DeviceInfo device;
    device.id = "cpu";
    device.precisions = {Precision::fp32, Precision::bf16};
    EXPECT_EQ(choose_precision(Precision::bf16, device, nullptr).precision, Precision::bf16);
    try {
        choose_precision(Precision::fp16, device, nullptr);
        FAIL() << "accepted";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_THAT(error.what(),
                    ::testing::AllOf(::testing::HasSubstr("cpu"), ::testing::HasSubstr("fp16")));
        EXPECT_EQ(error.hint(), "It has: fp32, bf16.");
    }
}

runtime::Bf16Speed speed_of(const std::string &text) {
    std::istringstream description(text);
    return runtime::bf16_speed(runtime::detail::read_cpu(description));
}

TEST(HostPlan, Bf16PaysWhereItWasMeasuredToPay) {
    const std::string intel = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nflags\t\t: ";
    const std::string amd = "vendor_id\t: AuthenticAMD\nmodel name\t: EPYC\nflags\t\t: ";
    EXPECT_TRUE(speed_of(intel + "avx512f avx512_bf16 amx_bf16 amx_tile\n").pays);
    EXPECT_TRUE(speed_of(amd + "avx512f avx512_bf16\n").pays);
    EXPECT_FALSE(speed_of(intel + "avx512f avx512_bf16 avx512_fp16\n").pays);
    EXPECT_FALSE(speed_of("vendor_id\t: Another\nflags\t\t: avx512_bf16\n").pays);
    EXPECT_FALSE(speed_of(amd + "avx2\nflags\t\t: avx512_bf16\n").pays) << "the first processor counts";
    EXPECT_FALSE(speed_of("").pays);
}

TEST(HostPlan, AProcessorHasNoMoreThanItsLibrariesAreHeldTo) {
    const std::string all = "sse4_1 avx avx2 avx512f avx512_bf16 avx512_fp16 amx_bf16";
    const auto held = [&](const char *most) { return runtime::detail::flags_within(all, most); };
    EXPECT_EQ(held("SSE41"), "sse4_1 avx");
    EXPECT_EQ(held("avx2_vnni"), "sse4_1 avx avx2");
    EXPECT_EQ(held("AVX512_CORE"), "sse4_1 avx avx2 avx512f");
    EXPECT_EQ(held("AVX512_CORE_BF16"), "sse4_1 avx avx2 avx512f avx512_bf16");
    EXPECT_EQ(held("AVX512_CORE_FP16"), "sse4_1 avx avx2 avx512f avx512_bf16 avx512_fp16");
    for (const char *most : {"AVX512_CORE_AMX", "ALL", "", "what oneDNN does not know"})
        EXPECT_EQ(held(most), all);
}

TEST(HostPlan, AutomaticPrecisionTakesWhatIsFasterAndSaysWhy) {
    runtime::DeviceInfo device;
    device.id = "cpu";
    device.precisions = {Precision::fp32, Precision::bf16};
    bundle::Manifest manifest;
    manifest.precision_loss["bf16"] = 0.001;
    const auto slow = choose_precision(Precision::automatic, device, &manifest, {false, "slower in it"});
    EXPECT_EQ(slow.precision, Precision::fp32);
    EXPECT_EQ(slow.reason, "slower in it");
    const auto fast = choose_precision(Precision::automatic, device, &manifest, {true, "faster in it"});
    EXPECT_EQ(fast.precision, Precision::bf16);
    EXPECT_THAT(fast.reason, ::testing::StartsWith("faster in it and the bundle loses 0.001 dB"));
    const auto asked = choose_precision(Precision::bf16, device, &manifest, {false, "slower in it"});
    EXPECT_EQ(asked.precision, Precision::bf16) << "what was asked for is taken";
    device.id = "cuda:0";
    EXPECT_EQ(choose_precision(Precision::automatic, device, &manifest).precision, Precision::bf16);
}

TEST(HostPlan, PicturesOfOneSizeArePlannedOnce) {
    const PluginTask task;
    SessionState session;
    session.entry.task = &task;
    const host::Setup setup;
    MemoryShares shares;
    const auto first = plan_run(session, setup, shares, 400, 300, {});
    EXPECT_EQ(first, plan_run(session, setup, shares, 400, 300, {}));
    EXPECT_NE(first, plan_run(session, setup, shares, 300, 400, {}));
    shares.available = std::uint64_t{1} << 30;
    const auto limited = plan_run(session, setup, shares, 300, 400, {});
    EXPECT_EQ(limited->key.available, shares.available);
    EXPECT_GT(limited->arena_bytes, 0U);
    host::Setup other;
    other.extra_bytes_per_pixel = 64;
    EXPECT_GT(plan_run(session, other, shares, 300, 400, {})->tiles.peak_bytes, limited->tiles.peak_bytes);
}

TEST(HostPlan, TheProcessorHoldsNoTileBesideItsTensors) {
    const PluginTask task;
    SessionState session;
    session.entry.task = &task;
    session.options.threads = 2;
    const auto beside = [&](const char *device, std::int64_t width, const host::Setup &setup) {
        session.device = device;
        session.last_plan = nullptr; // sessions keep their device
        const runtime::TilePlan &tiles = plan_run(session, setup, {}, width, 512, {})->tiles;
        return tiles.peak_bytes - tiles.tensor_bytes;
    };
    const auto per_pixel = [&](const char *device, const host::Setup &setup = {}) {
        return (beside(device, 1024, setup) - beside(device, 512, setup)) / (512 * 512);
    };
    EXPECT_EQ(per_pixel("cpu"), 0U);
    EXPECT_EQ(per_pixel("cuda:0"), 32U) << "samples in and out";
    host::Setup pieces;
    pieces.piece_bytes_per_pixel = 6;
    EXPECT_EQ(per_pixel("cpu", pieces), 6U + 16U) << "a piece is brought to floats as a whole";
    session.options.threads = 4;
    const std::uint64_t four = beside("cpu", 512, {});
    session.options.threads = 2;
    EXPECT_EQ(four - beside("cpu", 512, {}), 2U << 19) << "bands of two threads more";
}

TEST(HostPlan, TheEstimateOfNoiseLooksForCancellation) {
    const image::Image picture(2100, 2100, 1, image::SampleType::u8);
    int calls = 0;
    estimate_noise_level(picture.view(), [&] { ++calls; });
    EXPECT_EQ(6, calls) << "before each of five regions, and at the end";
    const auto stop = [] { throw Error(ErrorCode::cancelled, "stop"); };
    EXPECT_THAT([&] { static_cast<void>(estimate_noise_level(picture.view(), stop)); },
                mirra::test::throws_error(ErrorCode::cancelled, "stop"));
}

} // namespace
} // namespace mirra::host
