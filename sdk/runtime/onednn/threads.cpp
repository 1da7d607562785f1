#include "runtime/onednn/threads.hpp"

#include <cstdlib>

#include <omp.h>

namespace mirra::runtime::onednn {
namespace {

thread_local int t_own = 0; // 0: it was told nothing

} // namespace

int threads_at_first() {
    // The host may have set OpenMP's number for purposes of its own.
    static const int count =
        std::getenv("OMP_NUM_THREADS") != nullptr ? omp_get_max_threads() : omp_get_num_procs();
    return count;
}

void set_own_threads(int count) noexcept {
    t_own = count;
}

OwnThreads::OwnThreads() : of_the_host_(omp_get_max_threads()) {
    omp_set_num_threads(t_own > 0 ? t_own : threads_at_first());
}

OwnThreads::~OwnThreads() {
    omp_set_num_threads(of_the_host_);
}

} // namespace mirra::runtime::onednn
