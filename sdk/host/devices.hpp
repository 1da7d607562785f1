// What this machine can run networks on, and how: devices, precisions, threads.
#pragma once

#include "cuda_kernels.hpp"
#include "mirra/cpu_device.hpp"
#include "runtime_loader.hpp"

namespace mirra::host {

struct FoundDevices {
    std::vector<runtime::DeviceInfo> devices;
    CudaKernels kernels; ///< where the driver has a GPU
};
/// "cpu" first; CUDA devices, or one unusable "cuda:0" with the reason. Loads the runtime only if the driver
/// has a GPU that it could use.
FoundDevices find_devices(RuntimeLoader &loader);

/// @throws Error invalid_argument for a number of threads that no machine has: OpenMP ends the process then
void check_threads(std::int32_t threads);

struct PrecisionChoice {
    runtime::Precision precision = runtime::Precision::fp32;
    std::string reason;
};

/// Whether bf16 saves time on a device: known of processors, taken for granted of GPUs.
runtime::Bf16Speed bf16_speed_of(const runtime::DeviceInfo &device);

/// Automatic: bf16 where the device is faster in it and the bundle's measured loss is below 0.02 dB, else
/// fp32.
/// @throws Error unsupported if the device lacks the one that is wanted
PrecisionChoice choose_precision(runtime::Precision wanted, const runtime::DeviceInfo &device,
                                 const bundle::Manifest *manifest, const runtime::Bf16Speed &bf16);
inline PrecisionChoice choose_precision(runtime::Precision wanted, const runtime::DeviceInfo &device,
                                        const bundle::Manifest *manifest) {
    return choose_precision(wanted, device, manifest, bf16_speed_of(device));
}

} // namespace mirra::host
