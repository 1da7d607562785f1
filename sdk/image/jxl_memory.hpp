// The memory that libjxl asks for, up to a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <jxl/memory_manager.h>

namespace mirra::image::detail {

/// Counts what one decoder or encoder holds.
class JxlMemory {
  public:
    static constexpr std::uint64_t kNoLimit = PTRDIFF_MAX;

    explicit JxlMemory(std::uint64_t limit = kNoLimit) : limit_(limit) {}
    JxlMemory(const JxlMemory &) = delete;
    JxlMemory &operator=(const JxlMemory &) = delete;

    /// Points to this, which must outlive what it is given to.
    [[nodiscard]] JxlMemoryManager manager() noexcept { return {this, allocate, release}; }
    void set_limit(std::uint64_t limit) noexcept { limit_ = limit; }
    /// Whether something was denied because of the limit.
    [[nodiscard]] bool was_refused() const noexcept { return refused_; }
    /// Whether the system had no more.
    [[nodiscard]] bool was_lacking() const noexcept { return lacking_; }

  private:
    static constexpr std::size_t kSizeBytes = alignof(std::max_align_t);

    static void *allocate(void *self, std::size_t size) noexcept {
        auto &memory = *static_cast<JxlMemory *>(self);
        if (size > memory.limit_ || memory.held_ > memory.limit_ - size) {
            memory.refused_ = true;
            return nullptr;
        }
        auto *const block = static_cast<std::byte *>(std::malloc(size + kSizeBytes));
        if (block == nullptr) {
            memory.lacking_ = true;
            return nullptr;
        }
        new (block) std::size_t(size);
        memory.held_ += size;
        return block + kSizeBytes;
    }
    static void release(void *self, void *address) noexcept {
        if (address == nullptr) return;
        auto *const block = static_cast<std::byte *>(address) - kSizeBytes;
        static_cast<JxlMemory *>(self)->held_ -= *reinterpret_cast<std::size_t *>(block);
        std::free(block);
    }

    std::uint64_t limit_, held_ = 0;
    bool refused_ = false, lacking_ = false;
};

} // namespace mirra::image::detail
