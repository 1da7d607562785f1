// Looking for files.
#include "core/data_files.hpp"

#include "mirra/environment.hpp"

#include <algorithm>
#include <sstream>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

/// Empty where the system does not tell.
fs::path program() {
    std::error_code unknown;
    auto path = fs::canonical("/proc/self/exe", unknown);
    return unknown ? fs::path() : path;
}

std::vector<fs::path> folders_of(const std::string &kind) {
    std::vector<fs::path> out;
    if (const auto data = environment("MIRRA_DATA"); !data.empty()) out.push_back(fs::path(data) / kind);
    if (kind == "bundles") {
        std::istringstream folders(environment("MIRRA_BUNDLE_PATH"));
        for (std::string folder; std::getline(folders, folder, ':');)
            if (!folder.empty()) out.emplace_back(folder);
    }
    for (const auto &folder : folders_beside(program(), MIRRA_INSTALLED_DATA, "../share"))
        out.push_back(folder / kind);
    return out;
}

fs::path find(const fs::path &named, const std::string &kind, const std::string &suffix) {
    std::error_code unreadable;
    // A bare name never means what lies in the current folder, which is anybody's, and no name a folder.
    if (named.empty() || ((named.has_parent_path() || named.extension() == suffix) &&
                          fs::exists(named, unreadable) && !fs::is_directory(named, unreadable)))
        return named;
    for (const auto &folder : folders_of(kind))
        for (const auto &end : {std::string(), suffix})
            if (auto path = folder / (named.string() + end); fs::is_regular_file(path, unreadable))
                return path;
    return named;
}

} // namespace

std::vector<fs::path> folders_beside(const fs::path &program, const fs::path &installed,
                                     const fs::path &built) {
    if (program.empty()) return {};
    std::vector<fs::path> out;
    for (const auto &folder : {installed, built}) {
        auto path = (program.parent_path() / folder / "mirra").lexically_normal();
        if (std::ranges::find(out, path) == out.end()) out.push_back(std::move(path));
    }
    return out;
}

std::vector<fs::path> module_folders() {
    return folders_beside(program(), MIRRA_INSTALLED_LIBRARIES, "../lib");
}

fs::path find_recipe(const fs::path &named) {
    return find(named, "recipes", ".toml");
}

fs::path find_bundle(const fs::path &named) {
    return find(named, "bundles", ".mirra");
}

std::vector<std::string> recipe_names() {
    std::vector<std::string> out;
    std::error_code unreadable;
    for (const auto &folder : folders_of("recipes")) {
        for (const auto &entry : fs::recursive_directory_iterator(folder, unreadable))
            if (entry.path().extension() == ".toml")
                out.push_back(entry.path().lexically_relative(folder).replace_extension().string());
    }
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

} // namespace mirra::trainer
