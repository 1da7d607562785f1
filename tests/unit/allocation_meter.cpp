// The allocator's functions in front of those of the C library, for the whole program.
#include "allocation_meter.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <malloc.h>

extern "C" {
void *__libc_malloc(std::size_t);
void *__libc_calloc(std::size_t, std::size_t);
void *__libc_realloc(void *, std::size_t);
void *__libc_memalign(std::size_t, std::size_t);
void __libc_free(void *);
}

namespace {

std::atomic<std::uint64_t> now{0}, most{0};

void *counted(void *block) {
    if (block == nullptr) return nullptr;
    const auto bytes = now += malloc_usable_size(block);
    auto peak = most.load();
    while (bytes > peak && !most.compare_exchange_weak(peak, bytes)) {
    }
    return block;
}

void uncount(void *block) {
    if (block != nullptr) now -= malloc_usable_size(block);
}

} // namespace

#pragma GCC visibility push(default) // libraries find them
extern "C" {

void *malloc(std::size_t size) {
    return counted(__libc_malloc(size));
}
void *calloc(std::size_t count, std::size_t size) {
    return counted(__libc_calloc(count, size));
}
void *realloc(void *block, std::size_t size) {
    uncount(block);
    void *moved = __libc_realloc(block, size);
    return counted(moved == nullptr && size != 0 ? block : moved), moved;
}
void *memalign(std::size_t alignment, std::size_t size) {
    return counted(__libc_memalign(alignment, size));
}
void *aligned_alloc(std::size_t alignment, std::size_t size) {
    return counted(__libc_memalign(alignment, size));
}
int posix_memalign(void **out, std::size_t alignment, std::size_t size) {
    void *block = counted(__libc_memalign(alignment, size));
    if (block == nullptr) return ENOMEM;
    *out = block;
    return 0;
}
void free(void *block) {
    uncount(block);
    __libc_free(block);
}
}
#pragma GCC visibility pop

namespace mirra::test {

std::uint64_t allocated_bytes() {
    return now;
}
std::uint64_t allocated_peak() {
    return most;
}
void reset_peak() {
    most = now.load();
}

} // namespace mirra::test
