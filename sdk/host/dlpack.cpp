// Tensors to and from DLPack.
#include "dlpack.hpp"

#include "cuda_driver.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mirra::host {
namespace {

constexpr std::int32_t kMostDimensions = 8;
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 40;
/// Elements that a view may repeat out of less memory (64 MiB as fp32), as broadcasting does.
constexpr std::uint64_t kMostRepeated = std::uint64_t{1} << 24;
constexpr std::uint64_t kBlock = std::uint64_t{1} << 16;

[[noreturn]] void reject(ErrorCode code, const std::string &name, const std::string &what,
                         const std::string &hint = {}) {
    throw Error(code, "tensor '" + name + "': " + what, name, hint);
}

bundle::DType element_type(const DLTensor &tensor, const std::string &name) {
    const DLDataType &type = tensor.dtype;
    if (type.lanes != 1)
        reject(ErrorCode::unsupported, name,
               "its elements have " + std::to_string(type.lanes) + " lanes, not 1");
    if (type.code == kDLFloat) {
        if (type.bits == 16) return bundle::DType::f16;
        if (type.bits == 32) return bundle::DType::f32;
        if (type.bits == 64) return bundle::DType::f64;
    }
    if (type.code == kDLBfloat && type.bits == 16) return bundle::DType::bf16;
    reject(ErrorCode::unsupported, name,
           "its elements are not float16, float32, float64 or bfloat16 (DLPack's type code " +
               std::to_string(type.code) + " of " + std::to_string(type.bits) + " bits)");
}

std::uint64_t count_elements(const DLTensor &tensor, const std::string &name) {
    if (tensor.ndim < 0)
        reject(ErrorCode::invalid_argument, name,
               "its number of dimensions is negative: " + std::to_string(tensor.ndim));
    if (tensor.ndim > kMostDimensions)
        reject(ErrorCode::limit, name, "it has " + std::to_string(tensor.ndim) + " dimensions, more than 8");
    if (tensor.ndim > 0 && tensor.shape == nullptr)
        reject(ErrorCode::invalid_argument, name, "its shape is NULL");
    std::uint64_t count = 1;
    for (std::int32_t i = 0; i < tensor.ndim; ++i) {
        if (tensor.shape[i] < 1)
            reject(ErrorCode::invalid_argument, name,
                   "its extent in dimension " + std::to_string(i) + " is " + std::to_string(tensor.shape[i]) +
                       ", below 1");
        const auto extent = static_cast<std::uint64_t>(tensor.shape[i]);
        if (extent > kMostElements / count)
            reject(ErrorCode::limit, name,
                   "it is too large: more than " + std::to_string(kMostElements) + " elements");
        count *= extent;
    }
    return count;
}

/// Where the elements of a tensor lie.
struct Memory {
    const std::byte *first = nullptr;                       ///< the element of index 0
    std::array<std::int64_t, kMostDimensions> strides = {}; ///< bytes
    std::uint64_t span = 0;                                 ///< elements from the lowest to the highest one
    std::uint64_t before = 0;                               ///< bytes of it before the first
    bool dense = true;                                      ///< row-major, without gaps
};

/// The strides in bytes, and how far they reach; checked, so that no later sum overflows.
Memory locate(const DLTensor &tensor, std::size_t size, const std::string &name) {
    constexpr auto kHighest = static_cast<std::uint64_t>(INT64_MAX); // of an address in user space
    Memory memory;
    std::int64_t low = 0, high = 0, packed = static_cast<std::int64_t>(size);
    for (std::int32_t i = tensor.ndim - 1; i >= 0; --i) {
        if (tensor.shape[i] == 1) continue; // its stride says nothing, and may be anything
        auto &stride = memory.strides[static_cast<std::size_t>(i)];
        std::int64_t reach = 0;
        const bool overflows =
            tensor.strides != nullptr &&
            __builtin_mul_overflow(tensor.strides[i], static_cast<std::int64_t>(size), &stride);
        if (tensor.strides == nullptr) stride = packed;
        std::int64_t &end = stride < 0 ? low : high;
        if (overflows || __builtin_mul_overflow(stride, tensor.shape[i] - 1, &reach) ||
            __builtin_add_overflow(end, reach, &end))
            reject(ErrorCode::invalid_argument, name,
                   "its stride in dimension " + std::to_string(i) + " reaches beyond all memory");
        memory.dense = memory.dense && stride == packed;
        packed *= tensor.shape[i];
    }
    const auto address = reinterpret_cast<std::uintptr_t>(tensor.data);
    if (address > kHighest || tensor.byte_offset > kHighest - address)
        reject(ErrorCode::invalid_argument, name, "its byte_offset points beyond all memory");
    const std::uint64_t first = address + tensor.byte_offset;
    if (static_cast<std::uint64_t>(high) + size > kHighest - first ||
        first < ~static_cast<std::uint64_t>(low) + 1)
        reject(ErrorCode::invalid_argument, name, "its strides reach beyond all memory");
    memory.first = static_cast<const std::byte *>(tensor.data) + tensor.byte_offset;
    memory.before = ~static_cast<std::uint64_t>(low) + 1;
    memory.span = (static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low)) / size + 1;
    return memory;
}

