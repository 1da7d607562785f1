// The paper's own figures on denoising, to print beside ours.
#pragma once

#include "eval/paper_inversion.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mirra::trainer {

/// Table 10: Gaussian noise of sigma 50 (of 255), clipped to [0, 1], on all the pictures of a set.
/// @param data    name of the set's folder: cbsd68, kodak24 or mcmaster
/// @param count   pictures that were measured
/// @param robust  the paper's denoiser on robust features, else that on standard ones
std::optional<PaperFigure> paper_denoising(const std::string &data, std::int64_t count, bool robust);

} // namespace mirra::trainer
