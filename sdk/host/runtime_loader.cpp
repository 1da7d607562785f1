// Loads the runtime module.
#include "runtime_loader.hpp"

#include "libtorch_loader.hpp"
#include "mirra/cpu_device.hpp"
#include "paths.hpp"
#include "process_life.hpp"
#include "runtime/cuda/gpu_runtime.hpp"
#include "shared_library.hpp"

#include <unistd.h>

#include <fstream>

namespace mirra::host {
namespace {

constexpr const char *kInstallHint = "Install the runtime of Mirra beside the library, or name its file in "
                                     "MIRRA_RUNTIME_MODULE.";

} // namespace

std::uint64_t resident_bytes() {
    std::ifstream statistics("/proc/self/statm");
    std::uint64_t total = 0, resident = 0;
    statistics >> total >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void RuntimeLoader::load() {
    std::error_code ignored;
    std::string looked_at;
    for (const auto &file : runtime_candidates(given_)) {
        looked_at += (looked_at.empty() ? "" : ", ") + file.string();
        if (!std::filesystem::is_regular_file(file, ignored)) continue;
        status_.path = file.string();
        break;
    }
    if (status_.path.empty()) {
        status_.reason = looked_at.empty() ? "the library's own folder cannot be told"
                                           : "no runtime module at " + looked_at;
        return;
    }
    code_ = ErrorCode::device;
    runtime_starts();
    const std::uint64_t before = resident_bytes();
    try {
        load_module();
    } catch (const std::bad_alloc &) { // it may be there the next time
        status_ = {};
        module_ = nullptr;
        throw;
    } catch (const Error &error) {
        status_.reason = error.what();
        hint_ = error.hint();
    } catch (const std::exception &error) {
        status_.reason = error.what();
    }
    if (!status_.usable) {
        module_ = nullptr;
        gpu_ = nullptr;
    }
    const std::uint64_t after = resident_bytes();
    status_.base_bytes = after > before ? after - before : 0;
}

void RuntimeLoader::load_module() {
    const LibTorch libtorch = load_libtorch_for(status_.path, libtorch_);
    status_.libtorch = libtorch.file;
    status_.libtorch_origin = libtorch.origin;
    auto &library = load_forever(status_.path);
    if (!library.has(MIRRA_RUNTIME_MODULE_SYMBOL))
        throw Error(ErrorCode::device,
                    "it is no runtime module of this version: " MIRRA_RUNTIME_MODULE_SYMBOL " is missing");
    const PlainArithmetic arithmetic;
    module_ = library.get<runtime::Module *()>(MIRRA_RUNTIME_MODULE_SYMBOL)();
    if (module_ == nullptr) throw Error(ErrorCode::device, "the runtime module could not start");
    if (library.has(MIRRA_GPU_RUNTIME_SYMBOL))
        gpu_ = library.get<runtime::GpuRuntimeSource>(MIRRA_GPU_RUNTIME_SYMBOL)();
    status_.version = module_->version();
    constexpr std::string_view kOfLibTorch = "LibTorch ";
    if (status_.version.starts_with(kOfLibTorch))
        status_.libtorch_version = status_.version.substr(kOfLibTorch.size());
    status_.usable = true;
}

const RuntimeStatus &RuntimeLoader::status() {
    check_not_forked();
    std::call_once(once_, [this] { load(); });
    return status_;
}

std::shared_ptr<runtime::Arena>
RuntimeLoader::make_arena(const std::string &device, std::uint64_t limit, std::uint64_t keep,
                          const std::function<void(const std::string &text)> &note) {
    runtime::Module &runtime = module();
    if (gpu_ == nullptr || device == runtime::cpu_device().id) return runtime.make_arena(limit, keep);
    return gpu_->make_arena(device, limit, note);
}

runtime::Module &RuntimeLoader::module() {
    if (!status().usable)
        throw Error(code_, "the runtime cannot be used: " + status_.reason, status_.path,
                    hint_.empty() ? kInstallHint : hint_);
    return *module_;
}

} // namespace mirra::host
