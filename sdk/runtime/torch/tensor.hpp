// The runtime's DeviceTensor over at::Tensor.
#pragma once

#include "mirra/error.hpp"
#include "mirra/runtime.hpp"

#include <ATen/core/TensorBody.h>

namespace mirra::runtime {

class TorchTensor final : public DeviceTensor {
  public:
    explicit TorchTensor(at::Tensor value) : value_(std::move(value)), shape_(value_.sizes().vec()) {}
    [[nodiscard]] const graph::Shape &shape() const override { return shape_; }
    [[nodiscard]] const at::Tensor &value() const { return value_; }

  private:
    at::Tensor value_;
    graph::Shape shape_;
};

inline const at::Tensor &unwrap(const DeviceTensor &tensor) {
    const auto *ours = dynamic_cast<const TorchTensor *>(&tensor);
    if (!ours) throw Error(ErrorCode::invalid_argument, "the tensor is not of this runtime", "tensor");
    return ours->value();
}

inline TensorPtr wrap(at::Tensor tensor) {
    return std::make_shared<TorchTensor>(std::move(tensor));
}

} // namespace mirra::runtime
