// Several threads on one session: one call is done, the others are told that it is busy. ThreadSanitizer
// looks on.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <functional>
#include <thread>

namespace mirra::test {
namespace {

constexpr int kThreads = 4;

/// Calls body(thread, round) from all threads at once, and says how often each status came.
std::map<mirra_status, int> from_threads(int rounds, const std::function<mirra_status(int, int)> &body) {
    std::array<std::map<mirra_status, int>, kThreads> counts;
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            ++ready;
            while (ready < kThreads) std::this_thread::yield();
            for (int i = 0; i < rounds; ++i) ++counts[static_cast<std::size_t>(t)][body(t, i)];
        });
    for (std::thread &thread : threads) thread.join();
    std::map<mirra_status, int> all;
    for (const auto &each : counts)
        for (const auto &[status, count] : each) all[status] += count;
    return all;
}

void expect_ok_or_busy(const std::map<mirra_status, int> &statuses) {
    for (const auto &[status, count] : statuses)
        EXPECT_TRUE(status == MIRRA_OK || status == MIRRA_E_BUSY) << mirra_status_name(status);
    EXPECT_TRUE(statuses.contains(MIRRA_OK));
}

struct CapiThreads : ::testing::Test {
    Engine engine = make_engine();
    Bundle bundle = make_bundle();
    Session session = make_session(engine, bundle);
};

TEST_F(CapiThreads, PlansOfOneSession) {
    expect_ok_or_busy(from_threads(300, [&](int thread, int round) {
        MIRRA_STRUCT(mirra_plan, plan);
        const mirra_status status =
            mirra_session_plan(session.get(), 8 + round % 7, 8 + thread, &plan, nullptr);
        if (status == MIRRA_OK) {
            EXPECT_STREQ("cpu", plan.device);
            EXPECT_LT(0U, std::string(plan.precision_reason).size());
        }
        return status;
    }));
}

TEST_F(CapiThreads, EveryFunctionOfOneSession) {
    expect_ok_or_busy(from_threads(150, [&](int thread, int round) -> mirra_status {
        MIRRA_STRUCT(mirra_value, value);
        value.type = MIRRA_TYPE_FLOAT;
        value.real = round % 50;
        Pixels<std::uint8_t> in(6, 5, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
        MIRRA_STRUCT(mirra_plan, plan);
        switch ((thread + round) % 6) {
        case 0:
            return mirra_session_set(session.get(), "sigma", &value, nullptr);
        case 1:
            return mirra_session_set_text(session.get(), "sigma", round % 2 == 0 ? "auto" : "12.5", nullptr);
        case 2:
            return mirra_session_get(session.get(), "strength", &value, nullptr);
        case 3:
            return mirra_session_plan(session.get(), 20, 30, &plan, nullptr);
        case 4:
            return run(session, in.image, in.image, nullptr) == MIRRA_E_INVALID_ARGUMENT // too small for auto
                       ? MIRRA_OK
                       : MIRRA_E_BUSY;
        default: {
            Job job;
            const mirra_port_value ports[] = {port("image", in.image), port("output", in.image)};
            const mirra_status status =
                mirra_session_submit(session.get(), ports, 2, nullptr, job.out(), nullptr);
            if (status == MIRRA_OK) mirra_job_wait(job.get(), -1, nullptr, nullptr);
            return status;
        }
        }
    }));
}

TEST_F(CapiThreads, WhileAJobRunsEveryCallIsToldSo) {
    struct Pause {
        std::atomic<bool> reached{false}, go_on{false};
    } pause;
    MIRRA_STRUCT(mirra_run_options, options);
    options.user = &pause;
    options.progress = [](void *user, const mirra_progress *) -> std::int32_t {
        auto &held = *static_cast<Pause *>(user);
        held.reached = true;
        while (!held.go_on) std::this_thread::yield();
        return 0;
    };
    Pixels<std::uint8_t> in(32, 32, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    const mirra_port_value ports[] = {port("image", in.image), port("output", in.image)};
    Job job, second;
    EXPECT_OK(mirra_session_submit(session.get(), ports, 2, &options, job.out(), error));
    while (!pause.reached) std::this_thread::yield();
    MIRRA_STRUCT(mirra_value, value);
    value.type = MIRRA_TYPE_FLOAT;
    MIRRA_STRUCT(mirra_plan, plan);
    EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_set(session.get(), "strength", &value, error));
    EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_set_text(session.get(), "strength", "1", error));
    EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_get(session.get(), "strength", &value, error));
    EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_plan(session.get(), 8, 8, &plan, error));
    EXPECT_STATUS(MIRRA_E_BUSY, run(session, in.image, in.image, error));
    EXPECT_STATUS(MIRRA_E_BUSY, mirra_session_submit(session.get(), ports, 2, nullptr, second.out(), error));
    EXPECT_STATUS(MIRRA_E_TIMEOUT, mirra_job_wait(job.get(), 0, nullptr, error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_job_wait(job.get(), std::nan(""), nullptr, error));
    session.out(); // destroyed while its job is under way
    pause.go_on = true;
    EXPECT_OK(mirra_job_wait(job.get(), -1, nullptr, error));
}

TEST_F(CapiThreads, StringsOfAPlanLiveAsLongAsTheSession) {
    MIRRA_STRUCT(mirra_plan, first);
    EXPECT_OK(mirra_session_plan(session.get(), 20, 30, &first, error));
    MIRRA_STRUCT(mirra_plan, second);
    EXPECT_OK(mirra_session_plan(session.get(), 40, 30, &second, error));
    EXPECT_STREQ("cpu", first.device);
    EXPECT_STREQ(first.precision_reason, second.precision_reason);
}

} // namespace
} // namespace mirra::test
