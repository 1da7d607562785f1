#include "runtime/torch/devices.hpp"

#include "mirra/cpu_device.hpp"
#include "mirra/error.hpp"
#include "runtime/torch/libtorch.hpp"

#include <ATen/Parallel.h>

#include <filesystem>
#include <string>
#include <system_error>

#include <dlfcn.h>

namespace mirra::runtime {
namespace {

/// The CUDA part that belongs to the loaded libtorch_cpu, whose file may have a private name.
std::string cuda_library() {
    Dl_info info{};
    dladdr(reinterpret_cast<const void *>(&at::get_num_threads), &info);
    std::string file = info.dli_fname == nullptr ? "" : info.dli_fname;
    const auto part = file.rfind("torch_cpu");
    return part == std::string::npos ? "libtorch_cuda.so" : file.replace(part, 9, "torch_cuda");
}

/// Loads the CUDA part of LibTorch once; the reason when that fails.
const std::string &cuda_failure() {
    static const std::string reason = [] {
        const std::string file = cuda_library();
        std::error_code ignored;
        if (!std::filesystem::exists(file, ignored))
            return "there is no " + file +
                   "; a build with -DMIRRA_PRIVATE_LIBTORCH=OFF runs on LibTorch as it is installed, with "
                   "CUDA";
        if (!dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) return std::string(dlerror());
        return std::string(
            torch::cuda::is_available() ? "" : "no CUDA device, or no driver that LibTorch can use");
    }();
    return reason;
}

} // namespace

std::vector<DeviceInfo> list_devices() {
    std::vector<DeviceInfo> devices{cpu_device()};
    const auto &failure = cuda_failure();
    if (!failure.empty()) {
        devices.push_back({.id = "cuda:0",
                           .name = "CUDA",
                           .memory = 0,
                           .precisions = {},
                           .usable = false,
                           .reason = failure});
        return devices;
    }
    for (c10::DeviceIndex i = 0; i < static_cast<c10::DeviceIndex>(torch::cuda::device_count()); ++i)
        devices.push_back({.id = "cuda:" + std::to_string(i),
                           .name = "CUDA device " + std::to_string(i),
                           .memory = 0,
                           .precisions = {Precision::fp32, Precision::bf16, Precision::fp16},
                           .usable = true,
                           .reason = {}});
    return devices;
}

c10::Device find_device(const std::string &id) {
    if (id == "cpu") return c10::Device(c10::DeviceType::CPU);
    if (!id.starts_with("cuda"))
        throw Error(ErrorCode::invalid_argument, "unknown device '" + id + "'", "device",
                    "use cpu or cuda:N");
    if (const auto &failure = cuda_failure(); !failure.empty())
        throw Error(ErrorCode::device, "device " + id + " cannot be used: " + failure, "device",
                    "use the device cpu");
    return c10::Device(id == "cuda" ? "cuda:0" : id);
}

} // namespace mirra::runtime
