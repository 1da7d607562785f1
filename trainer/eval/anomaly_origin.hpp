// What the encoder of an anomaly detector has seen, so that no class label leaks unnoticed.
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
EncoderOrigin encoder_origin(const bundle::Manifest &manifest);

/// A line for people: the encoder's data and classes, and whether they are those that are evaluated.
/// @param data     as on the command line
/// @param classes  of the evaluated pictures
std::string origin_line(const std::string &name, const EncoderOrigin &origin, const std::string &data,
                        const std::vector<std::string> &classes);

} // namespace mirra::trainer
