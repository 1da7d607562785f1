// Memory that two processes have.
#include "shared_memory.hpp"

#include "mirra/error.hpp"
#include "mirra/held_signals.hpp"

#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>

namespace mirra::isolation {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

[[noreturn]] void refuse(std::size_t bytes) {
    throw Error(ErrorCode::out_of_memory, "cannot have " + std::to_string(bytes) + " bytes of shared memory",
                "flags", "Free memory, raise the process's limits, or leave MIRRA_ISOLATION_PROCESS out.");
}

Descriptor make_file() {
    constexpr unsigned kNoExec = 8; // MFD_NOEXEC_SEAL: demanded by some systems, not known to older ones
    constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    Descriptor made(memfd_create("mirra", kFlags | kNoExec));
    return made.get() < 0 ? Descriptor(memfd_create("mirra", kFlags)) : std::move(made);
}

/// Without signals: kernels give up at one, and begin anew for ever where a timer sends many.
int reserve(int file, off_t bytes) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int error = posix_fallocate(file, 0, bytes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return error;
}

} // namespace

SharedMemory::SharedMemory(std::size_t bytes) {
    if (bytes == 0) return;
    const detail::HeldSignals held; // a limit of files' sizes holds here, too
    descriptor_ = make_file();
    if (descriptor_.get() < 0 || bytes > static_cast<std::size_t>(PTRDIFF_MAX) ||
        reserve(descriptor_.get(), static_cast<off_t>(bytes)) != 0 ||
        fcntl(descriptor_.get(), F_ADD_SEALS, kSeals) != 0)
        refuse(bytes);
    map(bytes, MAP_POPULATE);
}

SharedMemory::SharedMemory(Descriptor descriptor, std::size_t bytes) : descriptor_(std::move(descriptor)) {
    if (bytes == 0) return;
    struct stat about {};
    const int seals = fcntl(descriptor_.get(), F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(descriptor_.get(), &about) != 0 ||
        static_cast<std::size_t>(about.st_size) < bytes)
        throw Error(ErrorCode::plugin, "the process that runs the sessions sent no shared memory", "flags");
    map(bytes, 0);
}

void SharedMemory::map(std::size_t bytes, int how) {
    void *mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | how, descriptor_.get(), 0);
    if (mapped == MAP_FAILED) refuse(bytes);
    bytes_ = {static_cast<std::byte *>(mapped), bytes};
}

SharedMemory::SharedMemory(SharedMemory &&other) noexcept
    : descriptor_(std::move(other.descriptor_))
    , bytes_(std::exchange(other.bytes_, {})) {}

SharedMemory &SharedMemory::operator=(SharedMemory &&other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

SharedMemory::~SharedMemory() {
    if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

} // namespace mirra::isolation
