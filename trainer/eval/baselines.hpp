// Denoisers of other libraries, for comparison.
#pragma once

#include "eval/float_picture.hpp"

namespace mirra::trainer {

/// OpenCV's fastNlMeansDenoisingColored with a template of 7, a search window of 21 and both strengths at
/// factor * sigma. Works on 8 bits, as it does in practice.
/// @param sigma of 255
FloatPicture non_local_means(const FloatPicture &noisy, double sigma, double factor);

} // namespace mirra::trainer
