// Finds, makes and tidies private copies of LibTorchs in the user's cache.
#include "libtorch_cache.hpp"

#include "mirra/environment.hpp"
#include "mirra/error.hpp"
#include "runtime/libtorch/prepare.hpp"

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace mirra::host {
namespace {

namespace fs = std::filesystem;

constexpr const char *kPrefix = "libtorch-";
constexpr std::chrono::minutes kLeft{10}; ///< an unfinished copy that is older was left by a killed process
constexpr std::chrono::minutes kPatience{5};
constexpr std::chrono::milliseconds kLook{20};

/// Lets one thread of one process make copies at a time. Where the file system has no locks, or its owner
/// hangs, several do so: all but the first of them for nothing.
class FolderLock {
  public:
    explicit FolderLock(const fs::path &folder)
        : folder_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while (::flock(folder_, LOCK_EX | LOCK_NB) != 0) {
            if ((errno != EWOULDBLOCK && errno != EINTR) || std::chrono::steady_clock::now() > until) return;
            std::this_thread::sleep_for(kLook);
        }
    }
    FolderLock(const FolderLock &) = delete;
    FolderLock &operator=(const FolderLock &) = delete;
    ~FolderLock() {
        if (folder_ < 0) return;
        ::flock(folder_, LOCK_UN); // a child of fork() may hold the descriptor, too
        ::close(folder_);
    }

  private:
    int folder_;
};

fs::path cache_folder() {
    const fs::path cache = environment("XDG_CACHE_HOME"), home = environment("HOME");
    if (cache.is_absolute()) return cache / "mirra";
    return home.is_absolute() ? home / ".cache" / "mirra" : fs::path();
}

/// All that the copy is made of.
std::string identity_of(const libtorch::Source &source, const fs::path &shim) {
    std::set<std::string> libraries;
    const auto add = [&](const fs::path &folder) {
        std::error_code error;
        for (const auto &each : fs::directory_iterator(folder, error)) {
            if (each.path().filename().string().find(".so") == std::string::npos) continue;
            const auto changed = each.last_write_time(error).time_since_epoch().count();
            libraries.insert(each.path().string() + '\n' + std::to_string(each.file_size(error)) + '\n' +
                             std::to_string(changed) + '\n');
        }
    };
    add(source.folder);
    for (const auto &folder : source.beside) add(folder);
    std::string identity = std::to_string(libtorch::kRules) + '\n';
    for (const std::string &each : libraries) identity += each;
    std::ifstream file(shim, std::ios::binary);
    return identity.append(std::istreambuf_iterator<char>(file), {});
}

/// By one who holds the lock.
void remove_left(const fs::path &cache) {
    std::error_code error;
    std::vector<fs::path> left;
    const auto now = fs::file_time_type::clock::now();
    for (const auto &each : fs::directory_iterator(cache, error)) {
        const std::string name = each.path().filename().string();
        if (!name.starts_with(kPrefix) || name.find(libtorch::kPartial) == std::string::npos) continue;
        const auto changed = each.last_write_time(error);
        if (!error && now - changed > kLeft) left.push_back(each.path());
    }
    for (const auto &each : left) fs::remove_all(each, error);
}

} // namespace

fs::path private_copy(const fs::path &folder, const fs::path &module) {
    const fs::path cache = cache_folder();
    if (cache.empty())
        throw Error(ErrorCode::device,
                    "the LibTorch in " + folder.string() +
                        " needs a private copy, and neither HOME nor XDG_CACHE_HOME names a place for it",
                    (folder / "libtorch_cpu.so").string(),
                    "Make one with mirra-libtorch, and name its folder in MIRRA_LIBTORCH_PATH.");
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    libtorch::Source source{error ? folder : real, {}};
    for (const auto &each : fs::directory_iterator(source.folder / ".." / ".." / "nvidia", error))
        source.beside.push_back(each.path() / "lib");
    const fs::path shim = module.parent_path() / "libmirra_libtorch_shim.so";
    const fs::path copy =
        cache / (kPrefix + std::to_string(std::hash<std::string>{}(identity_of(source, shim))));
    if (libtorch::is_whole(copy)) return copy;
    fs::create_directories(cache, error);
    const FolderLock lock(cache);
    remove_left(cache);
    if (!libtorch::is_whole(copy)) libtorch::prepare(source, shim, copy, libtorch::Existing::keep);
    return copy;
}

} // namespace mirra::host
