// Marks a function of single values that the processor's loops and the kernels of a GPU share. Belongs to no
// room but base.
#pragma once

#ifdef __CUDACC__
#define MIRRA_HOST_DEVICE __host__ __device__
#else
#define MIRRA_HOST_DEVICE
#endif
