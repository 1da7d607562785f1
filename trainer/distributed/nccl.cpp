// Loading the NCCL module.
#include "distributed/nccl.hpp"

#include <dlfcn.h>

namespace mirra::trainer {

c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                               int size, std::chrono::milliseconds timeout,
                                               std::string &reason) {
    void *module = dlopen("libmirra_train_nccl.so", RTLD_NOW | RTLD_LOCAL);
    auto *entry = module ? reinterpret_cast<NcclEntry *>(dlsym(module, kNcclEntry)) : nullptr;
    c10::intrusive_ptr<c10d::Backend> out;
    if (entry)
        entry(store, rank, size, timeout, out);
    else
        reason = dlerror();
    return out;
}

} // namespace mirra::trainer
