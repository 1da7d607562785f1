// The levels of a stylizer and the orders in which an evaluation applies them.
#pragma once

#include "mirra/bundle.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// What a stylizer is, from its manifest.
struct StylizerLevels {
    std::string own;               ///< the list that it applies by itself: "conv5,conv2,conv1"
    std::vector<std::string> taps; ///< of its encoder, from fine to coarse
};
/// @throws Error mismatch (no stylizer) | corrupt
StylizerLevels stylizer_levels(const bundle::Bundle &bundle, const std::filesystem::path &path);

/// Every list in every order, each once.
/// @param lists   such as "conv5:0.8,conv2", where a level may have a strength and a detail; "auto" is the
/// stylizer's own
/// @param orders  "coarse-to-fine" (the deepest tap first), "fine-to-coarse"; empty: as the lists have them
/// @throws Error invalid_argument (a level that the encoder has not, an unknown order)
std::vector<std::string> ordered_levels(const StylizerLevels &stylizer, const std::vector<std::string> &lists,
                                        const std::vector<std::string> &orders);

/// The names alone, "conv5,conv2,conv1", of levels that are all applied at full strength and without detail,
/// as in the paper; empty for others. A level without a detail has the one of the stylizer's own list.
std::string plain_levels(const StylizerLevels &stylizer, const std::string &levels);

} // namespace mirra::trainer
