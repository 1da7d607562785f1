// What this machine can run networks on, and how.
#include "devices.hpp"

#include "mirra/error.hpp"
#include "mirra/forks.hpp"

#include <algorithm>
#include <locale>
#include <sched.h>
#include <sstream>

#include <dlfcn.h>
#include <unistd.h>

namespace mirra::host {
namespace {

using runtime::DeviceInfo, runtime::Precision;

bool has_nvidia_driver() {
    const ForkPause pause; // the loader is at work
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (driver == nullptr) return false;
    dlclose(driver);
    return access("/dev/nvidiactl", F_OK) == 0;
}

DeviceInfo no_cuda(const std::string &reason) {
    DeviceInfo device;
    device.id = "cuda:0";
    device.name = "CUDA";
    device.reason = reason;
    return device;
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

} // namespace

std::vector<DeviceInfo> find_devices(RuntimeLoader &loader) {
    std::vector<DeviceInfo> devices{runtime::cpu_device()};
    if (!has_nvidia_driver()) {
        devices.push_back(no_cuda("no NVIDIA driver was found; install one, or use the device 'cpu'"));
        return devices;
    }
    if (!loader.status().usable) {
        devices.push_back(
            no_cuda("a driver is there, but the runtime module cannot be used: " + loader.status().reason));
        return devices;
    }
    for (DeviceInfo &device : loader.module().devices()) {
        if (device.id != "cpu") devices.push_back(std::move(device));
    }
    if (devices.size() == 1)
        devices.push_back(no_cuda("a driver is there, but the runtime module is built without CUDA"));
    return devices;
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
