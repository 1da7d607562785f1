// What sessions in a process of their own cost: a row of a table for a task and size.
//
//   isolation_cost WIDTH HEIGHT RUNS TASK [NAME=VALUE ...]
//
// Runs alternate between a session of this process and one of a worker. Prints the median milliseconds of
// each, the difference for a run and for each megapixel, and the least of each.
#include "bench_run.hpp"

#include <algorithm>
#include <array>

namespace {

using namespace mirra::bench;

struct Side {
    mirra_engine *engine = nullptr;
    mirra_session *session = nullptr;
    std::vector<double> taken;

    Side(mirra_engine_flags flags, const char *task, const std::vector<std::string> &settings) {
        MIRRA_STRUCT(mirra_engine_options, options);
        options.flags = flags;
        mirra_error *error = nullptr;
        check(mirra_engine_create(&options, &engine, &error), error);
        session = make_session(engine, task, settings);
    }
    Side(const Side &) = delete;
    Side &operator=(const Side &) = delete;
    ~Side() {
        mirra_session_destroy(session);
        mirra_engine_destroy(engine);
    }

    void run(const NoiseImages &images) {
        mirra_error *error = nullptr;
        const auto start = Clock::now();
        check(mirra_session_run(session, images.values, 2, nullptr, nullptr, &error), error);
        taken.push_back(milliseconds_since(start));
    }
    double at(double share) {
        std::sort(taken.begin(), taken.end());
        return taken[static_cast<std::size_t>(share * static_cast<double>(taken.size() - 1))];
    }
};

} // namespace

int main(int argc, char **argv) {
    if (argc < 5) {
        std::fprintf(stderr, "isolation_cost WIDTH HEIGHT RUNS TASK [NAME=VALUE ...]\n");
        return 64;
    }
    const int width = std::atoi(argv[1]), height = std::atoi(argv[2]), count = std::atoi(argv[3]);
    const std::vector<std::string> settings(argv + 5, argv + argc);
    Side here(0, argv[4], settings), there(MIRRA_ISOLATION_PROCESS, argv[4], settings);
    const NoiseImages images(width, height);
    for (int i = 0; i < count + 1; ++i) {
        here.run(images);
        there.run(images);
        if (i > 0) continue;
        here.taken.clear();
        there.taken.clear();
    }
    const double more = there.at(0.5) - here.at(0.5);
    std::printf("| %s | %dx%d | %.3f | %.3f | %.3f | %.2f | %.3f | %.3f |\n", argv[4], width, height,
                here.at(0.5), there.at(0.5), more, more / (1e-6 * width * height), here.at(0), there.at(0));
    return 0;
}
