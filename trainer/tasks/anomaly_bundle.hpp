// What a finished training of an anomaly detector leaves: a bundle of the task "detect", calibrated.
#pragma once

#include "tasks/anomaly_pictures.hpp"
#include "tasks/inverter_bundle.hpp"

#include <filesystem>
#include <string>

namespace mirra::trainer {

struct AnomalyTraining {
    const AnomalyCommand &command;
    const AnomalyRecipe &settings;
    const AnomalyPictures &pictures;
    std::string calibration = {}; ///< fingerprint of all that memory and calibration depend on but training
};

/// Adds the memory, scores the held-out pictures with a bundle that is not calibrated yet, in the run's
/// folder, and writes the calibrated one. Prints a line a method.
/// @throws Error cancelled after Ctrl-C, else as the parts
void write_anomaly_bundle(const AnomalyTraining &training, const InverterBundle &trained);

/// AnomalyTraining::calibration of a bundle; "" where it does not say or cannot be read.
std::string calibration_fingerprint_of(const std::filesystem::path &bundle);

} // namespace mirra::trainer
