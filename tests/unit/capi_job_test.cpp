// Jobs: polling, waiting, cancelling with a bound, and what they keep alive.
#include "capi_test_support.hpp"

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

namespace mirra::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A session whose tiles take a while, and an image of many of them.
struct SlowRun {
    static constexpr int kDelay = 30;

    SlowRun() : session(make_session(engine, bundle, 16)) {}

    Job submit(const mirra_run_options *options = nullptr) {
        const mirra_port_value ports[] = {port("image", pixels.image), port("output", pixels.image)};
        Job job;
        EXPECT_OK(mirra_session_submit(session.get(), ports, 2, options, job.out(), error));
        return job;
    }

    Environment delay{"MIRRA_FAKE_DELAY_MS", "30"};
    Pixels<std::uint8_t> pixels{96, 96, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};
    Engine engine = make_engine();
    Bundle bundle = make_bundle({.blur = true});
    Session session;
};

mirra_job_status poll(const Job &job) {
    MIRRA_STRUCT(mirra_job_status, status);
    EXPECT_OK(mirra_job_poll(job.get(), &status, error));
    return status;
}

TEST(CapiJob, RunsAndGivesItsResultToEveryWaiter) {
    const Environment no_delay("MIRRA_FAKE_DELAY_MS", "0");
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "51", error));
    Pixels<std::uint8_t> pixels(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    const mirra_port_value ports[] = {port("image", pixels.image), port("output", pixels.image)};
    Job job;
    EXPECT_OK(mirra_session_submit(session.get(), ports, 2, nullptr, job.out(), error));
    for (int i = 0; i < 2; ++i) {
        Result result;
        EXPECT_OK(mirra_job_wait(job.get(), -1, result.out(), error));
        MIRRA_STRUCT(mirra_result_info, info);
        EXPECT_OK(mirra_result_get_info(result.get(), &info, error));
        EXPECT_EQ(1U, info.tile_count);
        EXPECT_STREQ("cpu", info.device);
    }
    EXPECT_EQ(51, pixels.samples[0]);
    EXPECT_EQ(MIRRA_JOB_DONE, poll(job).state);
    EXPECT_EQ(1.0, poll(job).fraction);
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "5", error)); // no longer busy
}

TEST(CapiJob, WaitingTimesOutAndTheSessionIsBusyMeanwhile) {
    SlowRun slow;
    const Job job = slow.submit();
    EXPECT_STATUS(MIRRA_E_TIMEOUT, mirra_job_wait(job.get(), 0.01, nullptr, error));
    EXPECT_EQ(MIRRA_JOB_RUNNING, poll(job).state);
    EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_set_text(slow.session.get(), "sigma", "5", error));
    const mirra_port_value ports[] = {port("image", slow.pixels.image), port("output", slow.pixels.image)};
    mirra_job *second = nullptr;
    EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_submit(slow.session.get(), ports, 2, nullptr, &second, error));
    EXPECT_EQ(nullptr, second);
}

TEST(CapiJob, ATimeThatIsNoNumberIsRefused) {
    SlowRun slow;
    const Job job = slow.submit();
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT,
                  mirra_job_wait(job.get(), std::numeric_limits<double>::quiet_NaN(), nullptr, error));
}

TEST(CapiJob, ItsOwnCallbackCannotWaitForIt) {
    SlowRun slow;
    std::atomic<mirra_job *> handle{nullptr};
    MIRRA_STRUCT(mirra_run_options, options);
    options.progress = [](void *user, const mirra_progress *) -> std::int32_t {
        mirra_job *const job = *static_cast<std::atomic<mirra_job *> *>(user);
        if (job != nullptr) EXPECT_STATUS(MIRRA_E_BUSY, mirra_job_wait(job, -1, nullptr, error));
        return job != nullptr ? 1 : 0;
    };
    options.user = &handle;
    const Job job = slow.submit(&options);
    handle = job.get();
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), -1, nullptr, error));
}

