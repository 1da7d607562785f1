// Sessions on several GPUs, over a driver and a runtime that stand for them.
#include "gpus_support.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <deque>

namespace mirra::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int32_t kSize = 24;

/// A picture of one colour on its way through a session.
struct Sent {
    explicit Sent(std::uint8_t sample) : value(sample) { std::ranges::fill(in.samples, value); }
    void submit(const Session &session, const mirra_run_options *options = nullptr) {
        const mirra_port_value ports[] = {port("image", in.image), port("output", out.image)};
        EXPECT_OK(mirra_session_submit(session.get(), ports, 2, options, job.out(), error));
    }
    /// The device that made it; the network adds 25.5 / 255.
    std::string wait() {
        Result result;
        EXPECT_OK(mirra_job_wait(job.get(), -1, result.out(), error));
        for (const std::uint8_t sample : out.samples) EXPECT_NEAR(sample, value + 25.5, 0.51);
        MIRRA_STRUCT(mirra_result_info, info);
        EXPECT_OK(mirra_result_get_info(result.get(), &info, error));
        return info.device;
    }

    const std::uint8_t value;
    Pixels<std::uint8_t> in{kSize, kSize, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
    Pixels<std::uint8_t> out{kSize, kSize, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
    Job job;
};

std::deque<Sent> send(const Session &session, int count) {
    std::deque<Sent> sent;
    for (int i = 0; i < count; ++i) sent.emplace_back(static_cast<std::uint8_t>(10 * i)).submit(session);
    return sent;
}

/// How many of them each device made, in the order of the devices.
std::map<std::string, int> devices_of(std::deque<Sent> &sent) {
    std::map<std::string, int> counts;
    for (Sent &each : sent) ++counts[each.wait()];
    return counts;
}

TEST_F(Gpus, JobsAreSpreadOverAllAndEachHasItsOwnResult) {
    setenv("MIRRA_FAKE_DELAY_MS", "50", 1);
    const Session all = session("cuda:all");
    auto sent = send(all, 9);
    const auto counts = devices_of(sent);
    EXPECT_EQ(counts.size(), 3U);
    for (const auto &[device, count] : counts) EXPECT_EQ(count, 3) << device;
    MIRRA_STRUCT(mirra_session_info, info);
    EXPECT_OK(mirra_session_get_info(all.get(), &info, error));
    EXPECT_STREQ(info.device, "cuda:all");
}

TEST_F(Gpus, AListIsThoseAlone) {
    setenv("MIRRA_FAKE_DELAY_MS", "20", 1);
    auto sent = send(session("cuda:2,0"), 4);
    const auto counts = devices_of(sent);
    EXPECT_EQ(counts, (std::map<std::string, int>{{"cuda:0", 2}, {"cuda:2", 2}}));
}

TEST_F(Gpus, ClonesShareTheDevices) {
    setenv("MIRRA_FAKE_DELAY_MS", "50", 1);
    const Session one = session("cuda:all");
    Session other;
    EXPECT_OK(mirra_session_clone(one.get(), other.out(), error));
    auto sent = send(one, 1);
    sent.emplace_back(std::uint8_t{90}).submit(other);
    EXPECT_EQ(devices_of(sent).size(), 2U) << "what the other runs counts";
}

TEST_F(Gpus, ALostDeviceCostsNoJob) {
    setenv("MIRRA_FAKE_DELAY_MS", "20", 1);
    const Session all = session("cuda:all");
    setenv("MIRRA_FAKE_LOST", "cuda:1", 1);
    auto sent = send(all, 8);
    const auto counts = devices_of(sent);
    EXPECT_FALSE(counts.contains("cuda:1"));
    EXPECT_EQ(counts.size(), 2U);
    EXPECT_THAT(messages_.warnings, ElementsAre(HasSubstr("cuda:1 is not used any more: ")));
    unsetenv("MIRRA_FAKE_LOST");
    auto more = send(all, 4);
    EXPECT_FALSE(devices_of(more).contains("cuda:1")) << "what has failed once is not trusted";
}

TEST_F(Gpus, AJobOfWhichSomethingWasSeenIsNotDoneAgain) {
    setenv("MIRRA_FAKE_LOST", "cuda:0", 1);
    const Session both = session("cuda:0,1");
    MIRRA_STRUCT(mirra_run_options, options);
    options.tile = [](void *, const mirra_rect *, const mirra_image *) -> std::int32_t { return 0; };
    Sent seen(10), in_place(20), other(30);
    seen.submit(both, &options);
    Failure failure;
    EXPECT_EQ(mirra_job_wait(seen.job.get(), -1, nullptr, failure.out()), MIRRA_E_DEVICE);
    EXPECT_THAT(message(failure), HasSubstr("it has fallen off the bus"));
    other.submit(both);
    EXPECT_EQ(other.wait(), "cuda:1");
    in_place.out.image.planes[0].data = in_place.in.samples.data();
    in_place.submit(both);
    EXPECT_OK(mirra_job_wait(in_place.job.get(), -1, nullptr, error));
}

TEST_F(Gpus, WhereAllFailTheErrorNamesEach) {
    const Session all = session("cuda:0,1");
    setenv("MIRRA_FAKE_LOST", "cuda:0", 1);
    Sent one(10), two(20), three(30);
    one.submit(all);
    EXPECT_EQ(one.wait(), "cuda:1") << "done again there";
    setenv("MIRRA_FAKE_LOST", "cuda:1", 1);
    for (Sent *each : {&two, &three}) {
        each->submit(all);
        Failure failure;
        EXPECT_EQ(mirra_job_wait(each->job.get(), -1, nullptr, failure.out()), MIRRA_E_DEVICE);
        EXPECT_THAT(message(failure), HasSubstr("have failed: cuda:0: "));
        EXPECT_THAT(message(failure), HasSubstr("; cuda:1: "));
    }
}

TEST_F(Gpus, ADeviceWithoutMemoryIsNoLostOne) {
    const Session one = session("cuda:0");
    for (const bool full : {true, false, true, false}) {
        if (full)
            setenv("MIRRA_FAKE_NO_MEMORY", "cuda:0", 1);
        else
            unsetenv("MIRRA_FAKE_NO_MEMORY");
        Sent sent(10);
        Failure failure;
        const auto status = run(one, sent.in.image, sent.out.image, failure.out());
        EXPECT_EQ(status, full ? MIRRA_E_OUT_OF_MEMORY : MIRRA_OK) << message(failure);
    }
    EXPECT_TRUE(messages_.warnings.empty());
}

TEST_F(Gpus, ALimitIsOfTheDevicesMemory) {
    MIRRA_STRUCT(mirra_plan, plan);
    std::uint64_t required[2] = {};
    for (const bool gpu : {false, true}) {
        mirra_session_options given = options(gpu ? "cuda:0" : "cpu");
        given.memory_limit = 1;
        Session made;
        EXPECT_OK(mirra_session_create(engine_.get(), &given, made.out(), error));
        EXPECT_OK(mirra_session_plan(made.get(), 640, 480, &plan, error));
        EXPECT_EQ(plan.fits, 0);
        required[gpu ? 1 : 0] = plan.required_bytes;
        EXPECT_EQ(plan.base_bytes == 0, gpu) << "the runtime's library is the process's";
        Pixels<std::uint8_t> in(640, 480, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8),
            out(640, 480, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
        Failure failure;
        EXPECT_EQ(run(made, in.image, out.image, failure.out()), MIRRA_E_BUDGET);
        EXPECT_EQ(message(failure).find("of the GPU's memory") != std::string::npos, gpu) << message(failure);
        made.reset();
        given.memory_limit = required[gpu ? 1 : 0];
        EXPECT_OK(mirra_session_create(engine_.get(), &given, made.out(), error));
        Result result;
        EXPECT_OK(run(made, in.image, out.image, error, nullptr, result.out()));
        MIRRA_STRUCT(mirra_result_info, info);
        EXPECT_OK(mirra_result_get_info(result.get(), &info, error));
        EXPECT_GT(info.tile_count, 1U);
        EXPECT_LE(info.peak_bytes, given.memory_limit);
    }
    EXPECT_EQ(required[1] >> 20, 96U + 24) << "the reserve, what kernels have, and little more";
}

TEST_F(Gpus, TilesOnTheirWayMakeThePictureOfTheProcessor) {
    constexpr std::int32_t kWidth = 150, kHeight = 110;
    Pixels<std::uint8_t> in(kWidth, kHeight, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    for (std::size_t i = 0; i < in.samples.size(); ++i)
        in.samples[i] = static_cast<std::uint8_t>(i * 7919 % 251);
    struct Seen {
        std::vector<std::uint8_t> samples; ///< as they are when their tile is said to be final
        int tiles = 0;
        static std::int32_t callback(void *user, const mirra_rect *rect, const mirra_image *pixels) {
            auto &own = *static_cast<Seen *>(user);
            ++own.tiles;
            const auto width = static_cast<std::size_t>(rect->width) * 3;
            for (std::int64_t y = 0; y < rect->height; ++y)
                std::copy_n(static_cast<const std::uint8_t *>(pixels->planes[0].data) +
                                y * pixels->planes[0].row_stride,
                            width, own.samples.data() + ((rect->y + y) * kWidth + rect->x) * 3);
            return 0;
        }
    };
    std::vector<std::vector<std::uint8_t>> results;
    for (const char *device : {"cpu", "cuda:1"}) {
        mirra_session_options given = options(device);
        given.tile_size = 48;
        Session made;
        EXPECT_OK(mirra_session_create(engine_.get(), &given, made.out(), error));
        EXPECT_OK(mirra_session_set_text(made.get(), "sigma", "25.5", error));
        for (const bool in_place : {false, true}) {
            Pixels<std::uint8_t> out(kWidth, kHeight, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
            if (in_place) out.samples = in.samples;
            Seen seen{std::vector<std::uint8_t>(out.samples.size())};
            MIRRA_STRUCT(mirra_run_options, how);
            how.tile = Seen::callback;
            how.user = &seen;
            EXPECT_OK(run(made, in_place ? out.image : in.image, out.image, error, &how));
            EXPECT_GT(seen.tiles, 8);
            EXPECT_EQ(seen.samples, out.samples) << device;
            results.push_back(out.samples);
        }
    }
    for (std::size_t i = 1; i < results.size(); ++i) EXPECT_EQ(results[i], results[0]) << i;
}

TEST_F(Gpus, OnlyRunsMayBeUnderWayTogether) {
    setenv("MIRRA_FAKE_DELAY_MS", "300", 1);
    const Session all = session("cuda:all"), one = session("cuda:1");
    auto sent = send(all, 2);
    EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_set_text(all.get(), "sigma", "5", error));
    Session clone;
    EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_clone(all.get(), clone.out(), error));
    MIRRA_STRUCT(mirra_plan, plan);
    EXPECT_OK(mirra_session_plan(all.get(), 64, 64, &plan, error)); // who prepares the next run asks for it
    Sent blocking(40), refused(50);
    EXPECT_OK(run(all, blocking.in.image, blocking.out.image, error));
    devices_of(sent);
    EXPECT_OK(mirra_session_set_text(all.get(), "sigma", "5", error));
    blocking.submit(one);
    EXPECT_STATUS(MIRRA_E_BUSY, run(one, refused.in.image, refused.out.image, error));
    EXPECT_EQ(blocking.wait(), "cuda:1");
}

TEST_F(Gpus, AJobThatWaitsForADeviceCanBeCancelled) {
    setenv("MIRRA_FAKE_DELAY_MS", "400", 1);
    const Session one = session("cuda:0,1");
    auto sent = send(one, 3);
    mirra_job_cancel(sent[2].job.get());
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(sent[2].job.get(), -1, nullptr, error));
    MIRRA_STRUCT(mirra_job_status, status);
    EXPECT_OK(mirra_job_poll(sent[0].job.get(), &status, error));
    EXPECT_EQ(status.state, MIRRA_JOB_RUNNING);
    sent.pop_back();
    devices_of(sent);
}

TEST_F(Gpus, AllOfThemAreADeviceWhereThereAreSeveral) {
    setenv("FAKE_CUDA_CAPABILITY", "8.6 7.0 9.0", 1);
    make_engine();
    const auto count = mirra_engine_device_count(engine_.get());
    ASSERT_EQ(count, 5U) << "cpu, three GPUs, and all that can be used";
    MIRRA_STRUCT(mirra_device_info, info);
    EXPECT_OK(mirra_engine_device(engine_.get(), count - 1, &info, error));
    EXPECT_STREQ(info.id, "cuda:all");
    EXPECT_STREQ(info.name, "2 GPUs, with a run on each");
    EXPECT_EQ(info.memory_bytes, (std::uint64_t{8} + 24) << 30);
    EXPECT_EQ(info.precisions, 1U << MIRRA_PRECISION_FP32);
    auto sent = send(session("cuda:all"), 4);
    EXPECT_FALSE(devices_of(sent).contains("cuda:1"));
}

TEST_F(Gpus, WhatCannotBeUsedIsSaidOfEach) {
    setenv("FAKE_CUDA_CAPABILITY", "7.0 7.5", 1);
    const std::string all = refusal("cuda:all", MIRRA_E_DEVICE);
    EXPECT_THAT(all,
                HasSubstr("there is no GPU that can be used: cuda:0: Fake GPU has compute capability 7.0"));
    EXPECT_THAT(all, HasSubstr("; cuda:1: Another GPU has compute capability 7.5"));
    EXPECT_THAT(refusal("cuda:1,0", MIRRA_E_DEVICE), HasSubstr("the device 'cuda:1' cannot be used: "));
    EXPECT_THAT(refusal("cuda:0,0", MIRRA_E_INVALID_ARGUMENT), HasSubstr("names a GPU twice"));
    EXPECT_THAT(refusal("cuda:4,5", MIRRA_E_NOT_FOUND), HasSubstr("there is no device 'cuda:4'"));
}

TEST_F(Gpus, ANetworkRunAsItIsTakesOne) {
    make_engine();
    Tensors in, out;
    EXPECT_OK(mirra_tensors_create(in.out(), error));
    MIRRA_STRUCT(mirra_graph_options, options);
    options.device = "cuda:all";
    std::int64_t shape[] = {1, 3, 8, 8};
    std::vector<float> values(192);
    DLTensor tensor{values.data(), {kDLCPU, 0}, 4, {kDLFloat, 32, 1}, shape, nullptr, 0};
    EXPECT_OK(mirra_tensors_add(in.get(), "image", &tensor, error));
    shape[1] = 1;
    EXPECT_OK(mirra_tensors_add(in.get(), "noise_level", &tensor, error));
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, mirra_graph_run(engine_.get(), bundle_.get(), "denoiser", &options,
                                                       in.get(), out.out(), error));
}

} // namespace
} // namespace mirra::test
