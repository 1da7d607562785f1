// What a denoising evaluation compares: bundles and other libraries' denoisers.
#pragma once

#include "eval/denoising.hpp"
#include "eval/float_picture.hpp"

#include <functional>

namespace mirra::trainer {

/// What the pictures are without any denoiser.
inline constexpr const char *kNoisyMethod = "noisy";

struct DenoisingMethod {
    std::string name;
    std::filesystem::path bundle; ///< empty: no bundle
    bool standard = false;        ///< a bundle whose encoder was trained without an adversary
    /// @param deviation  of the noise, in units of 1: for those that have to be told it
    std::function<FloatPicture(const FloatPicture &noisy, double deviation)> run;
};

/// The noisy pictures themselves, the bundles, and OpenCV's non-local means if asked for. They keep what they
/// need of the bundles alive; `evaluation` must outlive them. @throws Error not_found | as Module::compile
std::vector<DenoisingMethod> denoising_methods(const DenoisingEvaluation &evaluation);

} // namespace mirra::trainer
