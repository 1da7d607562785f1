// What an evaluation of inverters prints and writes.
#pragma once

#include "eval/inversion.hpp"
#include "eval/paper_inversion.hpp"

#include <functional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// The paper's figure that belongs beside a row, if there is one.
using PaperLookup = std::function<std::optional<PaperFigure>(const InversionRow &)>;

void print_inversion_header();
void print_inversion_row(const InversionRow &row, const PaperLookup &paper);
/// The table as CSV, one line a row, the paper's figures beside.
std::string inversion_csv(const std::vector<InversionRow> &rows, const PaperLookup &paper);

/// Puts the rows of each bundle into its manifest, in the place of older ones of the same
/// measurement. @throws Error io
void record_inversion(const InversionEvaluation &evaluation, const InversionResult &result);

} // namespace mirra::trainer
