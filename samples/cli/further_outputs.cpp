// Names the files of each input.
#include "further_outputs.hpp"

#include "failure.hpp"
#include "formats.hpp"

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>

namespace mirra::cli {
namespace {

namespace fs = std::filesystem;

bool is_folder(const std::string &path) {
    std::error_code error;
    return path.ends_with('/') || fs::is_directory(path, error);
}

std::string place(const std::string &given, const FilePair &file, const std::string &ending) {
    if (given.empty() || !is_folder(given)) return given;
    fs::path name = file.name;
    if (!ending.empty()) name.replace_extension(ending);
    return (fs::path(given) / name).string();
}

/// By which two names of one file are equal, links resolved.
std::string identity(const std::string &path) {
    struct stat status {};
    if (stat(path.c_str(), &status) == 0)
        return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    std::error_code error;
    const fs::path resolved = fs::weakly_canonical(fs::absolute(path), error);
    return (error ? fs::absolute(path).lexically_normal() : resolved).string();
}

} // namespace

std::vector<std::string> FurtherOutputs::all() const {
    std::vector<std::string> out;
    for (const auto &[port, path] : ports)
        if (!path.empty()) out.push_back(path);
    for (const std::string &path : {sheet, preview, tensors, before, after})
        if (!path.empty()) out.push_back(path);
    return out;
}

bool FurtherOutputs::names_file() const {
    const auto paths = all();
    return !std::ranges::all_of(paths, is_folder);
}

FurtherOutputs FurtherOutputs::of(const FilePair &file, const Task &task, const std::string &ending) const {
    const std::string drawn(formats().front().endings.front());
    FurtherOutputs out{.ports = {},
                       .sheet = place(sheet, file, drawn),
                       .preview = place(preview, file, drawn),
                       .tensors = place(tensors, file, kTensorEnding),
                       .before = {},
                       .after = {}};
    for (const auto &port : task.ports) {
        const auto given = ports.find(port.name);
        if (given == ports.end()) continue;
        out.ports[port.name] =
            place(given->second, file, port.type == MIRRA_TYPE_TENSOR ? kTensorEnding : ending);
    }
    return out;
}

void prepare_further(const std::vector<FilePair> &files, const FurtherOutputs &asked,
                     const std::vector<FurtherOutputs> &outputs, MadeFolders &folders) {
    const auto named = asked.all();
    std::map<std::string, std::string> taken;
    for (const auto &file : files)
        for (const std::string &path : {file.input, file.output})
            if (!path.empty()) taken.emplace(identity(path), path);
    for (const auto &output : outputs) {
        for (const std::string &path : output.all()) {
            const auto [other, fresh] = taken.emplace(identity(path), path);
            std::error_code error;
            if (!fresh && !fs::is_character_file(path, error))
                throw Failure(ExitCode::usage, "the file would replace " + other->second, path,
                              "name another file");
            if (std::ranges::find(named, path) != named.end()) continue;
            folders.make(fs::path(path).parent_path());
        }
    }
}

} // namespace mirra::cli
