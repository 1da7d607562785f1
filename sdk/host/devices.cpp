// What this machine can run networks on.
#include "devices.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace mirra::host {
namespace {

using runtime::DeviceInfo;
using runtime::Precision;

bool has_word(const std::string &text, const std::string &word) {
    std::istringstream words(text);
    for (std::string each; words >> each;) {
        if (each == word) return true;
    }
    return false;
}

DeviceInfo cpu() {
    DeviceInfo device;
    device.id = "cpu";
    device.name = "CPU";
    device.usable = true;
    device.memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                    static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    device.precisions = {Precision::fp32};
    std::ifstream description("/proc/cpuinfo");
    for (std::string line; std::getline(description, line);) {
        const auto colon = line.find(": ");
        if (colon == std::string::npos) continue;
        const std::string value = line.substr(colon + 2);
        if (line.starts_with("model name")) device.name = value;
        if (line.starts_with("flags")) {
            if (has_word(value, "avx512_bf16") || has_word(value, "amx_bf16"))
                device.precisions.push_back(Precision::bf16);
            if (has_word(value, "avx512_fp16") || has_word(value, "amx_fp16"))
                device.precisions.push_back(Precision::fp16);
            break;
        }
    }
    return device;
}

bool has_nvidia_driver() {
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

} // namespace

std::vector<DeviceInfo> find_devices(RuntimeLoader &loader) {
    std::vector<DeviceInfo> devices{cpu()};
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
        if (device.id == "cpu") {
            devices.front() = std::move(device);
        } else {
            devices.push_back(std::move(device));
        }
    }
    if (devices.size() == 1)
        devices.push_back(no_cuda("a driver is there, but the runtime module is built without CUDA"));
    return devices;
}

} // namespace mirra::host
