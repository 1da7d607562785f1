// Histograms of the scores of normal and anomalous pictures as a PNG.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct ScoreHistogram {
    std::string title;
    std::vector<double> normal, anomalous; ///< positive: their logarithm is what is counted
    std::optional<double> threshold;       ///< drawn as a line
};

/// A panel a histogram, `columns` beside each other.
/// @throws Error io | invalid_argument (no histogram, or one without scores)
void write_histograms(const std::filesystem::path &path, const std::string &x_label,
                      const std::vector<ScoreHistogram> &histograms, int columns);

} // namespace mirra::trainer
