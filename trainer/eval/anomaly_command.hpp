// mirra-train eval anomaly: how well anomaly detectors tell normal pictures from others.
#pragma once

#include "eval/detector.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct AnomalyEvaluation {
    std::string protocol = "one-vs-all"; ///< one-vs-all | parts | defects
    std::string data; ///< one-vs-all: cifar10:DIR or a folder of classes; defects: good pictures
    std::vector<std::filesystem::path> encoders; ///< one-vs-all
    std::filesystem::path recipe;                ///< of its trainings
    std::optional<std::int64_t> steps;           ///< overrides the recipe
    std::int64_t train_count = 0;                ///< pictures of a class to train on at most; 0: all
    std::vector<std::string> classes;            ///< that are normal in turn; empty: all

    std::filesystem::path bundle;    ///< parts, defects: a finished detector
    std::filesystem::path good, bad; ///< parts

    std::vector<std::string> methods; ///< empty: all that the detector has
    std::int64_t count = 0; ///< one-vs-all: pictures a class; parts: of either kind; defects: good ones
    ScoringSettings scoring;
    std::filesystem::path csv, plot, histogram, sheet; ///< written if not empty
    std::size_t sheet_count = 8; ///< pictures a row of the hardest, or of a kind of defect
};

/// Returns the process's exit status: 1 when pictures had to be skipped, 130 after Ctrl-C. @throws Error
int evaluate_anomaly(const AnomalyEvaluation &evaluation);

/// Adds `anomaly`; `status` gets the exit status.
void add_anomaly_evaluation(CLI::App &eval, int &status);

} // namespace mirra::trainer
