// The exported symbol of libmirra_runtime_onednn.so.
#include "runtime/onednn/module.hpp"

extern "C" __attribute__((visibility("default"))) mirra::runtime::Module *mirra_runtime_module_v7();

mirra::runtime::Module *mirra_runtime_module_v7() {
    return &mirra::runtime::onednn_module();
}
