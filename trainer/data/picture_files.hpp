// Finding picture files below a folder.
#pragma once

#include "mirra/image.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Files that are named as pictures are (.png, .jpg, .jpeg, .jpe, .jfif, in any case), or have no ending and
/// begin as pictures do, at any depth, sorted. Left out are those in folders of training runs and, with a
/// warning that names them, hidden files, links that lead nowhere and folders that cannot be read.
/// @param option  that names the folder, for messages
/// @throws Error not_found
std::vector<std::filesystem::path> find_pictures(const std::filesystem::path &folder,
                                                 const std::string &option = "--data");

/// Of the file's name and size.
std::uint64_t picture_fingerprint(const std::filesystem::path &path);

/// Without exceptions: what cannot be looked at is none.
bool is_folder(const std::filesystem::path &path);

/// Larger pictures are refused from now on. Called before any is read.
void limit_pictures(std::uint64_t max_pixels);

/// The picture of a file, within the limit. The only ways to pictures in the trainer are this and the next.
/// @param reduce_to  see image::DecodeOptions  @throws Error as image::read
image::Image read_picture(const std::filesystem::path &path, std::int64_t reduce_to = 0);

/// The picture of a file's bytes, within the limit. @throws Error as image::decode
image::Image decode_picture(std::span<const std::byte> bytes);

/// The picture of a file as three interleaved 8-bit channels. @throws Error as read_picture
image::Image read_rgb8(const std::filesystem::path &path, std::int64_t reduce_to = 0);

/// Any picture as three interleaved 8-bit channels.
image::Image to_rgb8(const image::Image &picture);

} // namespace mirra::trainer
