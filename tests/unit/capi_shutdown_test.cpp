// mirra_engine_shutdown: all runs of an engine end, and none begins any more.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

namespace mirra::test {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

/// An engine whose runs take long, one tile after the other.
struct CapiShutdown : ::testing::Test {
    Environment delay{"MIRRA_FAKE_DELAY_MS", "20"};
    Engine engine = make_engine();
    Bundle bundle = make_bundle({.blur = true});
    Pixels<std::uint8_t> pixels{96, 96, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8};

    [[nodiscard]] Session session() const {
        Session made = make_session(engine, bundle, 32);
        EXPECT_OK(mirra_session_set_text(made.get(), "sigma", "51", error));
        return made;
    }
    Job submit(const Session &of, const mirra_run_options *options = nullptr) {
        const mirra_port_value ports[] = {port("image", pixels.image), port("output", pixels.image)};
        Job job;
        EXPECT_OK(mirra_session_submit(of.get(), ports, 2, options, job.out(), error));
        return job;
    }
};

/// What a job has called.
struct Calls {
    std::atomic<int> begun{0}, done{0}, freed{0};
    std::atomic<bool> hold{false};
    mirra_engine *engine = nullptr;
    std::atomic<mirra_status> answer{MIRRA_OK};

    static mirra_run_options options(Calls &calls) {
        MIRRA_STRUCT(mirra_run_options, options);
        options.user = &calls;
        options.progress = [](void *user, const mirra_progress *) {
            auto &self = *static_cast<Calls *>(user);
            ++self.begun;
            while (self.hold) std::this_thread::sleep_for(milliseconds(1));
            if (self.engine != nullptr) self.answer = mirra_engine_shutdown(self.engine, -1, nullptr);
            return 0;
        };
        options.done = [](void *user, mirra_status) {
            std::this_thread::sleep_for(milliseconds(30));
            ++static_cast<Calls *>(user)->done;
        };
        options.user_free = [](void *user) {
            std::this_thread::sleep_for(milliseconds(30));
            ++static_cast<Calls *>(user)->freed;
        };
        return options;
    }
};

TEST_F(CapiShutdown, AnEngineAtRestEndsAtOnceAndBeginsNothing) {
    const Session idle = session();
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_engine_shutdown(engine.get(), std::nan(""), error));
    EXPECT_OK(run(idle, pixels.image, pixels.image, error)); // what was refused changed nothing
    EXPECT_OK(mirra_engine_shutdown(engine.get(), 0, error));
    EXPECT_OK(mirra_engine_shutdown(engine.get(), -1, error));
    Failure failure;
    EXPECT_EQ(MIRRA_E_CANCELLED, run(idle, pixels.image, pixels.image, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("the engine was shut down"));
    const mirra_port_value ports[] = {port("image", pixels.image), port("output", pixels.image)};
    Job job;
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_session_submit(idle.get(), ports, 2, nullptr, job.out(), error));
    Tensors inputs, outputs;
    EXPECT_OK(mirra_tensors_create(inputs.out(), error));
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_graph_run(engine.get(), bundle.get(), "denoiser", nullptr,
                                                     inputs.get(), outputs.out(), error));
    MIRRA_STRUCT(mirra_value, value); // the session itself is as it was
    EXPECT_OK(mirra_session_get(idle.get(), "sigma", &value, error));
}

TEST_F(CapiShutdown, JobsStopAndTheirLastCallbacksHaveReturned) {
    Calls calls;
    const mirra_run_options options = Calls::options(calls);
    std::vector<Session> sessions;
    std::vector<Job> jobs;
    for (int i = 0; i < 3; ++i) {
        sessions.push_back(session());
        jobs.push_back(submit(sessions.back(), &options));
    }
    while (calls.begun < 3) std::this_thread::sleep_for(milliseconds(1));
    EXPECT_OK(mirra_engine_shutdown(engine.get(), -1, error));
    EXPECT_EQ(3, calls.done);
    EXPECT_EQ(3, calls.freed);
    for (const Job &job : jobs)
        EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), 0, nullptr, error));
}

TEST_F(CapiShutdown, BlockingRunsStopToo) {
    Calls calls;
    const mirra_run_options options = Calls::options(calls);
    const Session used = session();
    std::atomic<mirra_status> status{MIRRA_OK};
    std::thread thread([&] { status = run(used, pixels.image, pixels.image, nullptr, &options); });
    while (calls.begun == 0) std::this_thread::sleep_for(milliseconds(1));
    EXPECT_OK(mirra_engine_shutdown(engine.get(), -1, error));
    EXPECT_EQ(1, calls.freed);
    thread.join();
    EXPECT_EQ(MIRRA_E_CANCELLED, status);
}

TEST_F(CapiShutdown, GivesUpWhenTheTimeIsOverAndMayBeCalledAgain) {
    Calls calls;
    calls.hold = true;
    const mirra_run_options options = Calls::options(calls);
    const Session used = session();
    const Job job = submit(used, &options);
    while (calls.begun == 0) std::this_thread::sleep_for(milliseconds(1));
    Failure failure;
    EXPECT_EQ(MIRRA_E_TIMEOUT, mirra_engine_shutdown(engine.get(), 0.02, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("1 of the engine's runs and jobs have not ended yet"));
    EXPECT_EQ(MIRRA_E_TIMEOUT, mirra_engine_shutdown(engine.get(), 0, nullptr));
    calls.hold = false;
    EXPECT_OK(mirra_engine_shutdown(engine.get(), -1, error));
    EXPECT_EQ(1, calls.freed);
}

TEST_F(CapiShutdown, ACallbackOfARunIsToldThatItCannotWait) {
    Calls calls;
    calls.engine = engine.get();
    const mirra_run_options options = Calls::options(calls);
    const Session used = session();
    const Job job = submit(used, &options);
    EXPECT_STATUS(MIRRA_E_CANCELLED, mirra_job_wait(job.get(), -1, nullptr, error));
    EXPECT_EQ(MIRRA_E_BUSY, calls.answer);
    calls.engine = nullptr;
}

TEST_F(CapiShutdown, AnotherEngineGoesOn) {
    const Engine other = make_engine();
    const Session used = make_session(other, bundle, 32);
    EXPECT_OK(mirra_session_set_text(used.get(), "sigma", "51", error));
    EXPECT_OK(mirra_engine_shutdown(engine.get(), -1, error));
    EXPECT_OK(run(used, pixels.image, pixels.image, error));
}

TEST_F(CapiShutdown, RunsThatBeginMeanwhileEndOrNeverBegin) {
    const Environment short_delay("MIRRA_FAKE_DELAY_MS", "1");
    std::atomic<int> begun{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            const Session own = session();
            Pixels<std::uint8_t> image(32, 32, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
            mirra_status status = MIRRA_OK;
            while (status == MIRRA_OK) {
                status = run(own, image.image, image.image, nullptr);
                ++begun;
            }
            EXPECT_EQ(MIRRA_E_CANCELLED, status);
        });
    while (begun < 6) std::this_thread::sleep_for(milliseconds(1));
    EXPECT_OK(mirra_engine_shutdown(engine.get(), -1, error));
    for (auto &thread : threads) thread.join();
}

} // namespace
} // namespace mirra::test
