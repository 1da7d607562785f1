// The arena behind LibTorch's CPU allocator. Freed blocks are kept and handed out again, so that a run
// touches fresh pages only once; on large tensors page faults cost as much as arithmetic.
#include "runtime/torch/arena.hpp"

#include "mirra/error.hpp"
#include "runtime/arena_scope.hpp"
#include "runtime/plan/system_blocks.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <utility>

namespace mirra::runtime {
namespace {

constexpr std::size_t kPage = 4096;

class CpuArena final : public Arena, public std::enable_shared_from_this<CpuArena> {
  public:
    CpuArena(std::uint64_t limit, std::uint64_t keep, std::size_t most_kept)
        : limit_(limit)
        , most_kept_(most_kept)
        , keep_(keep != 0    ? keep
                : limit != 0 ? limit
                             : UINT64_MAX) {}
    ~CpuArena() override { trim(); }

    [[nodiscard]] std::uint64_t peak_bytes() const override {
        const std::scoped_lock lock(mutex_);
        return peak_;
    }
    [[nodiscard]] std::uint64_t current_bytes() const override {
        const std::scoped_lock lock(mutex_);
        return held_;
    }

    void reserve(std::uint64_t bytes) override {
        const std::scoped_lock lock(mutex_);
        if (limit_ == 0) return;
        make_room(bytes);
        reserved_ += bytes;
    }

    [[nodiscard]] std::uint64_t idle_bytes() const override { return current_bytes(); }

    void begin(std::uint64_t hold) override {
        const std::scoped_lock lock(mutex_);
        if (limit_ == 0) keep_ = std::max(keep_, hold);
        reserved_ = 0;
        peak_ = held_;
    }

    /// The smallest kept block that is not much too large, else a new one.
    void *take(std::size_t bytes, std::size_t &size) {
        const std::scoped_lock lock(mutex_);
        const auto found = free_.lower_bound(bytes);
        if (found != free_.end() && found->first <= bytes + bytes / 8 + 4096) {
            size = found->first;
            void *block = found->second;
            free_.erase(found);
            return block;
        }
        size = rounded(bytes);
        make_room(size);
        return allocate(size);
    }

    void give(void *block, std::size_t size) {
        const std::scoped_lock lock(mutex_);
        if (retired_ || free_.size() >= most_kept_) {
            free_block(block, size);
            held_ -= size;
        } else {
            free_.emplace(size, block);
        }
    }

    /// Keeps no freed block from now on: the run is over, though a tensor of it may live on.
    void retire() {
        const std::scoped_lock lock(mutex_);
        retired_ = true;
        trim();
    }

  private:
    static std::size_t rounded(std::size_t bytes) {
        const std::size_t step = bytes >= kHugePage      ? kHugePage / 32
                                 : bytes >= kMappedBlock ? kPage
                                                         : kBlockAlignment;
        return (bytes + step - 1) / step * step;
    }

    void trim() {
        for (const auto &[size, block] : free_) {
            free_block(block, size);
            held_ -= size;
        }
        free_.clear();
    }

    /// Gives freed blocks back, the largest first, until so many bytes more are no more than `most`.
    void trim(std::uint64_t size, std::uint64_t most) {
        while (!free_.empty() && held_ + reserved_ + size > most) {
            const auto largest = std::prev(free_.end());
            free_block(largest->second, largest->first);
            held_ -= largest->first;
            free_.erase(largest);
        }
    }

    void make_room(std::uint64_t size) {
        trim(size, keep_);
        if (limit_ == 0) return;
        trim(size, limit_);
        if (size > limit_ || held_ + reserved_ > limit_ - size)
            throw Error(ErrorCode::budget,
                        "the run needs at least " + std::to_string(held_ + reserved_ + size) +
                            " bytes, more than the limit of " + std::to_string(limit_),
                        "memory_limit", "raise the memory limit, or use smaller tiles");
    }

