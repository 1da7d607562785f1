/* Stands for the module of the kernels: says what it needs, and has no kernels. */
#include "runtime/cuda/kernels.h"

static const int32_t architectures[] = {800, 860, 900};

const mirra_cuda_kernels *mirra_cuda_kernels_v2(void) {
    static const mirra_cuda_kernels table = {.struct_size = sizeof(mirra_cuda_kernels),
                                             .cuda = 13000,
                                             .driver = 13000,
                                             .architectures = architectures,
                                             .architecture_count = 3};
    return &table;
}
