// Tensors to and from DLPack.
#pragma once

#include "mirra/bundle.hpp"
#include "mirra/mirra.h"

#include <memory>

namespace mirra::host {

/// A copy as fp32. Takes tensors of float 16, 32, 64 or bfloat 16, of any strides, of the processor or of a
/// GPU, whose default stream is waited for.
/// @throws Error invalid_argument | unsupported (device, type) | limit (rank above 8, size) | device
bundle::WeightTensor from_dlpack(const DLTensor *tensor, const std::string &name);

/// A read-only view that keeps `tensor` alive; freed by its deleter.
DLManagedTensorVersioned *to_dlpack(std::shared_ptr<const bundle::WeightTensor> tensor);
/// The same of values that nobody else has, which may be written.
DLManagedTensorVersioned *to_writable_dlpack(bundle::WeightTensor tensor);
/// A copy in the form of before DLPack 1, which cannot say that it is read-only.
DLManagedTensor *to_unversioned_dlpack(bundle::WeightTensor tensor);

} // namespace mirra::host
