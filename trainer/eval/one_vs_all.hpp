// One class against the others (Tables 8 and A3): a detector for every encoder and class.
#pragma once

#include "eval/anomaly_command.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mirra::trainer {

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
