// Names are changed in copies in a folder beside the target, which takes its place at once.
#include "runtime/libtorch/prepare.hpp"

#include "mirra/error.hpp"
#include "runtime/libtorch/private_names.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace mirra::libtorch {
namespace {

namespace fs = std::filesystem;

constexpr const char *kSpace = "It takes about half a gigabyte.";

/// The compiler's and the C library's own, which all libraries of a process share, also where they lie beside
/// LibTorch.
bool is_system(std::string_view name) {
    static constexpr const char *kSystem[] = {"libstdc++.so", "libgcc_s.so", "libc.so",
                                              "libm.so",      "libdl.so",    "libpthread.so",
                                              "librt.so",     "ld-linux",    "libz.so"};
    return std::ranges::any_of(kSystem, [&](const char *each) { return name.starts_with(each); });
}

fs::path find(const Source &source, std::string_view name) {
    std::error_code ignored;
    if (fs::is_regular_file(source.folder / name, ignored)) return source.folder / name;
    for (const auto &folder : source.beside)
        if (fs::is_regular_file(folder / name, ignored)) return folder / name;
    return {};
}

/// The source's library and what it needs of the folders.
std::vector<DynamicNames> libraries_of(const Source &source) {
    std::vector<DynamicNames> found;
    std::deque<std::string> wanted{source.library};
    std::vector<std::string> seen{wanted.front()};
    for (; !wanted.empty(); wanted.pop_front()) {
        const auto file = find(source, wanted.front());
        if (file.empty()) {
            if (found.empty())
                throw Error(ErrorCode::not_found, "there is no " + source.library + " in the folder",
                            source.folder.string(), "Name the folder that holds the libraries.");
            continue;
        }
        found.emplace_back(file, false);
        for (const auto name : found.back().needed())
            if (!is_system(name) && std::ranges::find(seen, name) == seen.end()) {
                wanted.emplace_back(name);
                seen.emplace_back(name);
            }
    }
    return found;
}

/// @throws Error unless all that the shim defines will be called in place of the C library's
PrivateNames names_of(const Source &source, const fs::path &shim) {
    auto libraries = libraries_of(source);
    libraries.emplace_back(shim, false);
    PrivateNames names(libraries);
    for (const auto &symbol : libraries.back().symbols())
        if (symbol.defined) static_cast<void>(names.at(std::string(symbol.name)));
    return names;
}

void change(const fs::path &file, const PrivateNames &names, bool needs_shim) {
    DynamicNames library(file, true);
    const auto shim = library.find_tail(kShim);
    names.apply(library);
    library.forbid_sharing();
    library.forbid_destruction();
    if (needs_shim) library.need(shim);
}

[[noreturn]] void fail(const char *what, const fs::path &path, const std::error_code &error,
                       const char *hint = "") {
    throw Error(ErrorCode::io, what + (": " + error.message()), path.string(), hint);
}

std::error_code last_error() {
    return {errno, std::generic_category()};
}

/// Of an earlier copy: nothing else is ever removed. @throws Error invalid_argument | io
void check_replaceable(const fs::path &target) {
    std::error_code error;
    const auto status = fs::symlink_status(target, error);
    if (status.type() == fs::file_type::not_found) return;
    fs::directory_iterator entry(target, error);
    if (error) fail("cannot look into the folder", target, error);
    for (const fs::directory_iterator end; entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        std::error_code ignored;
        const bool own = (name.starts_with("mir") && name.find(".so") != std::string::npos) || name == kShim;
        if (own && entry->is_regular_file(ignored)) continue;
        throw Error(ErrorCode::invalid_argument,
                    "the folder holds something else than a private LibTorch: " + name, target.string(),
                    "Name a folder that does not exist yet.");
    }
    if (error) fail("cannot look into the folder", target, error);
}

void flush(const fs::path &path) {
    const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool done = opened >= 0 && (::fsync(opened) == 0 || errno == EINVAL);
    const auto error = last_error();
    if (opened >= 0) ::close(opened);
    if (!done) fail("cannot write the library", path, error, kSpace);
}

/// A folder beside the target under a name of its own, removed with what lies in it.
class Partial {
  public:
    explicit Partial(const fs::path &target) {
        std::error_code error;
        fs::create_directories(target.has_parent_path() ? target.parent_path() : ".", error);
        std::string name = target.string() + kPartial + "XXXXXX";
        if (mkdtemp(name.data()) == nullptr) fail("cannot make the folder", name, last_error());
        folder_ = name;
        fs::permissions(folder_, fs::perms(0755), error);
    }
    Partial(const Partial &) = delete;
    Partial &operator=(const Partial &) = delete;
    ~Partial() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    void add(const fs::path &file, const std::string &name) const {
        std::error_code error;
        fs::copy_file(file, folder_ / name, error);
        if (!error) fs::permissions(folder_ / name, fs::perms(0755), error);
        if (error) fail("cannot copy the library", file, error, kSpace);
    }
    [[nodiscard]] const fs::path &folder() const { return folder_; }

    /// Its name is there at no time without a whole folder behind it. What was there is removed with this.
    void publish(const fs::path &target, Existing existing) const {
        if (existing == Existing::keep) // a copy in a cache outlives whatever happens to the machine
            for (const auto &entry : fs::directory_iterator(folder_)) flush(entry.path());
        if (::rename(folder_.c_str(), target.c_str()) == 0) return;
        if (errno != EEXIST && errno != ENOTEMPTY) fail("cannot rename", target, last_error());
        if (existing == Existing::keep && is_whole(target)) return;
        check_replaceable(target);
        if (::renameat2(AT_FDCWD, folder_.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) return;
        move_aside(target);
    }

  private:
    /// Where the file system cannot exchange two names.
    void move_aside(const fs::path &target) const {
        const Partial old(target);
        std::error_code error;
        fs::rename(target, old.folder(), error);
        if (!error) fs::rename(folder_, target, error);
        if (error) fail("cannot rename", target, error);
    }

    fs::path folder_;
};

} // namespace

bool is_whole(const fs::path &folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / kPrivateTorch, ignored) &&
           fs::is_regular_file(folder / kShim, ignored);
}

void prepare(const Source &source, const fs::path &shim, const fs::path &given, Existing existing) {
    std::error_code ignored;
    const fs::path real = fs::canonical(given, ignored); // of a link, the folder that it leads to
    const fs::path target = real.empty() ? given : real;
    if (existing == Existing::replace) check_replaceable(target);
    const auto names = names_of(source, shim);
    const Partial partial(target);
    for (const auto &library : libraries_of(source)) {
        const std::string name = private_file_name(library.soname());
        partial.add(library.file(), name);
        change(partial.folder() / name, names, true);
    }
    partial.add(shim, kShim);
    change(partial.folder() / kShim, names, false);
    partial.publish(target, existing);
}

void bind(const Source &source, const fs::path &shim, const fs::path &client) {
    change(client, names_of(source, shim), true);
}

} // namespace mirra::libtorch
