// Where plugins, bundles and the runtime module are looked for.
#pragma once

#include "mirra/host.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::host {

/// Why a plugin is not loaded that the engine's options name.
inline constexpr const char *kNamedInSkip = "plugin_skip names it";

/// The parts of "A:B"; empty ones are left out.
std::vector<std::string> split_list(const std::string &list);
/// Whether one of them, a file's name or a path, means the file.
bool names_file(const std::vector<std::string> &skipped, const std::filesystem::path &file);
/// The program beside the library, in mirra/.
inline constexpr const char *kWorkerProgram = "mirra-worker";

/// The folder of the library that this code is part of, or that the worker lies beside; empty if it cannot be
/// told.
std::filesystem::path library_folder();
/// Plugin files in the order of the search, of a folder FILE.so and NAME/plugin.so; given folders and files
/// that do not exist are listed too.
/// @param beside  the library's folder; empty: nothing is looked for beside it, least of all from the current
/// folder
std::vector<std::filesystem::path> plugin_candidates(const EngineOptions &options,
                                                     const std::filesystem::path &beside = library_folder());
/// Files that may be the runtime module, best first; need not exist.
std::vector<std::filesystem::path> runtime_candidates(const std::string &given,
                                                      const std::filesystem::path &beside = library_folder());
/// Folders of bundles that the user names: in the engine's options, then in the environment.
std::vector<std::filesystem::path> named_bundle_folders(const std::string &given);
/// Those of the installation.
std::vector<std::filesystem::path>
installed_bundle_folders(const std::filesystem::path &beside = library_folder());

} // namespace mirra::host
