// Expands inputs and maps them to outputs.
#include "paths.hpp"

#include "failure.hpp"
#include "formats.hpp"
#include "handles.hpp"

#include <algorithm>
#include <glob.h>
#include <map>
#include <optional>
#include <unistd.h>

namespace mirra::cli {
namespace {

namespace fs = std::filesystem;

/// A file, and its name below the folder that results go to.
struct Source {
    fs::path file;
    fs::path name;
};

bool is_folder(const fs::path &path) {
    std::error_code error;
    return fs::is_directory(path, error);
}

bool is_pattern(const std::string &text) {
    return text.find_first_of("*?[") != std::string::npos;
}

/// The inputs of a call, one after another. A folder or pattern that gives nothing is passed over where there
/// are others.
class Inputs {
  public:
    Inputs(bool recursive, const std::string &output, bool several)
        : recursive_(recursive)
        , results_(is_folder(output) ? output : "")
        , lone_(!several)
        , several_(several) {}

    void add(const std::string &input) {
        if (input.empty())
            throw Failure(ExitCode::usage, "the name of an input is empty", "INPUT",
                          "name a file or a folder");
        std::error_code error;
        if (is_folder(input)) {
            add_folder(input);
        } else if (!fs::exists(input, error) && is_pattern(input)) {
            add_pattern(input);
        } else if (!fs::exists(input, error) && !fs::path(input).has_extension()) {
            pass_over(input, "there is no file or folder of this name", "check the path");
        } else {
            sources.push_back({input, fs::path(input).filename()});
        }
    }
    /// Go the results to a folder, whatever there is?
    [[nodiscard]] bool several() const { return several_; }

    std::vector<Source> sources;
    std::vector<Skipped> skipped;

  private:
    void add_folder(const fs::path &folder) {
        std::error_code ignored;
        // As `DIR/*` of the shell names it, beside what it was made of.
        if (several_ && !results_.empty() && fs::equivalent(folder, results_, ignored)) {
            skipped.push_back({folder.string(), "the folder of the results"});
            return;
        }
        several_ = true;
        auto found = read_folder(folder, recursive_, results_);
        for (const auto &file : found.pictures) sources.push_back({file, file.lexically_relative(folder)});
        if (found.pictures.empty() || !found.unreadable.empty()) pass_over(folder, found);
        skipped.insert(skipped.end(), found.skipped.begin(), found.skipped.end());
    }

    void pass_over(const fs::path &folder, const FolderContent &found) {
        if (!found.unreadable.empty())
            return pass_over(folder, "the folder cannot be read: " + found.unreadable, "");
        const std::string first = found.skipped.empty() ? ""
                                                        : " (skipped " + found.skipped.front().file + ": " +
                                                              found.skipped.front().reason + ")";
        pass_over(folder, "the folder holds no picture file" + first,
                  recursive_ ? "" : "--recursive looks into the folders inside as well");
    }
    void pass_over(const fs::path &input, const std::string &reason, const std::string &hint) {
        if (lone_) throw Failure(ExitCode::input, reason, input.string(), hint);
        skipped.push_back({input.string(), reason});
    }

    void add_pattern(const std::string &pattern) {
        several_ = true;
        glob_t matches{};
        const auto before = sources.size();
        const int status = glob(pattern.c_str(), 0, nullptr, &matches);
        for (std::size_t i = 0; status == 0 && i < matches.gl_pathc; ++i) {
            const fs::path file = matches.gl_pathv[i];
            if (!is_folder(file)) sources.push_back({file, file.filename()});
        }
        globfree(&matches);
        if (sources.size() == before)
            pass_over(pattern, "no file fits the pattern", "check the path, or quote it less");
    }

