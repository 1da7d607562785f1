// Tensors to and from DLPack.
#pragma once

#include "mirra/bundle.hpp"
#include "mirra/mirra.h"

#include <memory>

namespace mirra::host {

/// A copy as fp32. Takes CPU tensors of float 16, 32, 64 or bfloat 16, of any strides.
/// @throws Error invalid_argument | unsupported (device, type) | limit (rank above 8, size)
bundle::WeightTensor from_dlpack(const DLManagedTensor *tensor, const std::string &name);

/// A view that keeps `tensor` alive; freed by its deleter.
DLManagedTensor *to_dlpack(std::shared_ptr<const bundle::WeightTensor> tensor);

} // namespace mirra::host
