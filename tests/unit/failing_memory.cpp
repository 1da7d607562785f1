// Stands before the C++ library's operator new and, where no sanitizer does, before the C library's
// allocator.
#include "failing_memory.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

#include <dlfcn.h>
#include <pthread.h>

namespace {

std::atomic<long> left{-1}; ///< allocations before the one that fails; below 0: none fails
std::atomic<std::size_t> least{0};
std::atomic<bool> lasts{false}, fired{false}, no_threads{false};

bool fails(std::size_t bytes) noexcept {
    if (bytes < least) return false;
    long now = left.load(std::memory_order_relaxed);
    while (now > 0)
        if (left.compare_exchange_weak(now, now - 1)) return false;
    if (now < 0) return false;
    if (!lasts) left = -1;
    fired = true;
    return true;
}

void *take(std::size_t bytes, std::size_t alignment) {
    void *memory = nullptr;
    if (fails(bytes) || posix_memalign(&memory, alignment, bytes) != 0) throw std::bad_alloc();
    return memory;
}

} // namespace

namespace mirra::test {

void fail_allocation(long n, bool lasting, std::size_t bytes) noexcept {
    fired = false;
    least = bytes;
    lasts = lasting;
    left = n;
}

bool end_of_failures() noexcept {
    left = -1;
    return fired;
}

void fail_threads(bool fail) noexcept {
    no_threads = fail;
}

} // namespace mirra::test

extern "C" int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                              void *argument) noexcept {
    if (no_threads) return EAGAIN;
    static const auto next = reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
    return next(thread, attributes, start, argument);
}

// AddressSanitizer keeps its own allocator; there, operator new alone fails.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

extern "C" {
void *__libc_malloc(std::size_t bytes);
void *__libc_calloc(std::size_t count, std::size_t bytes);
void *__libc_realloc(void *memory, std::size_t bytes);

void *malloc(std::size_t bytes) noexcept {
    if (!fails(bytes)) return __libc_malloc(bytes);
    errno = ENOMEM;
    return nullptr;
}

void *calloc(std::size_t count, std::size_t bytes) noexcept {
    if (!fails(count * bytes)) return __libc_calloc(count, bytes);
    errno = ENOMEM;
    return nullptr;
}

void *realloc(void *memory, std::size_t bytes) noexcept {
    if (!fails(bytes)) return __libc_realloc(memory, bytes);
    errno = ENOMEM;
    return nullptr;
}
}

void *operator new(std::size_t bytes) {
    if (void *memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory; // counts, and fails, there
    throw std::bad_alloc();
}

#else

void *operator new(std::size_t bytes) {
    void *memory = fails(bytes) ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

#endif

void *operator new(std::size_t bytes, std::align_val_t alignment) {
    return take(bytes, static_cast<std::size_t>(alignment));
}

void operator delete(void *memory) noexcept {
    std::free(memory);
}
void operator delete(void *memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void *memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void *memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
