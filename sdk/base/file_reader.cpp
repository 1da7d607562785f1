// pread(2) behind an interface.
#include "mirra/file_reader.hpp"

#include "mirra/error.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mirra {
namespace {

[[noreturn]] void fail(const std::filesystem::path &path, int error) {
    if (error == ENOENT || error == ENOTDIR)
        throw Error(ErrorCode::not_found, "the file does not exist", path.string(), "check the path");
    throw Error(ErrorCode::io, "cannot read the file: " + std::generic_category().message(error),
                path.string());
}

} // namespace

FileReader::FileReader(std::filesystem::path path) : path_(std::move(path)) {
    // O_NONBLOCK: opening a pipe must fail here, not wait for a writer.
    const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) fail(path_, errno);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(descriptor);
        const char *what = S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file";
        throw Error(ErrorCode::io, std::string("cannot read the file: ") + what, path_.string());
    }
    descriptor_ = descriptor;
    size_ = static_cast<std::uint64_t>(status.st_size);
}

FileReader::~FileReader() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void FileReader::read(std::uint64_t offset, std::span<std::byte> out) const {
    while (!out.empty()) {
        const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(path_, errno);
        if (got == 0)
            throw Error(ErrorCode::io,
                        "the file ends at byte " + std::to_string(offset) +
                            ", earlier than when it was opened",
                        path_.string(), "another program changed it meanwhile: read it again");
        offset += static_cast<std::uint64_t>(got);
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

} // namespace mirra
