// Expands inputs and maps them to outputs.
#include "paths.hpp"

#include "failure.hpp"

#include <algorithm>
#include <glob.h>
#include <map>
#include <unistd.h>

namespace mirra::cli {
namespace {

namespace fs = std::filesystem;

/// A file, and its name below the folder that results go to.
struct Source {
    fs::path file;
    fs::path name;
};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return text;
}

template<typename Iterator> void add_images(const fs::path &folder, std::vector<Source> &out) {
    std::vector<Source> found;
    for (const auto &entry : Iterator(folder, fs::directory_options::skip_permission_denied))
        if (entry.is_regular_file() && image_ending(entry.path()))
            found.push_back({entry.path(), entry.path().lexically_relative(folder)});
    std::sort(found.begin(), found.end(), [](const Source &a, const Source &b) { return a.file < b.file; });
    out.insert(out.end(), found.begin(), found.end());
}

void add_folder(const fs::path &folder, bool recursive, std::vector<Source> &out) {
    const auto before = out.size();
    try {
        recursive ? add_images<fs::recursive_directory_iterator>(folder, out)
                  : add_images<fs::directory_iterator>(folder, out);
    } catch (const fs::filesystem_error &error) {
        throw Failure(ExitCode::input, "the folder cannot be read: " + error.code().message(),
                      folder.string());
    }
    if (out.size() == before)
        throw Failure(ExitCode::input, "the folder holds no PNG or JPEG file", folder.string(),
                      recursive ? "" : "--recursive looks into the folders inside as well");
}

bool is_folder(const fs::path &path) {
    std::error_code error;
    return fs::is_directory(path, error);
}

void add_pattern(const std::string &pattern, std::vector<Source> &out) {
    glob_t matches{};
    const auto before = out.size();
    const int status = glob(pattern.c_str(), 0, nullptr, &matches);
    for (std::size_t i = 0; status == 0 && i < matches.gl_pathc; ++i) {
        const fs::path file = matches.gl_pathv[i];
        if (!is_folder(file)) out.push_back({file, file.filename()});
    }
    globfree(&matches);
    if (out.size() == before)
        throw Failure(ExitCode::input, "no file fits the pattern", pattern,
                      "check the path, or quote it less");
}

bool is_pattern(const std::string &text) {
    return text.find_first_of("*?[") != std::string::npos;
}

void make_folder(const fs::path &folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        throw Failure(ExitCode::output, "the folder cannot be made: " + error.message(), folder.string());
}

void check_distinct(const std::vector<FilePair> &pairs) {
    std::map<std::string, std::string> seen;
    for (const auto &pair : pairs) {
        const auto [other, fresh] =
            seen.emplace(fs::path(pair.output).lexically_normal().string(), pair.input);
        if (!fresh)
            throw Failure(ExitCode::usage,
                          "two inputs would be written to the same file: " + other->second + " and " +
                              pair.input,
                          pair.output, "do them in two calls with different output folders");
    }
}

} // namespace

bool image_ending(const fs::path &path) {
    const std::string ending = lower(path.extension().string());
    return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

bool png_ending(const fs::path &path) {
    return lower(path.extension().string()) == ".png";
}

std::vector<FilePair> pair_files(const std::vector<std::string> &inputs, const std::string &output,
                                 bool recursive, const std::string &ending) {
    std::vector<Source> sources;
    bool several = inputs.size() > 1;
    for (const auto &input : inputs) {
        if (input.empty())
            throw Failure(ExitCode::usage, "the name of an input is empty", "INPUT",
                          "name a file or a folder");
        std::error_code error;
        if (is_folder(input)) {
            add_folder(input, recursive, sources);
            several = true;
        } else if (!fs::exists(input, error) && is_pattern(input)) {
            add_pattern(input, sources);
            several = true;
        } else {
            sources.push_back({input, fs::path(input).filename()});
        }
    }
    const bool file_ending = ending.empty() ? image_ending(output) : output.ends_with(ending);
    if (several && !is_folder(output) && file_ending)
        throw Failure(ExitCode::usage, "several inputs need a folder as output", output, "give -o FOLDER");
    const bool to_folder = several || is_folder(output) || output.ends_with('/');
    std::vector<FilePair> pairs;
    pairs.reserve(sources.size());
    for (auto &source : sources) {
        if (!ending.empty()) source.name.replace_extension(ending);
        pairs.push_back({source.file.string(),
                         output.empty() || !to_folder ? output : (fs::path(output) / source.name).string()});
    }
    if (output.empty()) return pairs;
    check_distinct(pairs);
    if (to_folder)
        for (const auto &pair : pairs) make_folder(fs::path(pair.output).parent_path());
    return pairs;
}

void check_writable(const std::string &path) {
    const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
    if (is_folder(path)) throw Failure(ExitCode::output, "the output is a folder", path, "name a file");
    if (!is_folder(folder))
        throw Failure(ExitCode::output, "the folder of the output does not exist", folder.string(),
                      "make it first");
    if (access(folder.c_str(), W_OK) != 0)
        throw Failure(ExitCode::output, "the folder of the output cannot be written to", folder.string(),
                      "check its permissions");
    if (access(path.c_str(), F_OK) == 0 && access(path.c_str(), W_OK) != 0)
        throw Failure(ExitCode::output, "the output exists and is read-only", path,
                      "name another file, or make it writable");
}

void check_not_same(const std::string &file, const std::string &other) {
    if (file.empty() || other.empty()) return;
    std::error_code ignored;
    const auto normal = [](const std::string &path) { return fs::absolute(path).lexically_normal(); };
    if (fs::equivalent(file, other, ignored) || normal(file) == normal(other))
        throw Failure(ExitCode::usage, "the file would replace " + other, file, "name another file");
}

void check_output(const std::string &path) {
    check_writable(path);
    if (!image_ending(path))
        throw Failure(ExitCode::output, "the format of the output is not known by its name", path,
                      "use .png, .jpg or .jpeg");
}

} // namespace mirra::cli
