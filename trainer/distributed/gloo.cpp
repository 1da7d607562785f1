// The one source that sees Gloo's headers.
#include "distributed/gloo.hpp"

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

namespace mirra::trainer {

c10::intrusive_ptr<c10d::Backend> gloo_backend(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                               int size, std::chrono::milliseconds timeout) {
    return c10::make_intrusive<c10d::ProcessGroupGloo>(
        store, rank, size, c10d::ProcessGroupGloo::Options::create_default(timeout));
}

} // namespace mirra::trainer
