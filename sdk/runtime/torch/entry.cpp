// The exported symbol of libmirra_runtime_torch.so.
#include "runtime/torch/module.hpp"

extern "C" __attribute__((visibility("default"))) mirra::runtime::Module *mirra_runtime_module_v3();

mirra::runtime::Module *mirra_runtime_module_v3() {
    return &mirra::runtime::torch_module();
}
