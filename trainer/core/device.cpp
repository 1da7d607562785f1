// Device selection.
#include "core/device.hpp"

#include "mirra/cpu_device.hpp"
#include "mirra/error.hpp"

#include <algorithm>

#include <dlfcn.h>

namespace mirra::trainer {
namespace {

torch::Device parse(const std::string &name) {
    try {
        return torch::Device(name);
    } catch (const c10::Error &) {
        throw Error(ErrorCode::invalid_argument, "unknown device '" + name + "'", "--device",
                    "use cpu, cuda or cuda:N");
    }
}

} // namespace

torch::Device select_device(const std::string &name) {
    const auto device = parse(name);
    if (!device.is_cuda()) return device;
    if (!dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL))
        throw Error(ErrorCode::device, std::string("LibTorch's CUDA library cannot be loaded: ") + dlerror(),
                    name, "use --device cpu, or a LibTorch with CUDA");
    if (!torch::cuda::is_available())
        throw Error(ErrorCode::device, "no CUDA device is available", name,
                    "use --device cpu, or check the driver");
    return device;
}

torch::Device select_device(const std::string &name, const ProcessEnvironment &environment) {
    const bool several = environment.world > 1 && name == "cuda";
    return select_device(several ? "cuda:" + std::to_string(environment.local_rank) : name);
}

bool has_bf16(const torch::Device &device) {
    if (device.is_cuda()) return true;
    return std::ranges::count(runtime::cpu_device().precisions, runtime::Precision::bf16) > 0;
}

} // namespace mirra::trainer
