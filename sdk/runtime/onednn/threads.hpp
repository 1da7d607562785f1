// How many threads compute for the calling one. OpenMP has one such number a thread, and the host may use
// OpenMP itself: ours holds during runs alone.
#pragma once

namespace mirra::runtime::onednn {

/// What a thread has that was told nothing: OMP_NUM_THREADS, or as many processors as the process may use.
int threads_at_first();
/// For the runs of the calling thread.
void set_own_threads(int count) noexcept;

/// While alive, OpenMP has the calling thread's own number; then the host's again.
class OwnThreads {
  public:
    OwnThreads();
    OwnThreads(const OwnThreads &) = delete;
    OwnThreads &operator=(const OwnThreads &) = delete;
    ~OwnThreads();

  private:
    const int of_the_host_;
};

} // namespace mirra::runtime::onednn
