// The languages, and how a template becomes a project.
#include "plugin_project.hpp"

#include "handles.hpp"
#include "made_folders.hpp"

#include <algorithm>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

namespace mirra::cli {
namespace {

namespace fs = std::filesystem;

/// A new language is an entry here and its files in plugins/.
const std::vector<PluginLanguage> &languages() {
    static const std::vector<PluginLanguage> all{
        {"c",
         {{"gain.c", "NAME.c"}, {"CMakeLists.txt.in", "CMakeLists.txt"}, {"README.md.in", "README.md"}},
         {{"/* gain.c - the smallest plugin: a task \"gain\" that multiplies every pixel. Copy this file and "
           "change "
           "it.\n * docs/tutorials/write-a-plugin.md explains its parts.\n *   cc -shared -fPIC "
           "-fvisibility=hidden gain.c $(pkg-config --cflags mirra) -o gain.so */",
           "/* @NAME@.c - the task \"@NAME@\". It multiplies every pixel until you change it. */"},
          {"session of 'gain'", "session of '@NAME@'"},
          {".name = \"gain\",\n    .label = \"Gain\",\n    .doc = \"Makes",
           ".name = \"@NAME@\",\n    .label = \"@LABEL@\",\n    .doc = \"Makes"},
          {"\"org.example.gain\"", "\"@ID@\""}},
         {{"@LANGUAGE@", "C"},
          {"@STANDARD@", "c_std_11"},
          {"@COMPILER@", "cc"},
          {"@FLAGS@", "-shared -fPIC -fvisibility=hidden"}}},
        {"cpp",
         {{"posterize.cpp", "NAME.cpp"},
          {"CMakeLists.txt.in", "CMakeLists.txt"},
          {"README.md.in", "README.md"}},
         {{"// posterize.cpp - the smallest plugin in C++: a task \"posterize\" that leaves a few shades of "
           "each "
           "colour.\n// Copy this file and change it. docs/reference/cpp.md says what the header gives.\n//  "
           " "
           "flags=\"-std=c++17 -shared -fPIC -fvisibility=hidden $(pkg-config --cflags mirra)\"\n//   c++ "
           "$flags posterize.cpp -o posterize.so\n",
           "// @NAME@.cpp - the task \"@NAME@\". It leaves a few shades of each colour until you change "
           "it.\n"},
          {"plugin::task(\"posterize\", \"Posterize\",", "plugin::task(\"@NAME@\", \"@LABEL@\","},
          {"\"org.example.posterize\"", "\"@ID@\""}},
         {{"@LANGUAGE@", "CXX"},
          {"@STANDARD@", "cxx_std_17"},
          {"@COMPILER@", "c++"},
          {"@FLAGS@", "-std=c++17 -shared -fPIC -fvisibility=hidden"}}},
        {"rust",
         {{"saturate.rs", "src/lib.rs"},
          {"mirra.rs", "src/mirra.rs"},
          {"host.rs", "src/mirra/host.rs"},
          {"task.rs", "src/mirra/task.rs"},
          {"bindings.rs", "src/mirra/bindings.rs"},
          {"plugin_check.rs", "tests/plugin_check.rs"},
          {"Cargo.toml.in", "Cargo.toml"},
          {"README-rust.md.in", "README.md"}},
         {{"//! saturate.rs - the smallest plugin in Rust: a task \"saturate\" that makes colours stronger "
           "or "
           "weaker. Copy this file and\n//! change it. `mirra new-plugin NAME --lang rust` makes a project "
           "of it and of the modules that it needs.\n",
           "//! The task \"@NAME@\". It makes colours stronger or weaker until you change it.\n"},
          {"c\"saturate\",\n    c\"Saturate\",", "c\"@NAME@\",\n    c\"@LABEL@\","},
          {"\"org.example.saturate\"", "\"@ID@\""}},
         {}},
    };
    return all;
}

/// The folder with the templates, found from the library and from the program: that of an installation, or of
/// the tree that Mirra is built in.
fs::path template_folder() {
    std::vector<fs::path> places;
    Dl_info library{};
    if (dladdr(reinterpret_cast<const void *>(&mirra_version), &library) != 0 && library.dli_fname != nullptr)
        places.emplace_back(library.dli_fname);
    std::error_code error;
    places.push_back(fs::read_symlink("/proc/self/exe", error));
    constexpr int kDeepest = 3; // lib/ may have a folder of the machine's in it
    for (const fs::path &place : places) {
        fs::path folder = fs::weakly_canonical(place, error);
        for (int i = 0; i < kDeepest; ++i) {
            folder = folder.parent_path();
            for (const char *below : {"share/mirra/plugin-template", "plugins/template"})
                if (fs::is_directory(folder / below, error)) return folder / below;
        }
    }
    throw Failure(ExitCode::setup,
                  "the templates of plugins are not there: share/mirra/plugin-template of the installation",
                  places.back().string(), "install Mirra's headers and templates (the component dev)");
}

std::string read_text(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad() || text.empty())
        throw Failure(ExitCode::setup, "the template cannot be read", path.string(), "install Mirra again");
    return text;
}

/// Throws Failure (setup) unless `from` is there once.
void replace_once(std::string &text, const PluginLanguage::Change &change, const fs::path &file) {
    const auto at = text.find(change.from);
    if (at == std::string::npos || text.find(change.from, at + 1) != std::string::npos)
        throw Failure(ExitCode::setup, "the template is not that of this version of Mirra", file.string(),
                      "install Mirra again");
    text.replace(at, change.from.size(), change.to);
}

void replace_all(std::string &text, const std::string &from, const std::string &to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// "my-blur": "My blur".
std::string label_of(std::string name) {
    std::ranges::replace(name, '-', ' ');
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return name;
}

const PluginLanguage &language_of(const std::string &name) {
    const auto found = std::ranges::find(languages(), name, &PluginLanguage::name);
    if (found == languages().end())
        throw Failure(ExitCode::usage, "there is no template in the language '" + name + "'", "lang");
    return *found;
}

struct Written {
    std::string path, text;
};

std::vector<Written> project_of(const PluginLanguage &language, const std::string &name,
                                const fs::path &folder) {
    const fs::path templates = template_folder();
    std::vector<PluginLanguage::Change> marks = language.marks;
    for (const PluginLanguage::Change &mark : {PluginLanguage::Change{"@NAME@", name},
                                               {"@ID@", "org.example." + name},
                                               {"@LABEL@", label_of(name)}})
        marks.push_back(mark);
    std::vector<Written> files;
    for (const auto &file : language.files) {
        const fs::path from = templates / file.from;
        Written made{file.to, read_text(from)};
        if (files.empty())
            for (const auto &change : language.changes) replace_once(made.text, change, from);
        replace_all(made.path, "NAME", name);
        if (files.empty()) marks.push_back({"@SOURCE@", made.path});
        for (const auto &mark : marks) replace_all(made.text, mark.from, mark.to);
        made.path = (folder / made.path).string();
        files.push_back(std::move(made));
    }
    return files;
}

void write(const Written &file, MadeFolders &folders) {
    folders.make(fs::path(file.path).parent_path());
    in_phase(Phase::output, [&] { api::write_file(file.path, file.text.data(), file.text.size()); });
}

} // namespace

std::vector<std::string> plugin_languages() {
    std::vector<std::string> names;
    for (const auto &language : languages()) names.push_back(language.name);
    return names;
}

std::string objection_to_name(const std::string &name) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz", kOthers = "0123456789-";
    const auto letter = [&](char c) { return kLetters.find(c) != std::string_view::npos; };
    if (name.empty() || !letter(name.front())) return "it must begin with a lower case letter";
    const auto strange = std::ranges::find_if(
        name, [&](char c) { return !letter(c) && kOthers.find(c) == std::string_view::npos; });
    if (strange != name.end())
        return std::string("'") + *strange + "' is none of lower case letters, digits and '-'";
    if (name.back() == '-') return "'-' may stand between letters and digits only";
    if (name.size() > 63) return "it has more than 63 letters";
    return "";
}

std::vector<std::string> write_plugin_project(const std::string &language, const std::string &name,
                                              const std::string &folder) {
    const auto files = project_of(language_of(language), name, folder);
    std::error_code error;
    for (const Written &file : files)
        if (fs::exists(fs::symlink_status(file.path, error)))
            throw Failure(ExitCode::output, "the file is there already", file.path,
                          "name another folder, or move the file away");
    MadeFolders folders;
    std::vector<std::string> paths;
    try {
        for (const Written &file : files) {
            write(file, folders);
            paths.push_back(file.path);
        }
    } catch (...) { // half a project would stand in the way of the next try
        for (const std::string &path : paths) fs::remove(path, error);
        throw;
    }
    return paths;
}

} // namespace mirra::cli
