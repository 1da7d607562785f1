// How an anomaly detector's bundle is made of what has been trained.
#pragma once

#include "tasks/anomaly.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// What has been trained; null: not made.
struct Trained {
    const bundle::Bundle *encoder = nullptr;
    const InverterBundle *generator = nullptr;
    SegmentationTraining *segmentation = nullptr;
    TrainingFacts facts = {}; ///< without a generator
};

/// The taps of the encoder that the memory of features is of.
std::vector<std::string> memory_layers(const graph::Graph &encoder, const AnomalyRecipe &settings);

/// AnomalyTraining::calibration of a bundle; "" where it does not say or cannot be read.
std::string calibration_fingerprint_of(const std::filesystem::path &bundle);

/// Adds the memories, scores the held-out pictures with a bundle that is not calibrated yet, in the run's
/// folder, and writes the calibrated one. Prints a line a method.
/// @throws Error cancelled after Ctrl-C, else as the parts
void write_anomaly_bundle(const AnomalyTraining &training, const Trained &trained);

} // namespace mirra::trainer
