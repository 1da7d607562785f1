// Names of classes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mirra::trainer {

/// The label of the class of that name.
/// @param option  that named it, for the error
/// @throws Error invalid_argument, the hint lists the classes
std::int32_t label_of(const std::vector<std::string> &classes, const std::string &name,
                      const std::string &option);

} // namespace mirra::trainer
