// The checks.
#include "eval/outputs.hpp"

#include "mirra/file.hpp"
#include "mirra/picture_file.hpp"

namespace mirra::trainer {

void require_writable(const std::vector<std::filesystem::path> &tables,
                      const std::vector<std::filesystem::path> &pictures) {
    for (const auto &path : tables)
        if (!path.empty()) check_writable(path);
    for (const auto &path : pictures)
        if (!path.empty()) image::check_write(path, 0, 0);
}

} // namespace mirra::trainer
