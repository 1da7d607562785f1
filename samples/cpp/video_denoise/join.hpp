// Packets of video files, by libavformat: counted, and put into one file without encoding them again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace video {

/// How many frames of video a file holds; 0 if it cannot be read.
std::int64_t count_frames(const std::filesystem::path &file);

/// One video of files that were written with the same settings, in their order. @throws Failure
void join(const std::vector<std::filesystem::path> &files, const std::filesystem::path &output);

} // namespace video
