// Files that come along with mirra-train: recipes, bundles and modules, wherever it is started from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// A recipe as people name it: a file, or a name such as "small/denoiser-fast", without folder and suffix,
/// among those that come along. Looked for in $MIRRA_DATA/recipes, then in mirra/recipes of the folder of
/// data that the program is installed with; in a build tree they are the source's. What is nowhere is
/// returned as it is.
std::filesystem::path find_recipe(const std::filesystem::path &named);

/// The same of a bundle, in $MIRRA_DATA/bundles, the folders of $MIRRA_BUNDLE_PATH and mirra/bundles.
std::filesystem::path find_bundle(const std::filesystem::path &named);

/// Where the runtime module and plugins/ are: as installed, then as in a build tree.
std::vector<std::filesystem::path> module_folders();

/// The folders mirra/ of a program.
/// @param installed, built  from the program's folder: where an installed tree and a build tree have them
std::vector<std::filesystem::path> folders_beside(const std::filesystem::path &program,
                                                  const std::filesystem::path &installed,
                                                  const std::filesystem::path &built);

/// Names that find_recipe() takes, in order.
std::vector<std::string> recipe_names();

} // namespace mirra::trainer
