// Files that come along with mirra-train: recipes and bundles, wherever it is started from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// A recipe as people name it: a file, or a name such as "small/denoiser-fast", without folder and suffix,
/// among those that come along. Looked for in $MIRRA_DATA/recipes, then in ../share/mirra/recipes from the
/// program's folder, which in a build tree are the source's. What is nowhere is returned as it is.
std::filesystem::path find_recipe(const std::filesystem::path &named);

/// The same of a bundle, in $MIRRA_DATA/bundles, the folders of $MIRRA_BUNDLE_PATH and
/// ../share/mirra/bundles.
std::filesystem::path find_bundle(const std::filesystem::path &named);

/// Names that find_recipe() takes, in order.
std::vector<std::string> recipe_names();

} // namespace mirra::trainer
