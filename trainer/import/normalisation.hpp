// What a network does to pixels first: as the user says, else as the checkpoint says, else as is usual.
#pragma once

#include "recipes.hpp"
#include "state_dict.hpp"

namespace mirra::trainer::importer {

/// Whether a tensor's name is that of a normalisation layer's constants.
bool is_normalisation(std::string_view key);

/// The constants with which the networks of these files normalise pixels, if they say so.
/// @throws Error mismatch when a constant is missing or misshapen, or two layers differ
std::optional<graph::Normalisation> find_normalisation(std::span<const StateDict> files);

/// The transform that these are the constants of.
/// @throws Error mismatch, with the values, when there is none
graph::InputTransform transform_of(const graph::Normalisation &constants);

} // namespace mirra::trainer::importer
