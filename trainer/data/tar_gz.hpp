// Reading packed folders (.tar.gz) into memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct TarMember {
    std::string name;
    std::vector<std::byte> bytes;
};

/// All regular files of an archive, in its order. @throws Error corrupt | limit (above 8 GiB)
std::vector<TarMember> read_tar_gz(const std::filesystem::path &path);

} // namespace mirra::trainer
