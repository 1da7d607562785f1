// Files that take their place as a whole, and streams.
#include "mirra/file.hpp"

#include "file_attributes.hpp"
#include "file_target.hpp"
#include "mirra/error.hpp"
#include "mirra/held_signals.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mirra {

using detail::FileTarget;
using detail::HeldSignals;
using detail::uninterrupted;

namespace {

namespace fs = std::filesystem;

constexpr int kNameAttempts = 64;
constexpr std::size_t kNamePart = 64; ///< bytes of the file's name in that of its temporary
constexpr mode_t kPrivate = 0600;
constexpr mode_t kPublic = 0666; ///< less the umask
constexpr std::size_t kCopyBytes = std::size_t{1} << 18;

class Descriptor {
  public:
    explicit Descriptor(int value = -1) noexcept : value_(value) {}
    Descriptor(Descriptor &&other) noexcept : value_(std::exchange(other.value_, -1)) {}
    Descriptor &operator=(Descriptor &&other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    [[nodiscard]] int get() const noexcept { return value_; }
    /// Some file systems report a full disk only here. EINTR: the descriptor is closed all the same.
    [[nodiscard]] bool close() noexcept { return ::close(std::exchange(value_, -1)) == 0 || errno == EINTR; }

  private:
    int value_;
};

/// All of it, or an errno.
int write_all(int descriptor, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
        if (done > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(done));
        } else if (done < 0 && errno == EAGAIN) {
            pollfd ready{descriptor, POLLOUT, 0};
            ::poll(&ready, 1, -1);
        } else if (done == 0 || errno != EINTR) {
            return done == 0 ? EIO : errno;
        }
    }
    return 0;
}

/// The process and the file in the name of a temporary say whose it is, should the process be killed.
fs::path temporary_name(const fs::path &file, std::random_device &random) {
    std::string name = file.filename().string().substr(0, kNamePart);
    std::array<char, 48> tail{};
    std::snprintf(tail.data(), tail.size(), ".%ld-%08x.tmp", static_cast<long>(::getpid()), random());
    return detail::folder_of(file) / (".mirra-" + name + tail.data());
}

/// Makes something under an unused name beside `file`: `make(name)` gives -1 and EEXIST for a name in use.
template<typename Make> int at_unused_name(const fs::path &file, fs::path &name, const Make &make) {
    std::random_device random;
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
        name = temporary_name(file, random);
        const int made = uninterrupted([&] { return make(name.c_str()); });
        if (made >= 0 || errno != EEXIST) return made;
    }
    return -1;
}

std::string own_path(int descriptor) {
    return "/proc/self/fd/" + std::to_string(descriptor);
}

/// A file without a name in `folder`: whatever ends the process, nothing of it is left. -1: not there.
int open_nameless(const fs::path &folder, mode_t mode) {
    const int opened =
        uninterrupted([&] { return ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode); });
    if (opened < 0 || ::access(own_path(opened).c_str(), F_OK) == 0) return opened;
    ::close(opened);
    errno = EOPNOTSUPP;
    return -1;
}

bool lacks_nameless_files(int error) {
    return error == EOPNOTSUPP || error == EISDIR || error == EINVAL || error == ENOSYS || error == ENOENT;
}

/// Errors after which a file may still be written over where it cannot be replaced.
bool irreplaceable(int error) {
    return error == EACCES || error == EPERM || error == EROFS || error == EBUSY;
}

