// What an evaluation of stylizers prints: the table, and the levels' names in it.
#pragma once

#include "eval/stylization.hpp"
#include "mirra/bundle.hpp"
#include "report/table.hpp"

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
/// @param lists   such as "conv5:0.8,conv2", where a level may have a strength, a detail and edges; "auto" is
/// the stylizer's own
/// @param orders  "coarse-to-fine" (the deepest tap first), "fine-to-coarse"; empty: as the lists have them
/// @throws Error invalid_argument (a level that the encoder has not, an unknown order)
std::vector<std::string> ordered_levels(const StylizerLevels &stylizer, const std::vector<std::string> &lists,
                                        const std::vector<std::string> &orders);

/// The names alone, "conv5,conv2,conv1", of levels that are all applied at full strength and without detail
/// and edges, as in the paper; empty for others. A level without them has those of the stylizer's own list.
std::string plain_levels(const StylizerLevels &stylizer, const std::string &levels);

/// Means with their standard errors, those of each layer in CSV alone; the paper's figures stand beside where
/// they are of the same setting.
Table stylization_table(const StylizationEvaluation &evaluation, const StylizationResult &result);
/// Every row with the first, pair by pair.
std::string comparison_lines(const StylizationResult &result);
/// What the paper compares with, for below the table.
std::string universal_line();

} // namespace mirra::trainer
