// Measured quality into bundles' manifests.
#pragma once

#include "eval/denoising.hpp"

namespace mirra::trainer {

/// Of every bundle: replaces the manifest's quality rows of the same data and noise and, after fp32 on a
/// device that has bf16 in hardware, measures its loss: the largest drop of the mean PSNR over the rows. The
/// weights are rewritten unchanged.
/// @throws Error
void record_denoising(const DenoisingEvaluation &evaluation, const std::vector<DenoisingRow> &rows);

} // namespace mirra::trainer
