// What this machine can run networks on.
#include "devices.hpp"

#include "mirra/cpu_device.hpp"

#include <dlfcn.h>
#include <unistd.h>

namespace mirra::host {
namespace {

using runtime::DeviceInfo;

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

} // namespace mirra::host
