// Refusing what an evaluation could not write in the end.
#pragma once

#include <filesystem>
#include <vector>

namespace mirra::trainer {

/// Fails before the work if a table or a picture could not be written; an empty path is none.
/// @throws Error as check_writable() and image::check_write()
void require_writable(const std::vector<std::filesystem::path> &tables,
                      const std::vector<std::filesystem::path> &pictures);

} // namespace mirra::trainer
