// Tensors to and from DLPack.
#include "dlpack.hpp"

#include "mirra/error.hpp"

#include <cstring>

namespace mirra::host {
namespace {

constexpr std::int32_t kMostDimensions = 8;
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 40;

[[noreturn]] void reject(ErrorCode code, const std::string &name, const std::string &what) {
    throw Error(code, "tensor '" + name + "': " + what, name);
}

bundle::DType element_type(const DLTensor &tensor, const std::string &name) {
    if (tensor.dtype.lanes == 1 && tensor.dtype.code == kDLFloat) {
        if (tensor.dtype.bits == 16) return bundle::DType::f16;
        if (tensor.dtype.bits == 32) return bundle::DType::f32;
        if (tensor.dtype.bits == 64) return bundle::DType::f64;
    }
    if (tensor.dtype.lanes == 1 && tensor.dtype.code == kDLBfloat && tensor.dtype.bits == 16)
        return bundle::DType::bf16;
    reject(ErrorCode::unsupported, name, "its elements are not float16, float32, float64 or bfloat16");
}

std::uint64_t count_elements(const DLTensor &tensor, const std::string &name) {
    if (tensor.ndim < 0 || tensor.ndim > kMostDimensions)
        reject(ErrorCode::limit, name, "it has more than 8 dimensions");
    if (tensor.ndim > 0 && tensor.shape == nullptr)
        reject(ErrorCode::invalid_argument, name, "its shape is NULL");
    std::uint64_t count = 1;
    for (std::int32_t i = 0; i < tensor.ndim; ++i) {
        if (tensor.shape[i] < 1) reject(ErrorCode::invalid_argument, name, "it has an extent below 1");
        const auto extent = static_cast<std::uint64_t>(tensor.shape[i]);
        if (extent > kMostElements / count) reject(ErrorCode::limit, name, "it is too large");
        count *= extent;
    }
    return count;
}

/// The elements one after another, whatever the strides.
std::vector<std::byte> packed(const DLTensor &tensor, std::uint64_t count, std::size_t size) {
    const auto *base = static_cast<const std::byte *>(tensor.data) + tensor.byte_offset;
    std::vector<std::byte> bytes(count * size);
    if (tensor.strides == nullptr) {
        std::memcpy(bytes.data(), base, bytes.size());
        return bytes;
    }
    std::int64_t index[kMostDimensions] = {};
    for (std::uint64_t i = 0; i < count; ++i) {
        std::int64_t offset = 0;
        for (std::int32_t d = 0; d < tensor.ndim; ++d) offset += index[d] * tensor.strides[d];
        std::memcpy(bytes.data() + i * size, base + offset * static_cast<std::int64_t>(size), size);
        for (std::int32_t d = tensor.ndim - 1; d >= 0 && ++index[d] == tensor.shape[d]; --d) index[d] = 0;
    }
    return bytes;
}

struct Owner {
    DLManagedTensor managed{};
    std::shared_ptr<const bundle::WeightTensor> tensor;
    graph::Shape shape;
};

} // namespace

bundle::WeightTensor from_dlpack(const DLManagedTensor *managed, const std::string &name) {
    if (managed == nullptr) reject(ErrorCode::invalid_argument, name, "it is NULL");
    const DLTensor &tensor = managed->dl_tensor;
    if (tensor.device.device_type != kDLCPU) {
        reject(ErrorCode::unsupported, name, "it is not in CPU memory; copy it there first");
    }
    const bundle::DType type = element_type(tensor, name);
    const std::uint64_t count = count_elements(tensor, name);
    if (tensor.data == nullptr) reject(ErrorCode::invalid_argument, name, "its data are NULL");
    bundle::WeightTensor out;
    out.shape.assign(tensor.shape, tensor.shape + tensor.ndim);
    const auto bytes = packed(tensor, count, bundle::size_of(type));
    out.values = bundle::to_float({type, out.shape, bytes});
    return out;
}

DLManagedTensor *to_dlpack(std::shared_ptr<const bundle::WeightTensor> tensor) {
    auto owner = std::make_unique<Owner>();
    owner->shape = tensor->shape;
    owner->tensor = std::move(tensor);
    DLTensor &out = owner->managed.dl_tensor;
    // DLPack 0.8 has no read-only flag; mirra.h says that the view is one.
    out.data = const_cast<float *>(owner->tensor->values.data());
    out.device = {kDLCPU, 0};
    out.ndim = static_cast<std::int32_t>(owner->shape.size());
    out.dtype = {kDLFloat, 32, 1};
    out.shape = owner->shape.data();
    owner->managed.manager_ctx = owner.get();
    owner->managed.deleter = [](DLManagedTensor *self) { delete static_cast<Owner *>(self->manager_ctx); };
    return &owner.release()->managed;
}

} // namespace mirra::host
