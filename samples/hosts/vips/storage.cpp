#include "storage.hpp"

#include "picture.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace mirra_vips {
namespace {

[[noreturn]] void refuse(std::uint64_t bytes, int number) {
    throw api::Error(MIRRA_E_IO,
                     "no room for a temporary file of " + std::to_string(bytes >> 20) +
                         " MiB: " + std::strerror(number),
                     g_get_tmp_dir(), "TMPDIR names another folder for it.");
}

/// A file without a name that has its bytes on the disk, and is gone when it is closed.
class Unnamed {
  public:
    explicit Unnamed(std::uint64_t bytes) {
        std::string name = std::string(g_get_tmp_dir()) + "/mirra-vips-XXXXXX";
        file_ = mkostemp(name.data(), O_CLOEXEC);
        if (file_ < 0) refuse(bytes, errno);
        unlink(name.c_str());
        const int failed = posix_fallocate(file_, 0, static_cast<off_t>(bytes));
        if (failed == 0) return;
        close(file_);
        refuse(bytes, failed);
    }
    ~Unnamed() { close(file_); }
    Unnamed(const Unnamed &) = delete;
    Unnamed &operator=(const Unnamed &) = delete;
    [[nodiscard]] int file() const noexcept { return file_; }

  private:
    int file_;
};

void *mapped(std::uint64_t bytes) {
    constexpr int access = PROT_READ | PROT_WRITE;
    if (bytes <= vips_get_disc_threshold())
        return mmap(nullptr, bytes, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const Unnamed unnamed(bytes);
    return mmap(nullptr, bytes, access, MAP_SHARED, unnamed.file(), 0);
}

} // namespace

Storage::Storage(std::uint64_t bytes) : bytes_(bytes), start_(mapped(bytes)) {
    if (start_ == MAP_FAILED) refuse(bytes, errno);
}

Storage::~Storage() {
    munmap(start_, bytes_);
}

} // namespace mirra_vips
