// Listing and choosing devices; CUDA is loaded only when asked for.
#include "runtime/torch/devices.hpp"

#include "mirra/error.hpp"

#include <torch/torch.h>

#include <dlfcn.h>
#include <fstream>
#include <unistd.h>

namespace mirra::runtime {
namespace {

std::string processor_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "CPU";
}

/// Processors with AMX have it too.
bool has_bf16() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512bf16") != 0;
#else
    return false;
#endif
}

DeviceInfo cpu_info() {
    DeviceInfo info{.id = "cpu",
                    .name = processor_name(),
                    .memory = 0,
                    .precisions = {Precision::fp32},
                    .usable = true,
                    .reason = {}};
    info.memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                  static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
    if (has_bf16()) info.precisions.push_back(Precision::bf16);
    return info;
}

/// Loads the CUDA part of LibTorch once; the reason when that fails.
const std::string &cuda_failure() {
    static const std::string reason = [] {
        if (!dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) return std::string(dlerror());
        return std::string(
            torch::cuda::is_available() ? "" : "no CUDA device, or no driver that LibTorch can use");
    }();
    return reason;
}

} // namespace

std::vector<DeviceInfo> list_devices() {
    std::vector<DeviceInfo> devices{cpu_info()};
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
