// The devices that this LibTorch can use, and the threads that the processor's kernels may have. CUDA is
// loaded only when it is asked for.
#pragma once

#include "mirra/runtime.hpp"

#include <c10/core/Device.h>

namespace mirra::runtime {

/// The CPU first; loads LibTorch's CUDA library to look for cards.
std::vector<DeviceInfo> list_devices();

/// @throws Error device (with the reason) | invalid_argument
c10::Device find_device(const std::string &id);

/// OpenMP ends the process where it cannot start its threads. So as many are started and ended here first, if
/// the calling thread has not had that many yet. @throws Error limit
void check_startable(int count);

} // namespace mirra::runtime
