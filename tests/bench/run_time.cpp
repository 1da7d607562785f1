// How long a run takes, without files and programs around it: a row of a table.
//
//   run_time WIDTH HEIGHT RUNS TASK [NAME=VALUE ...]
//
// Pixels are 8-bit noise from a fixed seed. Prints the shortest time and the median, in milliseconds.
#include "bench_run.hpp"

#include <algorithm>

int main(int argc, char **argv) {
    using namespace mirra::bench;
    if (argc < 5 || std::atoi(argv[3]) < 1) {
        std::fprintf(stderr, "run_time WIDTH HEIGHT RUNS TASK [NAME=VALUE ...]\n");
        return 64;
    }
    mirra_error *error = nullptr;
    mirra_engine *engine = nullptr;
    check(mirra_engine_create(nullptr, &engine, &error), error);
    mirra_session *session = make_session(engine, argv[4], {argv + 5, argv + argc});
    NoiseImages images(std::atoi(argv[1]), std::atoi(argv[2]));
    std::vector<double> times;
    for (int i = -1; i < std::atoi(argv[3]); ++i) { // the first one warms up
        const auto start = Clock::now();
        check(mirra_session_run(session, images.values, 2, nullptr, nullptr, &error), error);
        if (i >= 0) times.push_back(milliseconds_since(start));
    }
    std::sort(times.begin(), times.end());
    std::printf("| %s | %sx%s | %.3f | %.3f |\n", argv[4], argv[1], argv[2], times.front(),
                times[times.size() / 2]);
    mirra_session_destroy(session);
    mirra_engine_destroy(engine);
    return 0;
}
