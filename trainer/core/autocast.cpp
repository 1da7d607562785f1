// LibTorch's autocast as a guard.
#include "core/autocast.hpp"

#include <ATen/autocast_mode.h>

namespace mirra::trainer {

Autocast::Autocast(c10::DeviceType device, bool enabled) : device_(device) {
    at::autocast::set_autocast_enabled(device, enabled);
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
}

Autocast::~Autocast() {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, false);
}

} // namespace mirra::trainer
