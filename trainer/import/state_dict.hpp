// Named tensors of a checkpoint, found but not read yet, and what their names tell.
#pragma once

#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

/// Removes `prefix`. @returns whether the key began with it
bool strip(std::string &key, std::string_view prefix);

/// Removes what DataParallel, robustness, torch.compile and friends put in front of a network's own names.
void strip_wrappers(std::string &key);

/// Normalisation constants, the attacker's copy of the network and counters: not weights.
bool is_bookkeeping(const std::string &key);

/// Whether a tensor's name is that of a normalisation layer's constants.
bool is_normalisation(std::string_view key);

/// The constants with which the networks of these files normalise pixels, if they say so.
/// @throws Error mismatch when a constant is missing or misshapen, or two layers differ
std::optional<graph::Normalisation> find_normalisation(std::span<const StateDict> files);

/// The transform that these are the constants of.
/// @throws Error mismatch, with the values, when there is none
graph::InputTransform transform_of(const graph::Normalisation &constants);

} // namespace mirra::trainer::importer
