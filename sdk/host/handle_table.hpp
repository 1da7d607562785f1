// What a plugin holds in place of a pointer: a number that says which entry of a table it means, and which of
// those that had that place. One that was made up, or whose object is gone, is told from one that is alive.
#pragma once

#include "mirra/forks.hpp"

#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace mirra::host {

/// Thread-safe, and whole in a child of fork(). Handle is an opaque struct of the C interface, never looked
/// into.
template<class Handle, class Value> class HandleTable {
  public:
    /// @param first  of the generations; tables that start apart do not take each other's handles
    explicit HandleTable(std::uint32_t first) : first_(first) {}

    Handle *add(Value value) {
        const std::lock_guard lock(mutex_);
        if (free_.empty()) {
            // So that remove() needs no memory.
            if (free_.capacity() <= entries_.size()) free_.reserve(2 * entries_.size() + 8);
            entries_.push_back({first_, {}});
            free_.push_back(static_cast<std::uint32_t>(entries_.size() - 1));
        }
        const std::uint32_t index = free_.back();
        entries_[index].value.emplace(std::move(value));
        free_.pop_back();
        return encode(index, entries_[index].generation);
    }

    /// A copy of what the handle stands for.
    [[nodiscard]] std::optional<Value> find(const Handle *handle) const {
        const std::lock_guard lock(mutex_);
        const Entry *entry = look_up(handle);
        return entry == nullptr ? std::nullopt : entry->value;
    }

    /// Calls change(value) under the table's lock; whether there was such an entry.
    template<class Change> bool change(const Handle *handle, const Change &change) {
        const std::lock_guard lock(mutex_);
        auto *entry = const_cast<Entry *>(look_up(handle));
        if (entry != nullptr) change(*entry->value);
        return entry != nullptr;
    }

    /// Takes the entry out; the handle stands for nothing from then on.
    std::optional<Value> remove(const Handle *handle) noexcept {
        const std::lock_guard lock(mutex_);
        auto *entry = const_cast<Entry *>(look_up(handle));
        if (entry == nullptr) return std::nullopt;
        std::optional<Value> value = std::exchange(entry->value, std::nullopt);
        ++entry->generation;
        free_.push_back(static_cast<std::uint32_t>(entry - entries_.data()));
        return value;
    }

  private:
    struct Entry {
        std::uint32_t generation;
        std::optional<Value> value;
    };
    static constexpr unsigned kHalf = std::numeric_limits<std::uintptr_t>::digits / 2;
    static constexpr std::uintptr_t kMask = (std::uintptr_t{1} << kHalf) - 1;

    static Handle *encode(std::uint32_t index, std::uint32_t generation) {
        const std::uintptr_t number =
            (std::uintptr_t{generation} & kMask) << kHalf | (index + std::uintptr_t{1});
        return reinterpret_cast<Handle *>(number); // NOLINT(performance-no-int-to-ptr): never a pointer
    }

    [[nodiscard]] const Entry *look_up(const Handle *handle) const {
        const auto number = reinterpret_cast<std::uintptr_t>(handle);
        const std::uintptr_t place = (number & kMask) - 1;
        if ((number & kMask) == 0 || place >= entries_.size()) return nullptr;
        const Entry &entry = entries_[place];
        return entry.value && (entry.generation & kMask) == number >> kHalf ? &entry : nullptr;
    }

    const std::uint32_t first_;
    mutable ProcessMutex mutex_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> free_;
};

} // namespace mirra::host
