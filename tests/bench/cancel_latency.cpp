// How long a job goes on after it was cancelled, and how far apart its reports are: a row of a table for each
// task and size.
//
//   cancel_latency WIDTH HEIGHT CANCELS TASK [NAME=VALUE ...]
//
// Cancels come at times spread evenly over the run. Pixels are noise from a fixed seed. Prints milliseconds.
#include "mirra/mirra.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void check(mirra_status status, mirra_error *error) {
    if (status == MIRRA_OK) return;
    std::fprintf(stderr, "cancel_latency: %s. %s\n", mirra_error_message(error), mirra_error_hint(error));
    std::exit(1);
}

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

struct Run {
    mirra_session *session = nullptr;
    std::vector<std::uint8_t> in, out;
    mirra_image images[2] = {};
    mirra_port_value values[2] = {};

    Run(mirra_session *used, int width, int height) : session(used) {
        const auto size = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
        in.resize(size);
        out.resize(size);
        std::uint32_t state = 1;
        for (auto &sample : in) {
            state = state * 1664525U + 1013904223U;
            sample = static_cast<std::uint8_t>(96 + (state >> 26U));
        }
        for (int i = 0; i < 2; ++i) {
            images[i].struct_size = sizeof(mirra_image);
            images[i].flags = MIRRA_IMAGE_PACKED;
            images[i].width = width;
            images[i].height = height;
            images[i].format = MIRRA_FORMAT_U8;
            images[i].color = MIRRA_COLOR_RGB;
            images[i].plane_count = 1;
            images[i].planes[0].data = i == 0 ? in.data() : out.data();
            values[i].struct_size = sizeof(mirra_port_value);
            values[i].name = i == 0 ? "image" : "output";
            values[i].image = &images[i];
        }
    }

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
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = argv[4];
    mirra_session *session = nullptr;
    check(mirra_session_create(engine, &options, &session, &error), error);
    for (int i = 5; i < argc; ++i) {
        const std::string setting = argv[i];
        const auto sign = setting.find('=');
        if (sign == std::string::npos) {
            std::fprintf(stderr, "cancel_latency: '%s' is not NAME=VALUE\n", argv[i]);
            return 64;
        }
        check(mirra_session_set_text(session, setting.substr(0, sign).c_str(), setting.c_str() + sign + 1,
                                     &error),
              error);
    }
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
