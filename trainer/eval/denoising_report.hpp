// What an evaluation of denoisers prints and writes.
#pragma once

#include "eval/denoising.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

void print_denoising_header();
void print_denoising_row(const DenoisingRow &row);
/// The table as CSV, one line a row, the paper's figures beside.
std::string denoising_csv(const std::vector<DenoisingRow> &rows);

} // namespace mirra::trainer
