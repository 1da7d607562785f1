// Files over POSIX calls: reading, mapping, atomic replacement.
#include "mirra/file.hpp"

#include "mirra/error.hpp"

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mirra {
namespace {

constexpr int kTemporaryNameAttempts = 64;

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

[[noreturn]] void fail_writing(const std::filesystem::path &path, int error) {
    std::string hint;
    if (error == ENOSPC || error == EDQUOT) hint = "free some space, or write to another disk";
    if (error == EACCES || error == EPERM || error == EROFS) hint = "choose a place that you may write to";
    throw Error(ErrorCode::io, "cannot write the file: " + reason(error), path.string(), hint);
}

std::filesystem::path folder_of(const std::filesystem::path &path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
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

std::filesystem::path temporary_name(const std::filesystem::path &folder, std::random_device &random) {
    char name[40];
    std::snprintf(name, sizeof name, ".mirra-%08x%08x.tmp", random(), random());
    return folder / name;
}

/// Creates a new file of an unused name in `folder`, with the permissions that the umask leaves.
int create_temporary(const std::filesystem::path &folder, std::filesystem::path &name) {
    std::random_device random;
    for (int attempt = 0; attempt < kTemporaryNameAttempts; ++attempt) {
        name = temporary_name(folder, random);
        const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST) return descriptor;
    }
    return -1;
}

/// A symbolic link is written through, so that the link itself stays.
std::filesystem::path resolve_link(std::filesystem::path path) {
    std::error_code ignored;
    if (!std::filesystem::is_symlink(path, ignored)) return path;
    std::error_code error;
    auto target = std::filesystem::canonical(path, error);
    return error ? path : target;
}

void sync_folder(const std::filesystem::path &folder) {
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
    if (descriptor.get() >= 0) ::fsync(descriptor.get());
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

AtomicFile::AtomicFile(std::filesystem::path path) : path_(resolve_link(std::move(path))) {
    if (!path_.has_filename()) {
        throw Error(ErrorCode::invalid_argument, "cannot write: the path names no file", path_.string());
    }
    struct stat status {};
    if (::stat(path_.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode)) {
            throw Error(ErrorCode::io, "cannot write the file: a folder of that name exists", path_.string());
        }
        if (::access(path_.c_str(), W_OK) != 0) fail_writing(path_, errno);
        if (!S_ISREG(status.st_mode)) {
            // A device or pipe must not be renamed away: it is written in place.
            descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
            if (descriptor_ < 0) fail_writing(path_, errno);
            return;
        }
    }
    const auto folder = folder_of(path_);
    descriptor_ = create_temporary(folder, temporary_);
    if (descriptor_ >= 0) return;
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
        throw Error(ErrorCode::not_found,
                    "cannot write the file: the folder '" + folder.string() + "' does not exist",
                    path_.string(), "create the folder first");
    }
    fail_writing(path_, error);
}

AtomicFile::~AtomicFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
    if (descriptor_ < 0) throw Error(ErrorCode::internal, "written after commit", path_.string());
    while (!bytes.empty()) {
        const ssize_t done = ::write(descriptor_, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail_writing(path_, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
}

void AtomicFile::write(std::string_view text) {
    write(std::as_bytes(std::span(text)));
}

void AtomicFile::commit() {
    if (descriptor_ < 0) throw Error(ErrorCode::internal, "committed twice", path_.string());
    if (!temporary_.empty()) {
        struct stat status {};
        const bool keeps_mode = ::stat(path_.c_str(), &status) == 0 && S_ISREG(status.st_mode);
        if (keeps_mode && ::fchmod(descriptor_, status.st_mode & 0777) != 0) fail_writing(path_, errno);
        if (::fsync(descriptor_) != 0) fail_writing(path_, errno);
        if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_writing(path_, errno);
        temporary_.clear();
        sync_folder(folder_of(path_));
    }
    // Some filesystems report a full disk only here.
    if (::close(std::exchange(descriptor_, -1)) != 0) fail_writing(path_, errno);
}

} // namespace mirra
