// Finding picture files below a folder.
#pragma once

#include "mirra/image.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Files named .png, .jpg or .jpeg (in any case) at any depth, sorted; those in folders of training runs are
/// left out.
/// @param option  that names the folder, for messages
/// @throws Error not_found
std::vector<std::filesystem::path> find_pictures(const std::filesystem::path &folder,
                                                 const std::string &option = "--data");

/// Of the file's name and size.
std::uint64_t picture_fingerprint(const std::filesystem::path &path);

/// Any picture as three interleaved 8-bit channels.
image::Image to_rgb8(const image::Image &picture);

} // namespace mirra::trainer
