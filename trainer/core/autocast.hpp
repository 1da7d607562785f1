// Reduced precision in a scope.
#pragma once

#include "runtime/torch/libtorch.hpp"

namespace mirra::trainer {

/// bf16 arithmetic in convolutions and linear layers while alive; master weights stay fp32. One thread.
class Autocast {
  public:
    Autocast(c10::DeviceType device, bool enabled);
    Autocast(const Autocast &) = delete;
    Autocast &operator=(const Autocast &) = delete;
    ~Autocast();

  private:
    c10::DeviceType device_;
};

} // namespace mirra::trainer
