// How long a job goes on after it was cancelled, and how far apart its reports are: a row of a table for each
// task and size.
//
//   cancel_latency WIDTH HEIGHT CANCELS TASK [NAME=VALUE ...]
//
// Cancels come at times spread evenly over the run. Pixels are noise from a fixed seed. Prints milliseconds.
#include "bench_run.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

namespace {

using namespace mirra::bench;

struct Reports {
    std::mutex mutex;
    Clock::time_point last;
    double longest = 0; ///< milliseconds between two
    int count = 0;
};

std::int32_t report(void *user, const mirra_progress *) {
    auto &reports = *static_cast<Reports *>(user);
    const std::lock_guard lock(reports.mutex);
    if (reports.count > 0) reports.longest = std::max(reports.longest, milliseconds_since(reports.last));
    reports.last = Clock::now();
    ++reports.count;
    return 0;
}

struct Run : NoiseImages {
    mirra_session *session = nullptr;

    Run(mirra_session *used, int width, int height) : NoiseImages(width, height), session(used) {}

    double whole(Reports &reports) {
        MIRRA_STRUCT(mirra_run_options, options);
        options.progress = report;
        options.user = &reports;
        const auto start = Clock::now();
        mirra_error *error = nullptr;
        check(mirra_session_run(session, values, 2, &options, nullptr, &error), error);
        return milliseconds_since(start);
    }

    /// Milliseconds from the request to the end; negative where the run was over before.
    double cancelled(double after) {
        mirra_job *job = nullptr;
        mirra_error *error = nullptr;
        check(mirra_session_submit(session, values, 2, nullptr, &job, &error), error);
        std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(after));
        const auto start = Clock::now();
        mirra_job_cancel(job);
        const mirra_status status = mirra_job_wait(job, -1, nullptr, nullptr);
        const double taken = milliseconds_since(start);
        mirra_job_destroy(job);
        return status == MIRRA_E_CANCELLED ? taken : -1;
    }
};

double quantile(const std::vector<double> &sorted, double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
    return sorted[std::min(index, sorted.size() - 1)];
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 5) {
        std::fprintf(stderr, "cancel_latency WIDTH HEIGHT CANCELS TASK [NAME=VALUE ...]\n");
        return 64;
    }
    const int width = std::atoi(argv[1]), height = std::atoi(argv[2]), count = std::atoi(argv[3]);
    mirra_error *error = nullptr;
    mirra_engine *engine = nullptr;
    check(mirra_engine_create(nullptr, &engine, &error), error);
    mirra_session *session = make_session(engine, argv[4], {argv + 5, argv + argc});
    Run run(session, width, height);
    Reports warm, reports;
    run.whole(warm);
    const double whole = run.whole(reports);
    std::vector<double> taken;
    for (int i = 0; i < count; ++i) {
        const double latency = run.cancelled(whole * (i + 0.5) / count);
        if (latency >= 0) taken.push_back(latency);
    }
    std::sort(taken.begin(), taken.end());
    if (taken.empty()) taken.push_back(0);
    std::printf("| %s | %dx%d | %.0f | %d | %.0f | %zu | %.1f | %.1f | %.1f |\n", argv[4], width, height,
                whole, reports.count, reports.longest, taken.size(), quantile(taken, 0.5),
                quantile(taken, 0.99), taken.back());
    mirra_session_destroy(session);
    mirra_engine_destroy(engine);
    return 0;
}
