// What an encoder was trained on, and how, as far as its manifest says.
#pragma once

#include "mirra/bundle.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct EncoderOrigin {
    std::vector<std::string> data, classes; ///< empty where the manifest does not say
    std::string norm;
    std::optional<double> epsilon; ///< 0: standard training; none: not known
};

/// Of the manifest of an encoder, or of a bundle that was trained upon one, whose own data it does not tell.
EncoderOrigin encoder_origin(const bundle::Manifest &manifest);

} // namespace mirra::trainer
