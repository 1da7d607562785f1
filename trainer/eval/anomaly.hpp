// mirra-train eval anomaly: how well anomaly detectors tell normal pictures from others (Tables 8 and A3).
#pragma once

#include "eval/anomaly_results.hpp"
#include "eval/evaluation.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// A line for people: the encoder's data and classes, and whether they are those that are evaluated.
/// @param data     as on the command line
/// @param classes  of the evaluated pictures
std::string origin_line(const std::string &name, const EncoderOrigin &origin, const std::string &data,
                        const std::vector<std::string> &classes);

struct AnomalyEvaluation {
    std::string protocol = "one-vs-all"; ///< one-vs-all | parts | defects
    std::string data; ///< one-vs-all: cifar10:DIR or a folder of classes; defects: good pictures
    std::vector<std::filesystem::path> encoders; ///< one-vs-all
    std::filesystem::path recipe;                ///< of its trainings
    std::optional<std::int64_t> steps;           ///< overrides the recipe
    std::optional<double> standard_pixel_weight; ///< of the score, for encoders without adversarial training
    std::int64_t train_count = 0;                ///< pictures of a class to train on at most; 0: all
    std::vector<std::string> classes;            ///< that are normal in turn; empty: all

    std::filesystem::path bundle;    ///< parts, defects: a finished detector
    std::filesystem::path good, bad; ///< parts
    std::filesystem::path masks;     ///< parts: where the defects of the bad ones are; may be empty

    std::vector<std::string> methods; ///< empty: all that the detector has
    std::int64_t count = 0; ///< one-vs-all: pictures a class; parts: of either kind; defects: good ones
    ScoringSettings scoring;
    std::filesystem::path csv, plot, histogram, sheet; ///< written if not empty
    std::size_t sheet_count = 8; ///< pictures a row of the hardest, or of a kind of defect
};

/// Returns the process's exit status: 1 when pictures had to be skipped, 130 after Ctrl-C. @throws Error
int evaluate_anomaly(const AnomalyEvaluation &evaluation);

struct OneVsAllResult {
    std::vector<std::string> classes; ///< of the data
    std::vector<AnomalyMeasurement> measurements;
    std::vector<std::string> skipped; ///< "name: reason" of every picture that could not be read
};

/// Trains the detectors that are not there yet and measures all.
/// @param finished  called with every measurement as soon as it is made, and the data's classes
/// @throws Interrupted after Ctrl-C; what is finished is kept | Error
OneVsAllResult
one_vs_all(const AnomalyEvaluation &evaluation,
           const std::function<void(const AnomalyMeasurement &, const std::vector<std::string> &)> &finished);

} // namespace mirra::trainer
