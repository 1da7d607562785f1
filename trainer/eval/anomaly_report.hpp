// What an evaluation of anomaly detectors prints and writes as tables.
#pragma once

#include "eval/anomaly_defects.hpp"
#include "eval/anomaly_measurement.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

void print_one_vs_all_header();
/// @param classes  of the data, by which the paper's figure is found
void print_one_vs_all_row(const AnomalyMeasurement &measurement, const std::vector<std::string> &classes);
/// The means of the classes, model by model and method by method.
void print_one_vs_all_means(const std::vector<AnomalyMeasurement> &measurements,
                            const std::vector<std::string> &classes);
std::string one_vs_all_csv(const std::vector<AnomalyMeasurement> &measurements,
                           const std::vector<std::string> &classes);

void print_parts_header();
void print_parts_row(const AnomalyMeasurement &measurement);
std::string parts_csv(const std::vector<AnomalyMeasurement> &measurements);

void print_defects(const std::vector<DefectRow> &rows);
std::string defects_csv(const std::vector<DefectRow> &rows);

} // namespace mirra::trainer