bool may_write(const fs::path &path) {
    return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

/// @return an errno
int copy_content(int from, int to, off_t size) {
    std::vector<std::byte> buffer(kCopyBytes);
    for (off_t at = 0; at < size;) {
        const ssize_t got = uninterrupted([&] { return ::pread(from, buffer.data(), buffer.size(), at); });
        if (got <= 0) return got < 0 ? errno : EIO;
        const auto part = std::span(buffer).first(static_cast<std::size_t>(got));
        if (const int error = write_all(to, part); error != 0) return error;
        at += got;
    }
    return 0;
}

/// Errors of a file system that makes files without a name but gives them none later.
bool stays_nameless(int error) {
    return error == ENOENT || error == EPERM || error == EXDEV || error == EINVAL ||
           lacks_nameless_files(error);
}

/// Makes room for so many bytes without a change of the content. @return an errno
int reserve(int file, off_t size) {
    struct stat status {};
    if (::fstat(file, &status) != 0) return errno;
    if (size <= status.st_size) return 0;
    const int error = ::posix_fallocate(file, 0, size);
    if (error != ENOSPC && error != EFBIG && error != EDQUOT) return 0; // or it is not known how
    return ::ftruncate(file, status.st_size) == 0 ? error : errno;
}

void sync_folder(const fs::path &path) {
    const Descriptor folder(::open(detail::folder_of(path).c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
    if (folder.get() < 0) return;
    const int done = uninterrupted([&] { return ::fsync(folder.get()); });
    if (done != 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT)) detail::fail_writing(path, errno);
}

} // namespace

/// How bytes come to their place.
class AtomicFile::Way {
  public:
    Way() = default;
    Way(const Way &) = delete;
    Way &operator=(const Way &) = delete;
    virtual ~Way() = default;
    virtual void write(std::span<const std::byte> bytes) = 0;
    virtual void commit() = 0;
};

/// To a device, a pipe or a descriptor, at once.
class AtomicFile::Stream final : public Way {
  public:
    explicit Stream(FileTarget target) : target_(std::move(target)) {
        file_ = Descriptor(target_.descriptor ? ::fcntl(*target_.descriptor, F_DUPFD_CLOEXEC, 0) : open());
        if (file_.get() < 0) detail::fail_writing(target_.path, errno);
    }
    void write(std::span<const std::byte> bytes) override {
        if (const int error = write_all(file_.get(), bytes); error != 0)
            detail::fail_writing(target_.path, error);
    }
    void commit() override {
        if (!file_.close()) detail::fail_writing(target_.path, errno);
    }

  private:
    /// Opening must not wait for a reader, writing may.
    [[nodiscard]] int open() const {
        constexpr int kFlags = O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        const int opened = uninterrupted([&] { return ::open(target_.path.c_str(), kFlags); });
        if (opened >= 0) ::fcntl(opened, F_SETFL, ::fcntl(opened, F_GETFL) & ~O_NONBLOCK);
        return opened;
    }

    FileTarget target_;
    Descriptor file_;
};

/// To a temporary that replaces the file, or is copied over it where that cannot be.
class AtomicFile::Replacement final : public Way {
  public:
    explicit Replacement(FileTarget target);
    Replacement(const Replacement &) = delete;
    Replacement &operator=(const Replacement &) = delete;
    ~Replacement() override { forget(); }

    void write(std::span<const std::byte> bytes) override {
        if (const int error = write_all(file_.get(), bytes); error != 0) fail(error);
    }
    void commit() override;

  private:
    [[noreturn]] void fail(int error) const { detail::fail_writing(path_, error); }
    [[nodiscard]] bool publish();
    [[nodiscard]] bool copy_to_name();
    void copy_over();
    void forget() noexcept {
        if (!name_.empty()) ::unlink(name_.c_str());
        name_.clear();
    }

    fs::path path_;
    fs::path name_; ///< of the temporary; empty: it has none
    Descriptor file_;
    bool detached_ = false; ///< the temporary lies in memory, not in the folder
};

AtomicFile::Replacement::Replacement(FileTarget target) : path_(std::move(target.path)) {
    if (target.status && !may_write(path_)) fail(errno);
    const mode_t mode = target.status ? kPrivate : kPublic;
    file_ = Descriptor(open_nameless(detail::folder_of(path_), mode));
    if (file_.get() < 0 && lacks_nameless_files(errno))
        file_ = Descriptor(at_unused_name(path_, name_, [mode](const char *name) {
            return ::open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        }));
    if (file_.get() >= 0) return;
    const int error = errno;
    name_.clear();
    if (target.status && irreplaceable(error)) file_ = Descriptor(::memfd_create("mirra", MFD_CLOEXEC));
    if (file_.get() < 0) fail(error);
    detached_ = true;
}

/// The same content and attributes in a temporary with a name; false, with errno, if none can be made.
bool AtomicFile::Replacement::copy_to_name() {
    Descriptor copy(at_unused_name(path_, name_, [](const char *name) {
        return ::open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kPrivate);
    }));
    if (copy.get() < 0) return false;
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) fail(errno);
    const std::string own = own_path(file_.get());
    int error = copy_content(file_.get(), copy.get(), status.st_size);
    if (error == 0) error = detail::copy_attributes(own.c_str(), status, copy.get());
    if (error == 0 && uninterrupted([&] { return ::fsync(copy.get()); }) != 0) error = errno;
    if (error != 0) fail(error);
    file_ = std::move(copy);
    return true;
}

