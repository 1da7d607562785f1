// Training curves as a picture.
#pragma once

#include "core/run_log.hpp"

#include <filesystem>
#include <string>

namespace mirra::trainer {

/// One panel a column of the log, over steps, as a PNG. @throws Error io
void draw_curves(const std::filesystem::path &path, const std::string &title, const RunLog &log);

} // namespace mirra::trainer
