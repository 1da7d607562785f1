// Where LibTorch is looked for, and its version.
#include "libtorch_loader.hpp"

#include "libtorch_cache.hpp"
#include "mirra/environment.hpp"
#include "mirra/error.hpp"
#include "mirra/forks.hpp"
#include "runtime/libtorch/prepare.hpp"
#include "runtime/libtorch/private_names.hpp"
#include "shared_library.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <dlfcn.h>
#include <link.h>

namespace mirra::host {
namespace {

namespace fs = std::filesystem;

constexpr const char *kHint =
    "Name LibTorch's folder in MIRRA_LIBTORCH_PATH, or install Mirra with its libtorch folder again.";
constexpr std::string_view kMark = "mirra_needs_libtorch_";

/// What the module's file says that it needs: "2.11.0"; nothing for a module without LibTorch.
std::optional<std::string> wanted_version(const fs::path &module) {
    try {
        const libtorch::DynamicNames names(module, false);
        for (const auto &symbol : names.symbols()) {
            if (!symbol.name.starts_with(kMark)) continue;
            std::string version(symbol.name.substr(kMark.size()));
            std::ranges::replace(version, '_', '.');
            return version;
        }
    } catch (const Error &) {
        // Loading it will tell what is wrong with it.
    }
    return std::nullopt;
}

/// A process has one private LibTorch: modules bind to the one that was loaded first.
void check_only_one(const fs::path &file) {
    const ForkPause pause; // the loader is at work
    void *loaded = dlopen(libtorch::kPrivateTorch, RTLD_LAZY | RTLD_NOLOAD);
    if (loaded == nullptr) return;
    const link_map *map = nullptr;
    const bool known = dlinfo(loaded, RTLD_DI_LINKMAP, &map) == 0;
    dlclose(loaded);
    std::error_code ignored;
    if (!known || fs::equivalent(map->l_name, file, ignored)) return;
    throw Error(ErrorCode::device,
                "this process already holds the LibTorch of " + std::string(map->l_name) +
                    " and cannot take " + file.string(),
                file.string(), "Name one LibTorch for all engines of a process, and start it anew.");
}

/// Asks the loaded library itself.
std::string version_of(boost::dll::shared_library &library) {
    using libtorch::Change;
    for (const Change change : {Change::tail, Change::head, Change::none}) {
        const std::string name = libtorch::changed("aoti_torch_abi_version", change);
        if (!library.has(name)) continue;
        const std::uint64_t number = library.get<std::uint64_t()>(name)();
        return std::to_string(number >> 56) + '.' + std::to_string(number >> 48 & 0xff) + '.' +
               std::to_string(number >> 40 & 0xff);
    }
    return "an unknown version";
}

/// The folder with the private libraries that `place` stands for; nothing if there is no LibTorch.
std::optional<fs::path> private_folder(const fs::path &place, const fs::path &module) {
    std::error_code ignored;
    for (const fs::path &folder : {place, place / "lib", place / "torch" / "lib"}) {
        if (fs::is_regular_file(folder / libtorch::kPrivateTorch, ignored)) return folder;
        if (fs::is_regular_file(folder / "libtorch_cpu.so", ignored)) return private_copy(folder, module);
    }
    return std::nullopt;
}

struct Place {
    fs::path folder;
    std::string origin;
};

/// A place that was named is the only one: another would not be what was asked for.
Place place_for(const fs::path &module, const std::string &given) {
    if (!given.empty()) return {given, "named by the program"};
    if (const auto named = environment("MIRRA_LIBTORCH_PATH"); !named.empty())
        return {named, "named by MIRRA_LIBTORCH_PATH"};
    std::error_code error;
    const fs::path real = fs::canonical(module, error);
    return {(error ? module : real).parent_path() / "libtorch", "beside the runtime module"};
}

} // namespace

LibTorch load_libtorch_for(const fs::path &module, const std::string &given) {
    const auto wanted = wanted_version(module);
    if (!wanted) return {};
    const Place place = place_for(module, given);
    const auto folder = private_folder(place.folder, module);
    if (!folder)
        throw Error(ErrorCode::device,
                    "there is no LibTorch for " + module.string() + ": looked in " + place.folder.string() +
                        ", lib and torch/lib in it (" + place.origin + ")",
                    module.string(), kHint);
    const fs::path file = *folder / libtorch::kPrivateTorch;
    check_only_one(file);
    auto &library = load_forever(file);
    const std::string version = version_of(library);
    if (version != *wanted)
        throw Error(ErrorCode::device,
                    "the LibTorch in " + place.folder.string() + " (" + file.string() + ", " + place.origin +
                        ") is " + version + ", and " + module.string() + " was built for " + *wanted,
                    file.string(),
                    "Name the folder of LibTorch " + *wanted + " in MIRRA_LIBTORCH_PATH, or unset it.");
    return {file.string(), place.origin};
}

} // namespace mirra::host
