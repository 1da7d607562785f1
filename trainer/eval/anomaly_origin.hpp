// Whether the encoder of an anomaly detector has seen what is evaluated, so that no class label leaks
// unnoticed.
#pragma once

#include "eval/encoder_origin.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

/// A line for people: the encoder's data and classes, and whether they are those that are evaluated.
/// @param data     as on the command line
/// @param classes  of the evaluated pictures
std::string origin_line(const std::string &name, const EncoderOrigin &origin, const std::string &data,
                        const std::vector<std::string> &classes);

} // namespace mirra::trainer