TEST(CapiJob, CancelStopsItWithinATile) {
    SlowRun slow;
    const Job job = slow.submit();
    while (poll(job).tile < 2) std::this_thread::sleep_for(milliseconds(1));
    const auto start = Clock::now();
    mirra_job_cancel(job.get());
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), -1, nullptr, error));
    // One tile, with room for a machine that is busy with other things.
    EXPECT_LT(Clock::now() - start, milliseconds(SlowRun::kDelay * 10));
    EXPECT_EQ(MIRRA_JOB_CANCELLED, poll(job).state);
    EXPECT_LT(poll(job).fraction, 1);
}

TEST(CapiJob, ATokenStopsItFromAnotherThread) {
    SlowRun slow;
    Cancel cancel;
    EXPECT_OK(mirra_cancel_create(cancel.out(), error));
    MIRRA_STRUCT(mirra_run_options, options);
    options.cancel = cancel.get();
    const Job job = slow.submit(&options);
    std::thread([&] { mirra_cancel_request(cancel.get()); }).join();
    *cancel.out() = nullptr; // the job keeps the token
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), -1, nullptr, error));
}

TEST(CapiJob, OutlivesItsSessionHandle) {
    const Environment short_delay("MIRRA_FAKE_DELAY_MS", "1");
    Pixels<std::uint8_t> pixels(64, 64, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Job job;
    {
        const Engine engine = make_engine();
        const Bundle bundle = make_bundle();
        const Session session = make_session(engine, bundle, 16);
        EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "51", error));
        const mirra_port_value ports[] = {port("image", pixels.image), port("output", pixels.image)};
        EXPECT_OK(mirra_session_submit(session.get(), ports, 2, nullptr, job.out(), error));
    }
    EXPECT_OK(mirra_job_wait(job.get(), -1, nullptr, error));
    EXPECT_EQ(std::vector<std::uint8_t>(pixels.samples.size(), 51), pixels.samples);
}

TEST(CapiJob, DestroyingItStopsItBeforeItReturns) {
    SlowRun slow;
    { const Job job = slow.submit(); }
    const std::vector<std::uint8_t> after = slow.pixels.samples;
    std::this_thread::sleep_for(milliseconds(SlowRun::kDelay * 3));
    EXPECT_EQ(after, slow.pixels.samples);
    EXPECT_OK(mirra_session_set_text(slow.session.get(), "sigma", "5", error));
}

TEST(CapiJob, AFailureIsTheRunsOwn) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> in(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Pixels<std::uint8_t> other(8, 9, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    const mirra_port_value ports[] = {port("image", in.image), port("output", other.image)};
    Job job;
    EXPECT_OK(mirra_session_submit(session.get(), ports, 2, nullptr, job.out(), error));
    EXPECT_STATUS(MIRRA_E_MISMATCH, mirra_job_wait(job.get(), -1, nullptr, error));
    EXPECT_EQ(MIRRA_JOB_FAILED, poll(job).state);
}

TEST(CapiJob, SessionsOfOneEngineRunAtTheSameTime) {
    const Environment no_delay("MIRRA_FAKE_DELAY_MS", "0");
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle({.blur = true});
    std::vector<std::thread> threads;
    std::vector<std::vector<std::uint8_t>> results(4);
    for (auto &result : results) {
        threads.emplace_back([&] {
            const Session session = make_session(engine, bundle, 16);
            Pixels<std::uint8_t> pixels(50, 40, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
            for (std::size_t i = 0; i < pixels.samples.size(); ++i)
                pixels.samples[i] = static_cast<std::uint8_t>(i);
            EXPECT_OK(run(session, pixels.image, pixels.image, error));
            result = pixels.samples;
        });
    }
    for (std::thread &thread : threads) thread.join();
    for (const auto &result : results) EXPECT_EQ(results.front(), result);
}

} // namespace
} // namespace mirra::test
