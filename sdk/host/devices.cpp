// What this machine can run networks on, and how.
#include "devices.hpp"

#include "cuda_driver.hpp"
#include "device_pool.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <locale>
#include <sstream>

namespace mirra::host {
namespace {

using runtime::DeviceInfo, runtime::Precision;

DeviceInfo no_cuda(const std::string &reason) {
    DeviceInfo device;
    device.id = "cuda:0";
    device.name = "CUDA";
    device.reason = reason;
    return device;
}

/// The GPUs as the driver tells of them, each with the reason why the kernels cannot run on it.
/// @throws Error device (with the reason why none can be used)
std::vector<DeviceInfo> ask_gpus(CudaKernels &kernels) {
    const CudaDriver driver = ask_cuda_driver();
    const auto check = [](const std::string &reason) {
        if (!reason.empty()) throw Error(ErrorCode::device, reason);
    };
    check(driver.reason);
    kernels = load_cuda_kernels();
    check(kernels.reason);
    if (kernels.table != nullptr) check(why_too_old(driver, *kernels.table));
    std::vector<DeviceInfo> devices;
    for (const CudaGpu &gpu : driver.gpus) {
        DeviceInfo &device = devices.emplace_back();
        device.id = "cuda:" + std::to_string(devices.size() - 1);
        device.name = gpu.name;
        device.memory = gpu.memory;
        if (kernels.table != nullptr) device.reason = why_not_built(gpu, *kernels.table);
    }
    return devices;
}

/// Lets the runtime say which of the GPUs it can use. Loads it.
void ask_runtime(RuntimeLoader &loader, std::vector<DeviceInfo> &gpus) {
    const RuntimeStatus &status = loader.status();
    const std::vector<DeviceInfo> known =
        status.usable ? loader.module().devices() : std::vector<DeviceInfo>();
    for (DeviceInfo &gpu : gpus) {
        if (!gpu.reason.empty()) continue;
        const auto found = std::ranges::find(known, gpu.id, &DeviceInfo::id);
        if (found != known.end()) {
            gpu.usable = found->usable;
            gpu.reason = found->reason;
            gpu.precisions = found->precisions;
        } else if (!status.usable) {
            gpu.reason = "the runtime module cannot be used: " + status.reason;
        } else if (known.size() > 1) {
            gpu.reason = "LibTorch does not know it: " + known.back().reason;
        } else {
            gpu.reason = "the runtime module " + status.path +
                         " computes on the processor alone; install libmirra_runtime_torch.so beside it, "
                         "or name that file in MIRRA_RUNTIME_MODULE";
        }
    }
}

constexpr double kAcceptedLoss = 0.02; // dB

std::string decibels(double value) {
    std::ostringstream text;
    text.imbue(std::locale::classic()); // the process may have another one
    text << value << " dB";
    return text.str();
}

bool has(const runtime::DeviceInfo &device, Precision precision) {
    return std::ranges::find(device.precisions, precision) != device.precisions.end();
}

[[noreturn]] void refuse(const runtime::DeviceInfo &device, Precision precision) {
    std::string names;
    for (const Precision each : device.precisions)
        names += (names.empty() ? "" : ", ") + std::string(precision_name(each));
    throw Error(ErrorCode::unsupported,
                "the device '" + device.id + "' (" + device.name + ") has no " +
                    std::string(precision_name(precision)) + " in hardware",
                "precision", "It has: " + names + ".");
}

/// Where several GPUs can be used: what they are together.
void add_pool(std::vector<DeviceInfo> &devices) {
    DeviceInfo all;
    std::size_t count = 0;
    for (const DeviceInfo &gpu : devices) {
        if (!gpu.usable || gpu.id == runtime::cpu_device().id) continue;
        if (++count == 1) all.precisions = gpu.precisions;
        std::erase_if(all.precisions, [&](Precision precision) { return !has(gpu, precision); });
        all.memory += gpu.memory;
    }
    if (count < 2) return;
    all.id = kAllGpus;
    all.name = std::to_string(count) + " GPUs, with a run on each";
    all.usable = true;
    devices.push_back(std::move(all));
}

} // namespace

FoundDevices find_devices(RuntimeLoader &loader) {
    FoundDevices found{{runtime::cpu_device()}, {}};
    std::vector<DeviceInfo> &devices = found.devices;
    try {
        std::vector<DeviceInfo> gpus = ask_gpus(found.kernels);
        if (std::ranges::any_of(gpus, [](const DeviceInfo &gpu) { return gpu.reason.empty(); }))
            ask_runtime(loader, gpus);
        devices.insert(devices.end(), gpus.begin(), gpus.end());
        add_pool(devices);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::device) throw;
        devices.push_back(no_cuda(error.what()));
    }
    return found;
}

void check_threads(std::int32_t threads) {
    constexpr std::int32_t kMost = 1024;
    if (threads < 0 || threads > kMost) {
        throw Error(ErrorCode::invalid_argument,
                    "threads is " + std::to_string(threads) + ", not 0 to " + std::to_string(kMost),
                    "threads", "Leave it at 0 for as many as the process may use.");
    }
}

std::string_view precision_name(Precision precision) noexcept {
    switch (precision) {
    case Precision::automatic:
        return "auto";
    case Precision::fp32:
        return "fp32";
    case Precision::bf16:
        return "bf16";
    case Precision::fp16:
        return "fp16";
    }
    return "unknown";
}

runtime::Bf16Speed bf16_speed_of(const runtime::DeviceInfo &device) {
    if (device.id == runtime::cpu_device().id) return runtime::bf16_speed();
    return {true, "the device has it in hardware"};
}

PrecisionChoice choose_precision(Precision wanted, const runtime::DeviceInfo &device,
                                 const bundle::Manifest *manifest, const runtime::Bf16Speed &bf16) {
    if (wanted != Precision::automatic) {
        if (!has(device, wanted)) refuse(device, wanted);
        return {wanted, "asked for"};
    }
    if (manifest == nullptr) return {Precision::fp32, "the task has no bundle"};
    if (!has(device, Precision::bf16)) return {Precision::fp32, "the device has no bf16 in hardware"};
    if (!bf16.pays) return {Precision::fp32, std::string(bf16.reason)};
    const auto loss = manifest->precision_loss.find("bf16");
    if (loss == manifest->precision_loss.end())
        return {Precision::fp32, "the bundle's loss in bf16 was not measured"};
    const std::string measured = "the bundle loses " + decibels(loss->second) + " in bf16";
    if (!(loss->second < kAcceptedLoss)) {
        return {Precision::fp32, measured + ", " + decibels(kAcceptedLoss) + " or more"};
    }
    return {Precision::bf16, std::string(bf16.reason) + " and " + measured};
}

} // namespace mirra::host
