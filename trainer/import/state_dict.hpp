// Named tensors of a checkpoint, found but not read yet.
#pragma once

#include "mirra/bundle.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mirra::trainer::importer {

struct SourceTensor {
    std::string file; ///< where it comes from, for errors
    bundle::DType dtype = bundle::DType::f32;
    graph::Shape shape;
    std::string problem; ///< why it is not a usable tensor; empty if it is one
    /// The values in row-major order. Keeps the file open. @throws Error corrupt | io
    std::function<std::vector<float>()> read;
};

using StateDict = std::map<std::string, SourceTensor>;

/// The tensors of a torch.save file (zip or the format before 1.6) or of a safetensors file, told apart by
/// content. Of a training checkpoint it is the entry `model` or `state_dict`. Nested dictionaries are joined
/// with dots.
/// @throws Error not_found | io | corrupt | limit | unsupported
StateDict read_state_dict(const std::filesystem::path &path);

} // namespace mirra::trainer::importer
