// Copies the libraries and changes their names.
#include "runtime/libtorch/prepare.hpp"

#include "mirra/error.hpp"
#include "runtime/libtorch/private_names.hpp"

#include <algorithm>
#include <deque>
#include <unistd.h>

namespace mirra::libtorch {
namespace {

namespace fs = std::filesystem;

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

/// libtorch_cpu and what it needs of the source's folders.
std::vector<DynamicNames> libraries_of(const Source &source) {
    std::vector<DynamicNames> found;
    std::deque<std::string> wanted{"libtorch_cpu.so"};
    std::vector<std::string> seen{wanted.front()};
    for (; !wanted.empty(); wanted.pop_front()) {
        const auto file = find(source, wanted.front());
        if (file.empty()) {
            if (found.empty())
                throw Error(ErrorCode::not_found, "there is no libtorch_cpu.so in the folder",
                            source.folder.string(), "Name the folder that holds LibTorch's libraries.");
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

/// Removes the folder unless it was renamed.
class Partial {
  public:
    explicit Partial(fs::path folder) : folder_(std::move(folder)) {
        std::error_code error;
        fs::create_directories(folder_, error);
        if (error) throw Error(ErrorCode::io, "cannot make the folder: " + error.message(), folder_.string());
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
        if (error)
            throw Error(ErrorCode::io, "cannot copy the library: " + error.message(), file.string(),
                        "It takes about half a gigabyte.");
    }
    [[nodiscard]] const fs::path &folder() const { return folder_; }

    void publish(const fs::path &target) const {
        std::error_code error;
        fs::remove_all(target, error);
        fs::rename(folder_, target, error);
        if (error) throw Error(ErrorCode::io, "cannot rename: " + error.message(), target.string());
    }

  private:
    fs::path folder_;
};

} // namespace

void prepare(const Source &source, const fs::path &shim, const fs::path &target) {
    const auto names = names_of(source, shim);
    const Partial partial(target.string() + ".partial-" + std::to_string(getpid()));
    for (const auto &library : libraries_of(source)) {
        const std::string name = private_file_name(library.soname());
        partial.add(library.file(), name);
        change(partial.folder() / name, names, true);
    }
    partial.add(shim, kShim);
    change(partial.folder() / kShim, names, false);
    partial.publish(target);
}

void bind(const Source &source, const fs::path &shim, const fs::path &client) {
    change(client, names_of(source, shim), true);
}

} // namespace mirra::libtorch