/// Strides may repeat elements, but a few bytes must not claim any size.
void check_repeated(std::uint64_t count, const Memory &memory, const std::string &name) {
    if (count <= std::max(memory.span, kMostRepeated)) return;
    reject(ErrorCode::limit, name,
           "its " + std::to_string(count) + " elements overlap in memory for " + std::to_string(memory.span),
           "A view may repeat its memory up to " + std::to_string(kMostRepeated) +
               " elements; copy the tensor into memory of its own first.");
}

/// Steps through the elements in row-major order.
class Walk {
  public:
    Walk(const DLTensor &tensor, const Memory &memory)
        : tensor_(tensor)
        , memory_(memory)
        , at_(memory.first) {}

    [[nodiscard]] const std::byte *element() const { return at_; }
    void next() {
        for (auto d = static_cast<std::size_t>(tensor_.ndim); d-- > 0;) {
            if (++index_[d] < tensor_.shape[d]) {
                at_ += memory_.strides[d];
                return;
            }
            at_ -= memory_.strides[d] * (tensor_.shape[d] - 1);
            index_[d] = 0;
        }
    }

  private:
    const DLTensor &tensor_;
    const Memory &memory_;
    const std::byte *at_;
    std::array<std::int64_t, kMostDimensions> index_ = {};
};

/// As fp32, block by block, so that no second copy of the whole is made.
std::vector<float> read(const DLTensor &tensor, const Memory &memory, std::uint64_t count,
                        bundle::DType type) {
    const std::size_t size = bundle::size_of(type);
    std::vector<float> values;
    values.reserve(count);
    std::vector<std::byte> block(memory.dense ? 0 : std::min(count, kBlock) * size);
    Walk walk(tensor, memory);
    for (std::uint64_t done = 0; done < count; done += kBlock) {
        const std::uint64_t now = std::min(count - done, kBlock);
        std::span<const std::byte> bytes(block.data(), block.size());
        if (memory.dense) {
            bytes = {memory.first + done * size, now * size};
        } else {
            for (std::uint64_t i = 0; i < now; ++i, walk.next())
                std::memcpy(block.data() + i * size, walk.element(), size);
            bytes = bytes.first(now * size);
        }
        const auto part = bundle::to_float({type, {}, bytes});
        values.insert(values.end(), part.begin(), part.end());
    }
    return values;
}

bool is_on_gpu(const DLTensor &tensor) {
    return tensor.device.device_type == kDLCUDA || tensor.device.device_type == kDLCUDAManaged;
}

void check_device(const DLTensor &tensor, const std::string &name) {
    if (tensor.device.device_type == kDLCPU || tensor.device.device_type == kDLCUDAHost) return;
    if (!is_on_gpu(tensor))
        reject(ErrorCode::unsupported, name, "it is neither in CPU memory nor in that of a GPU of NVIDIA's",
               "Copy it into CPU memory first.");
    if (cuda_memory() == nullptr)
        reject(ErrorCode::device, name, "it is on a GPU, and there is no NVIDIA driver that can be used");
}

/// That the bytes are what the tensor says: a GPU that is asked for others may be lost to the process.
void check_on_gpu(const DLTensor &tensor, const std::byte *first, std::size_t bytes,
                  const std::string &name) {
    using Kind = MemoryPlace::Kind;
    for (const std::byte *each : {first, first + bytes - 1}) {
        const MemoryPlace place = cuda_memory()->place_of(each);
        if (place.kind == Kind::managed || (place.kind == Kind::gpu && place.gpu == tensor.device.device_id))
            continue;
        reject(ErrorCode::invalid_argument, name,
               "its elements are not in the memory of cuda:" + std::to_string(tensor.device.device_id));
    }
}

