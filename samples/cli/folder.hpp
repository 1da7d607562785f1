// The pictures of a folder, and what else lies there.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::cli {

/// Something in an input folder that is not taken, and why.
struct Skipped {
    std::string file;
    std::string reason;
};

struct FolderContent {
    std::vector<std::filesystem::path> pictures; ///< sorted
    std::vector<Skipped> skipped;
    std::string unreadable; ///< why the folder itself cannot be read to its end; "" if it can
};

/// Files whose names end as those of pictures do, and files without an ending that begin as pictures do.
/// Hidden files, links that lead nowhere and folders that cannot be read are skipped. `results` is the folder
/// of the outputs: nothing in it is an input, unless it is `folder` itself; "" for none.
FolderContent read_folder(const std::filesystem::path &folder, bool recursive,
                          const std::filesystem::path &results);

} // namespace mirra::cli
