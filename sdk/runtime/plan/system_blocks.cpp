#include "runtime/plan/system_blocks.hpp"

#include <cstdint>
#include <cstdlib>

#include <sys/mman.h>

namespace mirra::runtime {
namespace {

constexpr std::size_t kPage = 4096;

std::size_t pages(std::size_t size) {
    return (size + kPage - 1) / kPage * kPage;
}

/// Huge pages are touched 512 times as seldom: on large tensors page faults cost as much as arithmetic.
void *map(std::size_t size) {
    const std::size_t slack = size >= kHugePage ? kHugePage : 0;
    void *whole = mmap(nullptr, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (whole == MAP_FAILED) return nullptr;
    if (slack == 0) return whole;
    auto *first = static_cast<std::byte *>(whole);
    const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(first) % kHugePage) % kHugePage;
    if (before > 0) munmap(first, before);
    if (before < slack) munmap(first + before + size, slack - before);
    madvise(first + before, size, MADV_HUGEPAGE);
    return first + before;
}

} // namespace

void *heap_block(std::size_t size) noexcept {
    void *block = nullptr;
    return posix_memalign(&block, kBlockAlignment, size) == 0 ? block : nullptr;
}

void *new_block(std::size_t size) noexcept {
    return size >= kMappedBlock ? map(pages(size)) : heap_block(size);
}

void free_block(void *block, std::size_t size) noexcept {
    if (size >= kMappedBlock)
        munmap(block, pages(size));
    else
        std::free(block);
}

} // namespace mirra::runtime
