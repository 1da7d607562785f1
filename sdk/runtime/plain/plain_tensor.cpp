// Tensors in the process's own memory.
#include "runtime/plain/plain_tensor.hpp"

#include "mirra/error.hpp"

#include <functional>
#include <numeric>

namespace mirra::runtime {
namespace {

std::size_t count_of(const graph::Shape &shape) {
    return static_cast<std::size_t>(
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

} // namespace

void PlainArena::take(std::uint64_t bytes) {
    const std::uint64_t now = current_ += bytes, all = now + reserved_;
    if (limit_ != 0 && all > limit_) {
        current_ -= bytes;
        throw Error(ErrorCode::budget,
                    "the run needs at least " + std::to_string(all) + " bytes, more than the limit of " +
                        std::to_string(limit_),
                    "memory_limit", "raise the memory limit, or use smaller tiles");
    }
    std::uint64_t peak = peak_;
    while (now > peak && !peak_.compare_exchange_weak(peak, now)) {
    }
}

void PlainArena::reserve(std::uint64_t bytes) {
    take(bytes);
    give(bytes);
    reserved_ += bytes;
}

PlainTensor::PlainTensor(graph::Shape shape, Layout layout)
    : shape_(std::move(shape))
    , layout_(shape_.size() == 4 ? layout : Layout::nchw)
    , strides_(strides_of(shape_, layout_))
    , count_(count_of(shape_))
    , arena_(PlainArenaScope::arena() != nullptr ? *PlainArenaScope::arena() : nullptr) {
    if (arena_) arena_->take(count_ * sizeof(float));
    try {
        values_ = std::make_unique_for_overwrite<float[]>(count_);
    } catch (...) {
        if (arena_) arena_->give(count_ * sizeof(float));
        throw;
    }
}

PlainTensor::~PlainTensor() {
    if (arena_) arena_->give(count_ * sizeof(float));
}

std::shared_ptr<PlainTensor> make_plain(const graph::Shape &shape, Layout layout) {
    return std::make_shared<PlainTensor>(shape, layout);
}

const PlainTensor &plain(const DeviceTensor &tensor) {
    const auto *ours = dynamic_cast<const PlainTensor *>(&tensor);
    if (ours == nullptr)
        throw Error(ErrorCode::invalid_argument, "the tensor is not of this runtime", "tensor");
    return *ours;
}

std::vector<std::int64_t> strides_of(const graph::Shape &shape, Layout layout) {
    if (layout == Layout::nhwc) return {shape[1] * shape[2] * shape[3], 1, shape[3] * shape[1], shape[1]};
    std::vector<std::int64_t> strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    return strides;
}

std::span<const float> row_major(const PlainTensor &tensor, std::vector<float> &copy) {
    if (tensor.layout() == Layout::nchw) return tensor.values();
    copy.resize(tensor.values().size());
    const auto to = strides_of(tensor.shape(), Layout::nchw);
    const std::int64_t width = tensor.shape().back(), step = tensor.strides().back();
    for_rows(tensor.shape(), tensor.strides(), to, to, [&](std::int64_t from, std::int64_t at, std::int64_t) {
        for (std::int64_t i = 0; i < width; ++i)
            copy[static_cast<std::size_t>(at + i)] =
                tensor.values()[static_cast<std::size_t>(from + i * step)];
    });
    return copy;
}

} // namespace mirra::runtime
