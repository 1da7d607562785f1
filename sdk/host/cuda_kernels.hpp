// Loads the module of the kernels for GPUs.
#pragma once

#include <string>

struct mirra_cuda_kernels;

namespace mirra::host {

/// It is no part of every build: without it LibTorch's kernels do its work.
struct CudaKernels {
    const mirra_cuda_kernels *table = nullptr; ///< null: the module is not there, or cannot be used
    std::string reason;                        ///< why it cannot be used; empty where it is not there
};

/// From the file that MIRRA_CUDA_KERNELS names, or from mirra/ beside the library. The module stays loaded.
CudaKernels load_cuda_kernels();

} // namespace mirra::host
