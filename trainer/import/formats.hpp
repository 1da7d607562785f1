// One reader for each file format; see read_state_dict().
#pragma once

#include "state_dict.hpp"

#include "mirra/file_reader.hpp"

#include <filesystem>

namespace mirra::trainer::importer {

StateDict read_torch_zip(const FileReader &file);
StateDict read_torch_legacy(const FileReader &file);
StateDict read_safetensors(const std::filesystem::path &path);

} // namespace mirra::trainer::importer
