// Tensors in the process's own memory.
#include "runtime/plain/plain_tensor.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <new>
#include <numeric>

namespace mirra::runtime {
namespace {

std::size_t count_of(const graph::Shape &shape) {
    return static_cast<std::size_t>(
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

} // namespace

Floats make_floats(std::size_t count) {
    void *const block = count <= SIZE_MAX / sizeof(float)
                            ? new_block(std::max<std::size_t>(count, 1) * sizeof(float))
                            : nullptr;
    if (block == nullptr) throw std::bad_alloc();
    return {static_cast<float *>(block), FreeFloats{std::max<std::size_t>(count, 1)}};
}

Floats Leftovers::take(std::size_t count) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(spares_, count, &SpareFloats::count);
    if (found == spares_.end()) return {};
    Floats values = std::move(found->values);
    bytes_ -= count * sizeof(float);
    spares_.erase(found);
    return values;
}

void Leftovers::give(SpareFloats spare) noexcept {
    const std::uint64_t bytes = spare.count * sizeof(float);
    if (bytes > kMost) return;
    const std::lock_guard lock(mutex_);
    while (bytes_ + bytes > kMost) {
        bytes_ -= spares_.front().count * sizeof(float);
        spares_.erase(spares_.begin());
    }
    try {
        spares_.push_back(std::move(spare));
    } catch (const std::bad_alloc &) {
        return; // then it goes
    }
    bytes_ += bytes;
}

PlainArena::~PlainArena() {
    for (auto &spare : spares_) leftovers_->give(std::move(spare));
}

void PlainArena::count(std::uint64_t bytes) {
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

Floats PlainArena::take_spare(std::size_t count) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(spares_, count, &SpareFloats::count);
    Floats values;
    if (found != spares_.end()) {
        values = std::move(found->values);
        spare_bytes_ -= count * sizeof(float);
        *found = std::move(spares_.back());
        spares_.pop_back();
    }
    while (!spares_.empty() && current_ + spare_bytes_ > most_held()) drop_spare();
    return values;
}

Floats PlainArena::take(std::size_t values) {
    count(values * sizeof(float));
    try {
        auto taken = take_spare(values);
        if (taken == nullptr) taken = leftovers_->take(values);
        return taken != nullptr ? std::move(taken) : make_floats(values);
    } catch (...) {
        current_ -= values * sizeof(float);
        throw;
    }
}

void PlainArena::give(Floats values, std::size_t count) noexcept {
    const std::lock_guard lock(mutex_);
    current_ -= count * sizeof(float);
    if (current_ + spare_bytes_ + count * sizeof(float) > most_held())
        return leftovers_->give({std::move(values), count});
    try {
        spares_.push_back({std::move(values), count});
    } catch (const std::bad_alloc &) {
        return; // then it goes
    }
    spare_bytes_ += count * sizeof(float);
}

void PlainArena::reserve(std::uint64_t bytes) {
    count(bytes);
    const std::lock_guard lock(mutex_);
    current_ -= bytes;
    reserved_ += bytes;
    while (limit_ != 0 && !spares_.empty() && current_ + reserved_ + spare_bytes_ > limit_) drop_spare();
}

std::uint64_t PlainArena::idle_bytes() const {
    const std::lock_guard lock(mutex_);
    return spare_bytes_;
}

std::uint64_t PlainArena::most_held() const {
    const auto most = std::max<std::uint64_t>(peak_, most_);
    return limit_ == 0 ? most : std::min(most, limit_ - std::min<std::uint64_t>(reserved_, limit_));
}

void PlainArena::drop_spare() {
    spare_bytes_ -= spares_.back().count * sizeof(float);
    leftovers_->give(std::move(spares_.back()));
    spares_.pop_back();
}

void PlainArena::begin(std::uint64_t hold) {
    const std::lock_guard lock(mutex_);
    most_ = std::max<std::uint64_t>({most_, peak_, hold});
    peak_ = current_.load();
    reserved_ = 0;
}

PlainTensor::PlainTensor(graph::Shape shape, Layout layout)
    : shape_(std::move(shape))
    , layout_(shape_.size() == 4 ? layout : Layout::nchw)
    , strides_(strides_of(shape_, layout_))
    , count_(count_of(shape_))
    , arena_(PlainArenaScope::arena() != nullptr ? *PlainArenaScope::arena() : nullptr)
    , values_(arena_ ? arena_->take(count_) : make_floats(count_)) {}

PlainTensor::~PlainTensor() {
    if (arena_) arena_->give(std::move(values_), count_);
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
