// Memory that two processes have.
#include "shared_memory.hpp"

#include "mirra/error.hpp"
#include "mirra/held_signals.hpp"

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

} // namespace

SharedMemory::SharedMemory(std::size_t bytes) {
    if (bytes == 0) return;
    const detail::HeldSignals held; // a limit of files' sizes holds here, too
    descriptor_ = Descriptor(memfd_create("mirra", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (descriptor_.get() < 0 || bytes > static_cast<std::size_t>(PTRDIFF_MAX) ||
        posix_fallocate(descriptor_.get(), 0, static_cast<off_t>(bytes)) != 0 ||
        fcntl(descriptor_.get(), F_ADD_SEALS, kSeals) != 0)
        refuse(bytes);
    map(bytes);
}

SharedMemory::SharedMemory(Descriptor descriptor) : descriptor_(std::move(descriptor)) {
    struct stat about {};
    const int seals = fcntl(descriptor_.get(), F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(descriptor_.get(), &about) != 0)
        throw Error(ErrorCode::plugin, "the process that runs the sessions sent no shared memory");
    map(static_cast<std::size_t>(about.st_size));
}

void SharedMemory::map(std::size_t bytes) {
    void *mapped =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor_.get(), 0);
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
