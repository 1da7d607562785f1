// The paper's own figures on stylization (Table 9), to print beside ours.
#pragma once

#include <optional>
#include <string>

namespace mirra::trainer {

struct PaperStylization {
    double gram; ///< over VGG-19's layers: comparable with that column alone
    double ssim;
};

/// Three levels of AlexNet at full strength.
/// @param architecture  of the bundle's manifest
/// @param robust        the encoder's training
/// @param levels        plain_levels(), in either order
std::optional<PaperStylization> paper_stylization(const std::string &architecture, bool robust,
                                                  const std::string &levels);

/// Universal style transfer (Li et al. 2017): VGG-19, five levels, blending.
inline constexpr PaperStylization kPaperUniversal{.gram = 1.223, .ssim = 0.459};

} // namespace mirra::trainer
