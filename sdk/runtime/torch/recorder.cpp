// Finds the module that records work on a GPU.
#include "runtime/torch/recorder.hpp"

#include "mirra/environment.hpp"

#include <filesystem>
#include <string>

#include <dlfcn.h>

namespace mirra::runtime {
namespace {

/// Beside the file that this function is in.
std::string file_beside() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void *>(&find_work_recorder), &info) == 0) return {};
    return (std::filesystem::path(info.dli_fname).parent_path() / "libmirra_runtime_torch_graphs.so")
        .string();
}

WorkRecorder *load_work_recorder() {
    const std::string named = environment("MIRRA_CUDA_GRAPHS");
    if (named == "off") return nullptr;
    void *const module = dlopen((named.empty() ? file_beside() : named).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) return nullptr;
    auto *const source = reinterpret_cast<WorkRecorderSource *>(dlsym(module, MIRRA_WORK_RECORDER_SYMBOL));
    return source == nullptr ? nullptr : source();
}

} // namespace

WorkRecorder *find_work_recorder() {
    static WorkRecorder *const found = load_work_recorder();
    return found;
}

} // namespace mirra::runtime
