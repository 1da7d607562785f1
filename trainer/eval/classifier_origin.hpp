// What a classifier bundle says of the pictures that it was trained on.
#pragma once

#include "mirra/bundle.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirra::trainer {

struct ClassifierOrigin {
    std::int64_t extent = 0;          ///< height and width; 0 where the bundle does not say
    std::vector<std::string> classes; ///< names by label; empty where it does not say
};

/// @param file  named in errors
/// @throws Error corrupt when it says what cannot be
ClassifierOrigin classifier_origin(const bundle::Bundle &bundle, const std::string &file);

} // namespace mirra::trainer
