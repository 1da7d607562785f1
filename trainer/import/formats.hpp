// One reader for each file format; see read_state_dict().
#pragma once

#include "state_dict.hpp"

#include "mirra/file.hpp"

#include <memory>

namespace mirra::trainer::importer {

StateDict read_torch_zip(std::shared_ptr<const MappedFile> file, const std::string &name);
StateDict read_torch_legacy(std::shared_ptr<const MappedFile> file, const std::string &name);
StateDict read_safetensors(const std::filesystem::path &path);

} // namespace mirra::trainer::importer