    bool recursive_;
    fs::path results_;
    bool lone_; ///< whether this is one input
    bool several_;
};

/// Those of all results. One that cannot be made fails with its file; if none can, nothing is begun.
void make_folders(const std::vector<FilePair> &pairs, MadeFolders &folders) {
    std::optional<Failure> first;
    bool any = false;
    for (const auto &pair : pairs) {
        try {
            folders.make(fs::path(pair.output).parent_path());
            any = true;
        } catch (const Failure &failure) {
            if (!first) first.emplace(failure);
        }
    }
    if (first && !any) throw Failure(*first);
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

/// A result has the ending of its format, even where its input has none.
fs::path result_name(const Source &source, const ResultNames &names) {
    const Format *format = source.name.has_extension() ? nullptr : format_of_content(source.file);
    std::string ending = names.ending;
    if (ending.empty())
        ending = format != nullptr ? std::string(format->endings.front()) : source.name.extension().string();
    return source.name.parent_path() / (source.name.stem().string() + names.suffix + ending);
}

/// Where the result of a source goes.
std::string result_path(const Source &source, const std::string &output, bool to_folder,
                        const ResultNames &names) {
    if (!to_folder || (output.empty() && names.suffix.empty())) return output;
    const fs::path folder = output.empty() ? source.file.parent_path() : fs::path(output);
    const fs::path name = result_name(source, names);
    return (folder / (output.empty() ? name.filename() : name)).string();
}

} // namespace

Files pair_files(const std::vector<std::string> &inputs, const std::string &output, bool recursive,
                 const ResultNames &names, MadeFolders &folders) {
    Inputs all(recursive, output, inputs.size() > 1);
    for (const auto &input : inputs) all.add(input);
    if (all.sources.empty())
        throw Failure(ExitCode::input, "no input is left: " + all.skipped.front().reason,
                      all.skipped.front().file, "name the files, or another folder for the results");
    const bool file_ending = names.ending == kTensorEnding
                                 ? output.ends_with(names.ending)
                                 : format_of(output) != nullptr || output == kStandardOutput;
    if (all.several() && !is_folder(output) && file_ending)
        throw Failure(ExitCode::usage, "several inputs need a folder as output", output, "give -o FOLDER");
    const bool beside = output.empty() && !names.suffix.empty();
    const bool to_folder = beside || all.several() || is_folder(output) || output.ends_with('/');
    Files files{.pairs = {}, .skipped = std::move(all.skipped)};
    files.pairs.reserve(all.sources.size());
    for (const auto &source : all.sources)
        files.pairs.push_back({source.file.string(), result_path(source, output, to_folder, names),
                               result_name(source, {}).string()});
    if (output.empty() && !beside) return files;
    check_distinct(files.pairs);
    if (to_folder && !beside) make_folders(files.pairs, folders);
    return files;
}

void skip_existing(Files &files) {
    std::erase_if(files.pairs, [&](const FilePair &pair) {
        std::error_code error;
        const bool there =
            fs::is_regular_file(pair.output, error) && !fs::equivalent(pair.output, pair.input, error);
        if (there) files.skipped.push_back({pair.input, "its result is there: " + pair.output});
        return there;
    });
}

void DashNames::text(std::string &path, const std::string &option) {
    if (path != "-") return;
    if (json_)
        throw Failure(ExitCode::usage, "the standard output holds the JSON document already", option,
                      "leave --json out, or name a file");
    if (!taken_.empty())
        throw Failure(ExitCode::usage, "only one result can go to the standard output; " + taken_ + " does",
                      option, "name a file");
    taken_ = option;
    path = kStandardOutput;
}

void DashNames::picture(std::string &path, const std::string &option) {
    if (path == "-" && isatty(STDOUT_FILENO) == 1)
        throw Failure(ExitCode::usage, "a picture is not for a terminal", option,
                      "send the standard output to a file or a program");
    text(path, option);
}

void DashNames::none(const std::string &path, const std::string &option) {
    if (path == "-")
        throw Failure(ExitCode::usage, "this cannot go to the standard output", option,
                      "name a file; ./- is one of that name");
}

void check_writable(const std::string &path) {
    in_phase(Phase::output, [&] { api::check_write_file(path); });
}

void check_not_same(const std::string &file, const std::string &other) {
    std::error_code ignored;
    if (file.empty() || other.empty() || fs::is_character_file(file, ignored)) return;
    const auto normal = [](const std::string &path) { return fs::absolute(path).lexically_normal(); };
    if (fs::equivalent(file, other, ignored) || normal(file) == normal(other))
        throw Failure(ExitCode::usage, "the file would replace " + other, file, "name another file");
}

} // namespace mirra::cli
