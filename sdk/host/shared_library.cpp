// Shared libraries that stay loaded until the process ends.
#include "shared_library.hpp"

#include "immortal.hpp"
#include "mirra/error.hpp"
#include "mirra/forks.hpp"

#include <cstring>
#include <fstream>
#include <list>
#include <mutex>

#include <link.h>

namespace mirra::host {
namespace {

/// Those that are loaded; kept within reach, so that no leak check takes them for lost.
struct Loaded {
    ProcessMutex mutex;
    std::list<boost::dll::shared_library> libraries;
};
const Immortal<Loaded> kLoaded;

/// How far the segments of an ELF file of this machine's class reach; 0 for any other file.
std::uint64_t end_of_segments(const std::filesystem::path &file) {
    constexpr unsigned char kClass = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    std::ifstream stream(file, std::ios::binary);
    ElfW(Ehdr) header{};
    stream.read(reinterpret_cast<char *>(&header), sizeof(header));
    if (!stream || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != kClass ||
        header.e_phentsize != sizeof(ElfW(Phdr))) {
        return 0;
    }
    std::uint64_t end = header.e_phoff + std::uint64_t{header.e_phnum} * sizeof(ElfW(Phdr));
    stream.seekg(static_cast<std::streamoff>(header.e_phoff));
    ElfW(Phdr) segment{};
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        if (!stream.read(reinterpret_cast<char *>(&segment), sizeof(segment))) break;
        if (segment.p_type == PT_LOAD)
            end = std::max<std::uint64_t>(end, segment.p_offset + segment.p_filesz);
    }
    return end;
}

/// The loader maps a file that was copied in part, and the process dies of it at the first missing page.
void check_complete(const std::filesystem::path &file) {
    std::error_code error;
    const std::uint64_t size = std::filesystem::file_size(file, error);
    const std::uint64_t needed = end_of_segments(file);
    if (!error && size < needed) {
        throw Error(ErrorCode::plugin,
                    "it is cut short: it has " + std::to_string(size) + " of at least " +
                        std::to_string(needed) + " bytes",
                    file.string(), "Copy or install it again.");
    }
}

} // namespace

boost::dll::shared_library &load_forever(const std::filesystem::path &file) {
    check_complete(file);
    const ForkPause pause; // a child of a process whose loader is at work cannot load anything
    std::list<boost::dll::shared_library> one(1);
    std::error_code error;
    one.front().load(file, error, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    if (error) {
        const char *told = dlerror();
        std::string reason = told == nullptr ? error.message() : told;
        const std::string named = file.string() + ": "; // by whoever shows this, too
        if (reason.starts_with(named)) reason.erase(0, named.size());
        throw Error(ErrorCode::plugin, reason, file.string());
    }
    const std::lock_guard lock(kLoaded->mutex);
    kLoaded->libraries.splice(kLoaded->libraries.begin(), one);
    return kLoaded->libraries.front();
}

} // namespace mirra::host
