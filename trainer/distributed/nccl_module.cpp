// NCCL: the module that is built where NCCL's and CUDA's headers are found.
#include "distributed/connection.hpp"

#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

extern "C" __attribute__((visibility("default"))) mirra::trainer::NcclEntry mirra_train_nccl;

void mirra_train_nccl(const c10::intrusive_ptr<c10d::Store> &store, int rank, int size,
                      std::chrono::milliseconds timeout, c10::intrusive_ptr<c10d::Backend> &out) {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    out = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
}
