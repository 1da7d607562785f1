// The devices that this LibTorch can use. CUDA is loaded only when it is asked for.
#pragma once

#include "mirra/runtime.hpp"

#include <c10/core/Device.h>

namespace mirra::runtime {

/// The CPU first; loads LibTorch's CUDA library to look for cards.
std::vector<DeviceInfo> list_devices();

/// @throws Error device (with the reason) | invalid_argument
c10::Device find_device(const std::string &id);

} // namespace mirra::runtime