/// Puts the temporary in the file's place; false, with errno, if that cannot be.
bool AtomicFile::Replacement::publish() {
    const std::string own = own_path(file_.get());
    const auto link = [&own](const char *name) {
        return ::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, name, AT_SYMLINK_FOLLOW);
    };
    if (name_.empty()) {
        if (uninterrupted([&] { return link(path_.c_str()); }) == 0) return true;
        const bool named = errno == EEXIST && at_unused_name(path_, name_, link) == 0;
        if (!named && !(stays_nameless(errno) && copy_to_name())) {
            name_.clear();
            return false;
        }
    }
    // Some file systems report a full disk only when a file is closed.
    if (!file_.close()) fail(errno);
    if (uninterrupted([this] { return ::rename(name_.c_str(), path_.c_str()); }) == 0) {
        name_.clear();
        return true;
    }
    const int error = errno;
    file_ = Descriptor(::open(name_.c_str(), O_RDONLY | O_CLOEXEC));
    errno = error;
    return false;
}

void AtomicFile::Replacement::copy_over() {
    Descriptor over(
        uninterrupted([this] { return ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW); }));
    if (over.get() < 0) fail(errno);
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) fail(errno);
    if (const int error = reserve(over.get(), status.st_size); error != 0) fail(error);
    if (const int error = copy_content(file_.get(), over.get(), status.st_size); error != 0) fail(error);
    if (uninterrupted([&] { return ::ftruncate(over.get(), status.st_size); }) != 0) fail(errno);
    if (uninterrupted([&] { return ::fsync(over.get()); }) != 0 || !over.close()) fail(errno);
}

void AtomicFile::Replacement::commit() {
    if (detached_) return copy_over();
    struct stat status {};
    const bool replaces = ::stat(path_.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    if (replaces)
        if (const int error = detail::copy_attributes(path_.c_str(), status, file_.get()); error != 0)
            fail(error);
    if (uninterrupted([this] { return ::fsync(file_.get()); }) != 0) fail(errno);
    if (!publish()) {
        if (!replaces || !irreplaceable(errno)) fail(errno);
        copy_over();
        return;
    }
    if (file_.get() >= 0 && !file_.close()) fail(errno);
    sync_folder(path_);
}

AtomicFile::AtomicFile(const fs::path &path) : path_(path) {
    const HeldSignals held;
    auto target = detail::find_target(path);
    if (target.stream())
        way_ = std::make_unique<Stream>(std::move(target));
    else
        way_ = std::make_unique<Replacement>(std::move(target));
}

AtomicFile::~AtomicFile() = default;

void AtomicFile::write(std::span<const std::byte> bytes) {
    if (!way_) throw Error(ErrorCode::internal, "written after commit", path_.string());
    const HeldSignals held;
    way_->write(bytes);
}

void AtomicFile::write(std::string_view text) {
    write(std::as_bytes(std::span(text)));
}

void AtomicFile::commit() {
    if (!way_) throw Error(ErrorCode::internal, "committed twice", path_.string());
    const HeldSignals held;
    std::exchange(way_, nullptr)->commit();
}

void check_writable(const fs::path &path) {
    const auto target = detail::find_target(path);
    if (!target.stream()) {
        const AtomicFile probe(path);
        return;
    }
    if (target.descriptor) {
        const int flags = ::fcntl(*target.descriptor, F_GETFL);
        if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) detail::fail_writing(path, EBADF);
    } else if (!may_write(target.path)) {
        detail::fail_writing(path, errno);
    }
}

void write_file(const fs::path &path, std::string_view text) {
    AtomicFile file(path);
    file.write(text);
    file.commit();
}

} // namespace mirra
