// Where plugins, bundles and the runtime module are looked for.
#include "paths.hpp"

#include "mirra/environment.hpp"

#include <dlfcn.h>

#include <algorithm>

namespace mirra::host {
namespace {

namespace fs = std::filesystem;

void append_split(std::vector<fs::path> &paths, const std::string &list) {
    const auto parts = split_list(list);
    paths.insert(paths.end(), parts.begin(), parts.end());
}

fs::path user_folder() {
    const std::string data = environment("XDG_DATA_HOME");
    // A relative one is to be ignored, says the XDG specification.
    if (fs::path(data).is_absolute()) return fs::path(data) / "mirra" / "plugins";
    const std::string home = environment("HOME");
    return home.empty() ? fs::path() : fs::path(home) / ".local" / "share" / "mirra" / "plugins";
}

/// The plugins of a folder, in the order of their names; nothing if it cannot be read.
std::vector<fs::path> libraries(const fs::path &folder) {
    std::vector<fs::path> files;
    std::error_code error, ignored;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const fs::path within = entry->path() / "plugin.so";
        if (fs::is_regular_file(within, ignored))
            files.push_back(within);
        else if (entry->path().extension() == ".so")
            files.push_back(entry->path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

std::vector<std::string> split_list(const std::string &list) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(':', begin), list.size());
        if (end > begin) parts.push_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

bool names_file(const std::vector<std::string> &skipped, const fs::path &file) {
    return std::ranges::any_of(skipped, [&](const std::string &name) {
        std::error_code ignored;
        return name.find('/') == std::string::npos ? file.filename() == name
                                                   : fs::equivalent(file, name, ignored);
    });
}

fs::path library_folder() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void *>(&library_folder), &info) == 0 || info.dli_fname == nullptr)
        return {};
    std::error_code error;
    const fs::path file = fs::canonical(info.dli_fname, error), folder = file.parent_path();
    if (error) return {};
    return file.filename() == kWorkerProgram ? folder.parent_path() : folder;
}

std::vector<fs::path> plugin_candidates(const EngineOptions &options, const fs::path &beside) {
    if (options.plugin_files) return {options.plugin_files->begin(), options.plugin_files->end()};
    std::vector<fs::path> given;
    append_split(given, options.plugin_path);
    if (!options.plugin_path_only) append_split(given, environment("MIRRA_PLUGIN_PATH"));
    std::vector<fs::path> files;
    std::error_code error;
    for (const fs::path &path : given) {
        if (fs::is_directory(path, error)) {
            const auto found = libraries(path);
            files.insert(files.end(), found.begin(), found.end());
        } else {
            files.push_back(path);
        }
    }
    if (!options.plugin_path_only) {
        const fs::path own = beside.empty() ? fs::path() : beside / "mirra" / "plugins";
        for (const fs::path &folder : {user_folder(), own}) {
            const auto found = libraries(folder);
            files.insert(files.end(), found.begin(), found.end());
        }
    }
    return files;
}

std::vector<fs::path> runtime_candidates(const std::string &given, const fs::path &beside) {
    if (!given.empty()) return {given};
    const std::string named = environment("MIRRA_RUNTIME_MODULE");
    if (!named.empty()) return {named};
    if (beside.empty()) return {};
    // The light one loads in a tenth of the time; a card is the other's.
    std::vector<const char *> names{"libmirra_runtime_onednn.so", "libmirra_runtime_torch.so"};
    std::error_code ignored;
    if (fs::exists("/dev/nvidiactl", ignored)) std::ranges::reverse(names);
    std::vector<fs::path> files;
    for (const char *name : names) {
        files.push_back(beside / "mirra" / name);
        files.push_back(beside / name);
    }
    return files;
}

std::vector<fs::path> named_bundle_folders(const std::string &given) {
    std::vector<fs::path> folders;
    append_split(folders, given);
    append_split(folders, environment("MIRRA_BUNDLE_PATH"));
    return folders;
}

std::vector<fs::path> installed_bundle_folders(const fs::path &beside) {
    if (beside.empty()) return {};
    const auto at = [&](const char *share) {
        return (beside / share / "mirra" / "bundles").lexically_normal();
    };
    std::vector<fs::path> folders{at(MIRRA_SHARE_FROM_LIBRARY)};
    // As in a build tree, and where an installation was packed anew.
    if (const fs::path common = at("../share"); common != folders[0]) folders.push_back(common);
    return folders;
}

} // namespace mirra::host
