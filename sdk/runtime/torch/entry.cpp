// The exported symbols of libmirra_runtime_torch.so.
#include "runtime/torch/gpu_runtime.hpp"
#include "runtime/torch/module.hpp"

#include <torch/version.h>

#define MIRRA_EXPORT extern "C" __attribute__((visibility("default")))
#define MIRRA_JOIN(prefix, major, minor, patch) prefix##major##_##minor##_##patch
#define MIRRA_NAMED(prefix, major, minor, patch) MIRRA_JOIN(prefix, major, minor, patch)

MIRRA_EXPORT mirra::runtime::Module *mirra_runtime_module_v7();
MIRRA_EXPORT mirra::runtime::GpuRuntime *MIRRA_GPU_RUNTIME_FUNCTION();
#ifdef MIRRA_PRIVATE_LIBTORCH
/// Its name tells the LibTorch that the module was built for, before either is loaded.
MIRRA_EXPORT const char MIRRA_NAMED(mirra_needs_libtorch_, TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR,
                                    TORCH_VERSION_PATCH) = 1;
#endif

mirra::runtime::Module *mirra_runtime_module_v7() {
    return &mirra::runtime::torch_module();
}

mirra::runtime::GpuRuntime *MIRRA_GPU_RUNTIME_FUNCTION() {
    return &mirra::runtime::torch_gpu_runtime();
}
