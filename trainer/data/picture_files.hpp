// Picture files below a folder, their common form, and bringing them to size.
#pragma once

#include "mirra/image.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Whether a file is named as pictures are (.png, .jpg, .jpeg, .jpe, .jfif, in any case).
bool has_picture_ending(const std::filesystem::path &path);

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

/// An RGB picture with 8 bits whose shorter side is at most `side` (area average); itself when it is short
/// enough or side is 0.
image::Image reduce_short_side(image::Image picture, std::int64_t side);

/// An RGB picture with 8 bits at extent x extent, the aspect not kept, by the filter that hosts bring it to
/// size with.
image::Image squared(const image::Image &picture, std::int64_t extent);

/// A rectangle of an RGB picture with 8 bits, scaled to extent x extent into `out` (extent x extent x 3
/// bytes): area average where it shrinks, bilinear where it grows. The rectangle lies inside of the picture.
void resample(const image::Image &picture, const image::Rect &rect, std::int64_t extent, std::uint8_t *out);

} // namespace mirra::trainer