    void *allocate(std::size_t size) {
        void *block = new_block(size);
        if (block == nullptr)
            throw Error(ErrorCode::out_of_memory, "cannot allocate " + std::to_string(size) + " bytes",
                        "memory", "set a memory limit, so that the image is cut into tiles");
        held_ += size;
        peak_ = std::max(peak_, held_);
        return block;
    }

    const std::uint64_t limit_;
    const std::size_t most_kept_;
    mutable std::mutex mutex_;
    std::uint64_t keep_;
    std::multimap<std::size_t, void *> free_;
    std::uint64_t held_ = 0, reserved_ = 0, peak_ = 0;
    bool retired_ = false;
};

using CpuArenaScope = ThreadArenaScope<CpuArena>;

/// Stands in front of every block that the allocator hands out: LibTorch frees by address alone
/// (raw_deallocate).
struct alignas(kBlockAlignment) Header {
    std::shared_ptr<CpuArena> arena; ///< empty: the block is from the heap
    std::size_t size = 0;            ///< of the block, header included
    std::uint64_t reserved[2] = {};
    /// Of the copy of this code that made the block: a program that has it may load a module with another.
    void (*free)(Header &header) = nullptr;
    std::uint64_t magic[2] = {kMagic, ~kMagic}; ///< last, where a foreign block has its heap's own words
    static constexpr std::uint64_t kMagic = 0x6d69727261617265;
};
static_assert(sizeof(Header) == kBlockAlignment);

void free_own(Header &header) {
    const auto arena = std::move(header.arena);
    const auto size = header.size;
    header.~Header();
    if (arena)
        arena->give(&header, size);
    else
        std::free(&header);
}

void release(void *data) {
    if (!data) return;
    auto *header = static_cast<Header *>(data) - 1;
    if (header->magic[0] != Header::kMagic || header->magic[1] != ~Header::kMagic) {
        std::free(data); // made by LibTorch's own allocator before ours was installed
        return;
    }
    header->free(*header);
}

class ArenaAllocator final : public c10::Allocator {
  public:
    c10::DataPtr allocate(std::size_t bytes) override {
        const c10::Device kCpu(c10::DeviceType::CPU);
        if (bytes == 0) return {nullptr, nullptr, &release, kCpu};
        auto size = bytes + sizeof(Header);
        const auto *arena = CpuArenaScope::arena();
        void *block = arena ? (*arena)->take(size, size) : heap_block(size);
        if (block == nullptr) throw std::bad_alloc();
        auto *header = new (block) Header;
        if (arena) header->arena = *arena;
        header->size = size;
        header->free = &free_own;
        void *data = header + 1;
        return {data, data, &release, kCpu};
    }
    [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void *target, const void *source, std::size_t count) const override {
        std::memcpy(target, source, count);
    }
};

} // namespace

void install_arena_allocator() {
    static const bool installed = [] {
        static ArenaAllocator allocator;
        constexpr std::uint8_t kAboveDefault = 1;
        c10::SetCPUAllocator(&allocator, kAboveDefault);
        return true;
    }();
    static_cast<void>(installed);
}

std::shared_ptr<Arena> make_cpu_arena(std::uint64_t limit, std::uint64_t keep, std::size_t most_kept) {
    // Blocks keep the arena itself; the callers' handle only retires it.
    auto arena = std::make_shared<CpuArena>(limit, keep, most_kept);
    auto *handle = arena.get();
    return {handle, [arena = std::move(arena)](Arena *) { arena->retire(); }};
}

std::unique_ptr<ArenaScope> enter_cpu_arena(const std::shared_ptr<Arena> &arena) {
    auto *ours = dynamic_cast<CpuArena *>(arena.get());
    if (!ours) throw Error(ErrorCode::invalid_argument, "the arena is not of this runtime", "arena");
    return std::make_unique<CpuArenaScope>(ours->shared_from_this());
}

std::unique_ptr<ArenaScope> enter_heap() {
    return std::make_unique<CpuArenaScope>(nullptr);
}

} // namespace mirra::runtime
