// Bytes of a device's memory that one run has.
#include "runtime/cuda/device_ledger.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace mirra::cuda {

void DeviceLedger::changed(const void *block, std::int64_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    if (bytes <= 0) {
        const auto found = blocks_.find(block);
        if (found == blocks_.end()) return;
        held_ -= found->second;
        blocks_.erase(found);
        return;
    }
    const auto size = static_cast<std::uint64_t>(bytes);
    try {
        if (!blocks_.emplace(block, size).second) return;
    } catch (const std::bad_alloc &) {
        return; // better not counted than never given back
    }
    held_ += size;
    peak_ = std::max(peak_, held_);
    if (is_beyond(held_ + reserved_)) beyond_ = std::max(beyond_, held_ + reserved_);
}

void DeviceLedger::reserve(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (is_beyond(held_ + reserved_ + bytes)) refuse(held_ + reserved_ + bytes);
    reserved_ += bytes;
}

bool DeviceLedger::take(std::uint64_t holder, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (taken_.contains(holder)) return true;
    if (is_beyond(held_ + reserved_ + bytes)) return false;
    taken_.emplace(holder, bytes);
    held_ += bytes;
    peak_ = std::max(peak_, held_);
    return true;
}

void DeviceLedger::check() {
    const std::lock_guard lock(mutex_);
    if (const std::uint64_t bytes = std::exchange(beyond_, 0); bytes != 0) refuse(bytes);
}

void DeviceLedger::begin() {
    const std::lock_guard lock(mutex_);
    reserved_ = beyond_ = 0;
    for (const auto &[holder, bytes] : taken_) held_ -= bytes;
    taken_.clear();
    peak_ = held_;
}

std::uint64_t DeviceLedger::room() const {
    const std::lock_guard lock(mutex_);
    if (limit_ == 0) return UINT64_MAX;
    return is_beyond(held_ + reserved_) ? 0 : limit_ - held_ - reserved_;
}

std::uint64_t DeviceLedger::current_bytes() const {
    const std::lock_guard lock(mutex_);
    return held_;
}

std::uint64_t DeviceLedger::peak_bytes() const {
    const std::lock_guard lock(mutex_);
    return peak_;
}

void DeviceLedger::refuse(std::uint64_t bytes) const {
    throw Error(ErrorCode::budget,
                "the run needs at least " + std::to_string(bytes) +
                    " bytes of the device's memory, more than the " + std::to_string(limit_) +
                    " that the limit leaves for them",
                "memory_limit", "raise the memory limit, or use smaller tiles");
}

} // namespace mirra::cuda
