// Which precision a network runs in, and why.
#pragma once

#include "mirra/host.hpp"

namespace mirra::host {

struct PrecisionChoice {
    runtime::Precision precision = runtime::Precision::fp32;
    std::string reason;
};

/// Automatic: bf16 where the device has it in hardware and the bundle's measured loss is below 0.02 dB, else
/// fp32.
/// @throws Error unsupported if the device lacks the one that is wanted
PrecisionChoice choose_precision(runtime::Precision wanted, const runtime::DeviceInfo &device,
                                 const bundle::Manifest *manifest);

} // namespace mirra::host
