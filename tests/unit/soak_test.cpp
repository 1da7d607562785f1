// Threads that make sessions of all tasks, run them, cancel them and close them at random, on one engine, for
// a few seconds: no crash, no leak, no race (the sanitizers look on), and no status but those that there is a
// reason for. MIRRA_SOAK_SECONDS says for how long, MIRRA_SOAK_RUNTIME with which runtime module.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>

#include <unistd.h>

namespace mirra::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kThreads = 16;
constexpr std::size_t kSessions = 8; ///< of each thread

const char *from_environment(const char *name, const char *standard) {
    const char *value = std::getenv(name);
    return value == nullptr || *value == '\0' ? standard : value;
}

/// What all threads share.
struct Soak {
    Engine engine = make_engine((std::string(MIRRA_TEST_PLUGINS) + ":" + MIRRA_TEST_TEMPLATE).c_str(),
                                from_environment("MIRRA_SOAK_RUNTIME", MIRRA_TEST_RUNTIME));
    Bundle bundle = make_bundle({.blur = true});
    Cancel shared_cancel;
    std::array<std::atomic<std::uint64_t>, 4> ends{}; ///< runs done, cancelled, busy or not yet done, refused
    std::mutex mutex;
    std::map<std::string, int> surprises;

    void count(mirra_status status, const Failure &failure) {
        if (status == MIRRA_OK)
            ++ends[0];
        else if (status == MIRRA_E_CANCELLED)
            ++ends[1];
        else if (status == MIRRA_E_BUSY || status == MIRRA_E_TIMEOUT)
            ++ends[2];
        else if (status == MIRRA_E_BUDGET)
            ++ends[3];
        else {
            const std::lock_guard lock(mutex);
            ++surprises[std::string(mirra_status_name(status)) + ": " + message(failure)];
        }
    }
};

/// A session with what works on it.
struct Place {
    Session session;
    std::unique_ptr<Pixels<std::uint8_t>> pixels;
    Job job;
    Cancel cancel;
};

class Worker {
  public:
    Worker(Soak &soak, unsigned seed) : soak_(soak), random_(seed) {}

    void work(Clock::time_point end) {
        std::array<Place, kSessions> places;
        while (Clock::now() < end) step(places[below(kSessions)]);
        for (Place &place : places) place.job.out(); // before its pixels
    }

  private:
    std::size_t below(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }

    void open(Place &place) {
        place.job.out();
        MIRRA_STRUCT(mirra_session_options, options);
        const bool gain = below(4) == 0;
        options.task = gain ? "gain" : "denoise";
        options.bundle = gain ? nullptr : soak_.bundle.get();
        options.tile_size = static_cast<std::int32_t>(below(3) * 16);
        options.threads = static_cast<std::int32_t>(below(3));
        options.memory_limit = below(8) == 0 ? 1000 : 0;
        Failure failure;
        const mirra_status status =
            mirra_session_create(soak_.engine.get(), &options, place.session.out(), failure.out());
        if (status != MIRRA_OK) {
            soak_.count(status, failure);
            return;
        }
        if (!gain)
            mirra_session_set_text(place.session.get(), "sigma", below(2) == 0 ? "25" : "auto", nullptr);
    }

    /// Pixels are the place's own; a job that uses them is waited for before.
    void renew_pixels(Place &place) {
        place.job.out();
        place.pixels = std::make_unique<Pixels<std::uint8_t>>(static_cast<std::int32_t>(17 + below(60)),
                                                              static_cast<std::int32_t>(17 + below(60)),
                                                              MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    }

    mirra_run_options options(Place &place) {
        MIRRA_STRUCT(mirra_run_options, options);
        if (below(2) == 0) {
            Failure failure;
            if (place.cancel.get() == nullptr || below(4) == 0)
                mirra_cancel_create(place.cancel.out(), failure.out());
            options.cancel = place.cancel.get();
        }
        if (below(8) == 0)
            options.progress = [](void *, const mirra_progress *) -> std::int32_t { return 1; };
        return options;
    }

    void run_now(Place &place) {
        Failure failure;
        const mirra_run_options given = options(place);
        Result result;
        soak_.count(
            run(place.session, place.pixels->image, place.pixels->image, failure.out(), &given, result.out()),
            failure);
    }

    void submit(Place &place) {
        place.job.out();
        Failure failure;
        const mirra_run_options given = options(place);
        const mirra_port_value ports[] = {port("image", place.pixels->image),
                                          port("output", place.pixels->image)};
        const mirra_status status =
            mirra_session_submit(place.session.get(), ports, 2, &given, place.job.out(), failure.out());
        if (status != MIRRA_OK) soak_.count(status, failure);
    }

    void ask(Place &place) {
        Failure failure;
        MIRRA_STRUCT(mirra_plan, plan);
        const mirra_status status = mirra_session_plan(place.session.get(), 40, 30, &plan, failure.out());
        if (status != MIRRA_OK) soak_.count(status, failure);
        if (place.job.get() == nullptr) return;
        MIRRA_STRUCT(mirra_job_status, now);
        EXPECT_EQ(MIRRA_OK, mirra_job_poll(place.job.get(), &now, nullptr));
        Failure other;
        soak_.count(mirra_job_wait(place.job.get(), below(2) == 0 ? 0 : 0.01, nullptr, other.out()), other);
    }

    void step(Place &place) {
        if (place.session.get() == nullptr || below(12) == 0) {
            open(place);
            if (place.session.get() == nullptr) return;
        }
        if (place.pixels == nullptr || below(6) == 0) renew_pixels(place);
        switch (below(6)) {
        case 0:
        case 1:
            return run_now(place);
        case 2:
        case 3:
            return submit(place);
        case 4:
            return ask(place);
        default: // at random: stop, or close while it runs
            if (below(2) == 0) mirra_cancel_request(place.cancel.get());
            if (below(2) == 0) mirra_job_cancel(place.job.get());
            if (below(2) == 0) place.session.out();
        }
    }

    Soak &soak_;
    std::mt19937 random_;
};

/// Of this process, in bytes.
std::uint64_t resident() {
    std::uint64_t ignored = 0, pages = 0;
    std::ifstream("/proc/self/statm") >> ignored >> pages;
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

TEST(Soak, ManyThreadsAndSessionsOfAllTasks) {
    const int seconds = std::atoi(from_environment("MIRRA_SOAK_SECONDS", "4"));
    Soak soak;
    const auto begin = Clock::now(), end = begin + std::chrono::seconds(seconds);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t)
        threads.emplace_back([&soak, t, end] { Worker(soak, static_cast<unsigned>(t + 1)).work(end); });
    std::this_thread::sleep_until(begin + (end - begin) / 2);
    const std::uint64_t at_half = resident();
    for (std::thread &thread : threads) thread.join();
    // Shorter ones end before everything that is kept was made once.
    constexpr int kLong = 60;
    constexpr std::uint64_t kSlack = std::uint64_t{32} << 20;
    if (seconds >= kLong) {
        EXPECT_LE(resident(), at_half + at_half / 8 + kSlack) << "memory grows";
    }
    for (const auto &[what, count] : soak.surprises) ADD_FAILURE() << count << " times " << what;
    EXPECT_LT(0U, soak.ends[0]) << "no run was done";
    EXPECT_LT(0U, soak.ends[1]) << "no run was cancelled";
    std::cout << "runs done " << soak.ends[0] << ", cancelled " << soak.ends[1] << ", busy " << soak.ends[2]
              << ", beyond the limit " << soak.ends[3] << '\n';
}

} // namespace
} // namespace mirra::test
