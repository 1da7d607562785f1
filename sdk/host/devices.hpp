// What this machine can run networks on.
#pragma once

#include "runtime_loader.hpp"

namespace mirra::host {

/// "cpu" first; CUDA devices, or one unusable "cuda:0" with the reason. Loads the runtime only if a driver is
/// there.
std::vector<runtime::DeviceInfo> find_devices(RuntimeLoader &loader);

} // namespace mirra::host