/// What lies from the lowest to the highest element; `memory` is there afterwards.
std::vector<std::byte> copy_from_gpu(const DLTensor &tensor, Memory &memory, std::uint64_t count,
                                     std::size_t size, const std::string &name) {
    constexpr std::uint64_t kMostBetween = 64; // elements that are copied for one that is wanted
    if (memory.span > std::max(count * kMostBetween, kMostRepeated))
        reject(ErrorCode::limit, name,
               "its " + std::to_string(count) + " elements lie far apart, in memory for " +
                   std::to_string(memory.span),
               "Copy the tensor into memory of its own first.");
    std::vector<std::byte> copy(memory.span * size);
    check_on_gpu(tensor, memory.first - memory.before, copy.size(), name);
    cuda_memory()->read(copy.data(), memory.first - memory.before, copy.size(), tensor.device.device_id);
    memory.first = copy.data() + memory.before;
    return copy;
}

template<class Managed> struct Owner {
    Managed managed{};
    std::shared_ptr<const bundle::WeightTensor> tensor;
    graph::Shape shape, strides;
};

template<class Managed> Managed *lend(std::shared_ptr<const bundle::WeightTensor> tensor) {
    auto owner = std::make_unique<Owner<Managed>>();
    owner->shape = tensor->shape;
    owner->strides.resize(owner->shape.size());
    std::int64_t packed = 1;
    for (std::size_t i = owner->shape.size(); i-- > 0; packed *= owner->shape[i]) owner->strides[i] = packed;
    owner->tensor = std::move(tensor);
    DLTensor &out = owner->managed.dl_tensor;
    // The structure has no pointer to constant values; its flag says that they are.
    out.data = const_cast<float *>(owner->tensor->values.data());
    out.device = {kDLCPU, 0};
    out.ndim = static_cast<std::int32_t>(owner->shape.size());
    out.dtype = {kDLFloat, 32, 1};
    out.shape = owner->shape.data();
    out.strides = owner->strides.data();
    owner->managed.manager_ctx = owner.get();
    owner->managed.deleter = [](Managed *self) { delete static_cast<Owner<Managed> *>(self->manager_ctx); };
    return &owner.release()->managed;
}

DLManagedTensorVersioned *lend_versioned(std::shared_ptr<const bundle::WeightTensor> tensor,
                                         std::uint64_t flags) {
    auto *managed = lend<DLManagedTensorVersioned>(std::move(tensor));
    managed->version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
    managed->flags = flags;
    return managed;
}

} // namespace

bundle::WeightTensor from_dlpack(const DLTensor *given, const std::string &name) {
    if (given == nullptr) reject(ErrorCode::invalid_argument, name, "it is NULL");
    const DLTensor &tensor = *given;
    check_device(tensor, name);
    const bundle::DType type = element_type(tensor, name);
    const std::uint64_t count = count_elements(tensor, name);
    if (tensor.data == nullptr) reject(ErrorCode::invalid_argument, name, "its data are NULL");
    Memory memory = locate(tensor, bundle::size_of(type), name);
    check_repeated(count, memory, name);
    std::vector<std::byte> copy;
    if (is_on_gpu(tensor)) copy = copy_from_gpu(tensor, memory, count, bundle::size_of(type), name);
    return {{tensor.shape, tensor.shape + tensor.ndim}, read(tensor, memory, count, type)};
}

DLManagedTensorVersioned *to_dlpack(std::shared_ptr<const bundle::WeightTensor> tensor) {
    return lend_versioned(std::move(tensor), DLPACK_FLAG_BITMASK_READ_ONLY);
}

DLManagedTensorVersioned *to_writable_dlpack(bundle::WeightTensor tensor) {
    return lend_versioned(std::make_shared<bundle::WeightTensor>(std::move(tensor)),
                          DLPACK_FLAG_BITMASK_IS_COPIED);
}

DLManagedTensor *to_unversioned_dlpack(bundle::WeightTensor tensor) {
    return lend<DLManagedTensor>(std::make_shared<bundle::WeightTensor>(std::move(tensor)));
}

} // namespace mirra::host
