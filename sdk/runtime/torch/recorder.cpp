// Finds the module that records work on a GPU.
#include "runtime/torch/recorder.hpp"

#include "mirra/environment.hpp"

#include <filesystem>
#include <string>

#include <dlfcn.h>

namespace mirra::runtime {
namespace {

/// A module that is loaded stays: its code may be under way in any thread.
WorkRecorder *load_work_recorder(const std::filesystem::path &file) {
    void *const module = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) return nullptr;
    auto *const source = reinterpret_cast<WorkRecorderSource *>(dlsym(module, MIRRA_WORK_RECORDER_SYMBOL));
    return source == nullptr ? nullptr : source();
}

} // namespace

WorkRecorder *find_work_recorder(std::span<const std::filesystem::path> folders) {
    const std::string named = environment("MIRRA_CUDA_GRAPHS");
    if (named == "off") return nullptr;
    if (!named.empty()) return load_work_recorder(named);
    for (const auto &folder : folders)
        if (auto *const found = load_work_recorder(folder / "libmirra_runtime_torch_graphs.so")) return found;
    return nullptr;
}

} // namespace mirra::runtime
