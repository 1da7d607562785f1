// pread(2) behind an interface.
#include "mirra/file_reader.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
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

constexpr std::uint64_t kUnlimited = UINT64_MAX;

/// The number in a file of the system that holds nothing else, as "max" does not.
std::uint64_t number_in(const char *file) {
    std::uint64_t number = 0;
    return std::ifstream(file) >> number ? number : kUnlimited;
}

/// The sum of some lines "NAME NUMBER" of a file of the system.
std::uint64_t sum_in(const char *file, std::initializer_list<std::string_view> names) {
    std::ifstream lines(file);
    std::uint64_t sum = 0, number = 0;
    for (std::string name, rest; lines >> name >> number; std::getline(lines, rest))
        if (std::ranges::find(names, name) != names.end()) sum += number;
    return sum;
}

/// Memory that programs can still have, of the machine and of the container that this process is in.
std::uint64_t free_memory() {
    const std::uint64_t machine = sum_in("/proc/meminfo", {"MemAvailable:"}) * 1024;
    const std::uint64_t most = number_in("/sys/fs/cgroup/memory.max");
    const std::uint64_t taken = number_in("/sys/fs/cgroup/memory.current");
    if (most == kUnlimited || taken == kUnlimited) return machine;
    const std::uint64_t cached = sum_in("/sys/fs/cgroup/memory.stat", {"inactive_file", "active_file"});
    const std::uint64_t held = taken - std::min(taken, cached);
    return std::min(machine, most - std::min(most, held));
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

Buffer FileReader::read_rest(std::uint64_t offset) const {
    constexpr std::uint64_t kWorthAsking = std::uint64_t{64} << 20;
    const std::uint64_t bytes = size_ - std::min(offset, size_);
    if (bytes > kWorthAsking && bytes > free_memory())
        throw Error(ErrorCode::limit,
                    "the file holds " + std::to_string(bytes) + " bytes, more than the memory that is free",
                    path_.string(), "free memory, or give a smaller file");
    Buffer rest(static_cast<std::size_t>(bytes));
    read(offset, rest.bytes());
    return rest;
}

} // namespace mirra
