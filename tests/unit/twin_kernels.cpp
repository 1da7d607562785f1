// Stands for the module of the kernels with the processor's twins, for GPUs that are the processor under
// other names.
#include "runtime/cuda/host_twins.hpp"

#include <cstdint>

extern "C" __attribute__((visibility("default"))) const mirra_cuda_kernels *mirra_cuda_kernels_v2() {
    static const std::int32_t kArchitectures[] = {800, 860, 900};
    static const mirra_cuda_kernels table = [] {
        mirra_cuda_kernels out = mirra::cuda::host_twins();
        out.cuda = out.driver = 13000;
        out.architectures = kArchitectures;
        out.architecture_count = 3;
        return out;
    }();
    return &table;
}
