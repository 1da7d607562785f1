// Files over POSIX calls: reading and mapping.
#include "mirra/file.hpp"

#include "mirra/error.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mirra {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int value) noexcept : value_(value) {}
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    [[nodiscard]] int get() const noexcept { return value_; }

  private:
    int value_;
};

std::string reason(int error) {
    return std::generic_category().message(error);
}

[[noreturn]] void fail_reading(const std::filesystem::path &path, int error) {
    if (error == ENOENT || error == ENOTDIR) {
        throw Error(ErrorCode::not_found, "the file does not exist", path.string(), "check the path");
    }
    throw Error(ErrorCode::io, "cannot read the file: " + reason(error), path.string());
}

/// Opens a regular file and gives its size. O_NONBLOCK: opening a pipe must fail here, not wait for a writer.
std::pair<int, std::uint64_t> open_regular(const std::filesystem::path &path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) fail_reading(path, errno);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(descriptor);
        const char *what = S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file";
        throw Error(ErrorCode::io, std::string("cannot read the file: ") + what, path.string());
    }
    return {descriptor, static_cast<std::uint64_t>(status.st_size)};
}

} // namespace

std::vector<std::byte> read_file(const std::filesystem::path &path, std::uint64_t max_bytes) {
    const auto [raw, size] = open_regular(path);
    const Descriptor descriptor(raw);
    if (size > max_bytes) {
        throw Error(ErrorCode::limit,
                    "the file has " + std::to_string(size) + " bytes, more than the limit of " +
                        std::to_string(max_bytes),
                    path.string());
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got = ::read(descriptor.get(), bytes.data() + done, bytes.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_reading(path, errno);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

MappedFile::MappedFile(const std::filesystem::path &path) {
    const auto [raw, size] = open_regular(path);
    const Descriptor descriptor(raw);
    if (size == 0) return;
    void *address = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ, MAP_PRIVATE, raw, 0);
    if (address == MAP_FAILED) {
        throw Error(ErrorCode::io, "cannot map the file: " + reason(errno), path.string());
    }
    data_ = static_cast<const std::byte *>(address);
    size_ = static_cast<std::size_t>(size);
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : data_(std::exchange(other.data_, nullptr))
    , size_(std::exchange(other.size_, 0)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte *>(data_), size_);
}

} // namespace mirra
