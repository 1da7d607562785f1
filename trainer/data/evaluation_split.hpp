// Which pictures of a source an evaluation takes.
#pragma once

#include "data/picture_store.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// DIR/val, else DIR/test; empty where there is neither.
std::filesystem::path test_folder(const std::filesystem::path &folder);

/// Split::test where a source has one of its own, else Split::train: the folders as they are. Warns of
/// sources that are left out because others have a split for tests and they have not.
Split evaluation_split(const std::vector<std::string> &sources);

} // namespace mirra::trainer
