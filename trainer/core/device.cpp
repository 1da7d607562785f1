// Choosing the device, and autocast as a guard.
#include "core/device.hpp"

#include "eval/evaluation.hpp"
#include "mirra/cpu_device.hpp"
#include "mirra/error.hpp"

#include <ATen/autocast_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <algorithm>

#include <dlfcn.h>

namespace mirra::trainer {
namespace {

/// What `mirra devices` says of GPUs, where it knows why there is none.
[[noreturn]] void no_gpu(const std::string &name, const std::string &otherwise) {
    auto reason = otherwise;
    const auto engine = host_engine();
    for (const auto &device : engine->devices())
        if (device.id.starts_with("cuda") && !device.reason.empty()) reason = device.reason;
    throw Error(ErrorCode::device, reason, name, "use --device cpu; mirra devices lists what there is");
}

[[noreturn]] void unknown(const std::string &name) {
    throw Error(ErrorCode::invalid_argument, "unknown device '" + name + "'", "--device",
                "use cpu, cuda or cuda:N");
}

torch::Device parse(const std::string &name) {
    try {
        const torch::Device device(name);
        if (device.is_cpu() || device.is_cuda()) return device;
    } catch (const c10::Error &) {
        unknown(name);
    }
    unknown(name);
}

void check_index(const torch::Device &device, const std::string &name) {
    const int count = torch::cuda::device_count();
    if (device.index() < count) return;
    throw Error(ErrorCode::device,
                "there is no GPU " + std::to_string(device.index()) + ": " + std::to_string(count) +
                    (count == 1 ? " is" : " are") + " visible here, counted from 0",
                name, "use a smaller number; where a launcher shows each process one GPU alone, cuda:0");
}

} // namespace

torch::Device select_device(const std::string &name) {
    const auto device = parse(name);
    if (!device.is_cuda()) return device;
    if (!dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL))
        no_gpu(name, std::string("LibTorch's CUDA library cannot be loaded: ") + dlerror());
    if (!torch::cuda::is_available()) no_gpu(name, "no CUDA device is available");
    check_index(device, name);
    at::globalContext().setDeterministicCuDNN(true); // so that a resumed run repeats an uninterrupted one
    at::globalContext().setBenchmarkCuDNN(false);
    return device;
}

torch::Device select_device(const std::string &name, const ProcessEnvironment &environment) {
    const bool several = environment.world > 1 && name == "cuda";
    return select_device(several ? "cuda:" + std::to_string(environment.local_rank) : name);
}

bool has_bf16(const torch::Device &device) {
    if (device.is_cuda()) {
        const c10::DeviceGuard on_it(device);
        return at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8();
    }
    return std::ranges::count(runtime::cpu_device().precisions, runtime::Precision::bf16) > 0;
}

bool is_faster_in_bf16(const torch::Device &device) {
    return device.is_cuda() ? has_bf16(device) : runtime::bf16_speed().pays;
}

bool is_bf16(const std::string &precision, const torch::Device &device) {
    return precision == "auto" ? is_faster_in_bf16(device) : precision == "bf16";
}

torch::Tensor sent(const torch::Tensor &tensor, const torch::Device &device) {
    constexpr bool kWaitForNothing = true;
    return device.is_cpu() ? tensor : tensor.pin_memory().to(device, kWaitForNothing);
}

Autocast::Autocast(c10::DeviceType device, bool enabled) : device_(device) {
    at::autocast::set_autocast_enabled(device, enabled);
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
}

Autocast::~Autocast() {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, false);
}

} // namespace mirra::trainer
