// Projects for new plugins, made from the templates that are installed.
#pragma once

#include <string>
#include <vector>

namespace mirra::cli {

/// A language that plugins can be begun in.
struct PluginLanguage {
    /// A file of the template folder, and what it is called in the project; NAME stands for the plugin's.
    struct File {
        std::string from, to;
    };
    /// A text, and what stands there instead.
    struct Change {
        std::string from, to;
    };

    std::string name;            ///< "c"
    std::vector<File> files;     ///< the first is the source
    std::vector<Change> changes; ///< of texts that the source has exactly once
    std::vector<Change> marks;   ///< in all files, beside @NAME@, @ID@, @LABEL@ and @SOURCE@
};

/// "c", "cpp", "rust"
std::vector<std::string> plugin_languages();

/// Why `name` cannot be that of a task; "" if it can.
std::string objection_to_name(const std::string &name);

/// Writes a project into a folder, which is made; gives the files. Throws Failure (output) before it writes
/// any if one is there already.
std::vector<std::string> write_plugin_project(const std::string &language, const std::string &name,
                                              const std::string &folder);

} // namespace mirra::cli
