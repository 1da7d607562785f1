// Tensors of JavaScript: typed arrays with a shape.
#pragma once

#include "environment.h"

#include <vector>

namespace mirra_node {

/// { data, shape, strides, dtype } of JavaScript for the library, during a call.
class HeldTensor {
  public:
    /// @throws Failure
    HeldTensor(Js &js, napi_value value, const char *what);
    HeldTensor(const HeldTensor &) = delete;
    HeldTensor &operator=(const HeldTensor &) = delete;

    [[nodiscard]] const DLTensor *get() const { return &tensor_; }

  private:
    std::vector<std::int64_t> shape_, strides_;
    DLTensor tensor_;
};

/// A set of tensors as [[name, { data, shape }], ...].
napi_value to_tensors(Js &js, const mirra_tensors &tensors);

} // namespace mirra_node
