// Checkpoints: every tensor that training changes, in a safetensors file, written atomically.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace mirra::trainer {

struct CheckpointInfo {
    std::int64_t step = 0;
    std::string fingerprint; ///< of recipe, seed and data; a checkpoint of another run is refused
};

/// Writes nothing unless every value is finite, so that the last good checkpoint stays.
/// @throws Error io | internal (the training diverged; the subject is the tensor)
void save_checkpoint(const std::filesystem::path &path, const std::map<std::string, torch::Tensor> &state,
                     const CheckpointInfo &info);

/// Copies the file's values into `state` in place. Empty when there is no such file.
/// @throws Error corrupt (values that are not finite included) | mismatch (another run's checkpoint; the hint
/// says what to do)
std::optional<CheckpointInfo> load_checkpoint(const std::filesystem::path &path,
                                              const std::map<std::string, torch::Tensor> &state,
                                              const std::string &fingerprint);

} // namespace mirra::trainer
