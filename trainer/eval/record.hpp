// Measured quality into a bundle's manifest.
#pragma once

#include "eval/denoising.hpp"

namespace mirra::trainer {

/// Replaces the manifest's quality rows of the same data, sigma and clipping, and measures the loss of bf16:
/// the largest drop of the mean PSNR against fp32 over the rows. The weights are rewritten unchanged.
/// @throws Error
void record_denoising(const DenoisingEvaluation &evaluation, const std::vector<DenoisingRow> &rows);

} // namespace mirra::trainer
