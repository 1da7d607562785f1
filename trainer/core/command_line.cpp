// Completes commands after they are declared: a command does it for none of its options by itself.
#include "core/command_line.hpp"

#include "core/data_files.hpp"
#include "data/picture_files.hpp"
#include "mirra/printable.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <set>
#include <string_view>
#include <vector>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

std::string not_finite(const std::string &text) {
    double value = 0;
    const bool number = CLI::detail::lexical_cast(text, value);
    return number && !std::isfinite(value) ? "'" + text + "' is no finite number" : std::string();
}

/// Options that name a file to be written.
constexpr std::array<std::string_view, 7> kOutputs{"--output", "--csv",       "--sheet",     "--plot",
                                                   "--onnx",   "--histogram", "--comparison"};
/// Options whose values are names, or folders that the command itself writes to.
constexpr std::array<std::string_view, 9> kNoInputs{"--work",  "--run",   "run",       "--name",  "--licence",
                                                    "--class", "--layer", "--default", "--device"};

struct Files {
    std::vector<std::pair<std::string, fs::path>> written; ///< by option
    std::vector<fs::path> read;                            ///< files and folders that are there
};

/// The files that a value may stand for: it may name a bundle or a recipe that comes along, be one of several
/// (LAYER=FILE), or say what kind of data it is (cifar10:FOLDER).
std::vector<fs::path> meant_by(const std::string &value) {
    std::vector<fs::path> out{value};
    if (value.find('/') == std::string::npos) {
        out.push_back(find_bundle(value));
        out.push_back(find_recipe(value));
    }
    for (const char sign : {'=', ':'})
        if (const auto at = value.find(sign); at != std::string::npos) out.emplace_back(value.substr(at + 1));
    std::erase_if(out, [](const fs::path &path) {
        std::error_code ignored;
        return !fs::exists(path, ignored);
    });
    return out;
}

void collect(const CLI::App &app, Files &files) {
    for (const auto *option : app.get_options()) {
        const auto name = option->get_name();
        if (std::ranges::count(kNoInputs, name) > 0) continue;
        for (const auto &value : option->results()) {
            if (std::ranges::count(kOutputs, name) > 0)
                files.written.emplace_back(name, value);
            else
                std::ranges::move(meant_by(value), std::back_inserter(files.read));
        }
    }
    for (const auto *group : app.get_subcommands([](const CLI::App *) { return true; }))
        collect(*group, files);
}

[[noreturn]] void refuse(const std::string &option, const fs::path &lost) {
    throw CLI::ValidationError(option, "the file would replace " + lost.string() + "; name another file");
}

/// Whether the file lies in the folder, at any depth.
bool lies_in(const fs::path &file, const fs::path &folder) {
    std::error_code ignored;
    const auto inner = fs::weakly_canonical(file, ignored), outer = fs::weakly_canonical(folder, ignored);
    return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

/// How deep folders of data may be links: FOLDER/train/CLASS. Below, links to folders are passed over.
constexpr int kLinkedFolders = 2;

/// Whether a link in the folder leads to the file, as it is read for a picture.
bool links_to(const fs::path &folder, const fs::path &file, int links = kLinkedFolders) {
    std::error_code ignored;
    for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
         entry.increment(ignored)) {
        std::error_code lost; // a link that leads nowhere
        const auto &path = entry->path();
        const bool link = entry->is_symlink(lost),
                   picture = has_picture_ending(path) || !path.has_extension();
        if (!entry->is_directory(lost)) {
            if (link && picture && fs::equivalent(path, file, lost)) return true;
        } else if (!link || links > 0) {
            if (link && has_picture_ending(file) && lies_in(file, path)) return true;
            if (links_to(path, file, links - 1)) return true;
        }
    }
    return false;
}

/// Whether what the command reads there would be replaced.
bool is_read(const fs::path &file, const fs::path &from) {
    std::error_code ignored;
    if (fs::equivalent(file, from, ignored)) return true;
    if (!fs::is_directory(from, ignored)) return false;
    return (has_picture_ending(file) && lies_in(file, from)) || links_to(from, file);
}

/// What is lost is lost without a word otherwise: a bundle for a table, a picture of the data for a sheet.
/// @throws CLI::ValidationError
void check_files(const CLI::App &command) {
    Files files;
    collect(command, files);
    std::set<fs::path> before;
    for (const auto &[option, path] : files.written) {
        std::error_code ignored;
        if (!before.insert(fs::weakly_canonical(path, ignored)).second && path.has_filename())
            refuse(option, path);
        if (!fs::is_regular_file(path, ignored)) continue;
        const bool writes_bundle = option == "--output" && command.get_name() != "report";
        if (!writes_bundle && path.extension() == ".mirra") refuse(option, path);
        for (const auto &read : files.read)
            if (is_read(path, read)) refuse(option, path);
    }
}

const std::set<std::string> kWithoutPictures{"bundle", "export", "import", "recipe"};

} // namespace

void complete(CLI::App &app) {
    constexpr int kMostThreads = 1024;
    for (auto *option : app.get_options()) {
        if (option->get_type_name().starts_with("FLOAT")) option->check(CLI::Validator(not_finite, ""));
        if (option->check_lname("threads")) option->check(CLI::Range(0, kMostThreads).description(""));
    }
    bool has_commands = false;
    for (auto *sub : app.get_subcommands([](CLI::App *) { return true; })) {
        complete(*sub);
        has_commands |= !sub->get_name().empty();
    }
    const bool is_group = app.get_name().empty(); // of options, and the program itself
    if (is_group || has_commands) return;
    app.parse_complete_callback([&app] { check_files(app); });
    if (kWithoutPictures.contains(app.get_name())) return;
    constexpr auto kMost = std::uint64_t{1} << 62;
    app.add_option_function<std::uint64_t>("--max-pixels", limit_pictures,
                                           "Larger pictures are refused (268435456)")
        ->check(CLI::Range(std::uint64_t{1}, kMost).description(""));
}

/// CLI11 ends the range of a number without an upper bound with the largest double, in all its 309 digits.
std::string usage_message(const CLI::App *app, const CLI::Error &error) {
    std::string text = CLI::FailureMessage::simple(app, error);
    const auto unbounded =
        " in range " + std::to_string(0.0) + " to " + std::to_string(std::numeric_limits<double>::max());
    const auto at = text.find(unbounded);
    return "mirra-train: " +
           printable_lines(at == std::string::npos ? text : text.replace(at, unbounded.size(), " accepted"));
}

} // namespace mirra::trainer
