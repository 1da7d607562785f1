// torchvision's ImageNet networks as encoders: features of full-size pictures, without the classifier's head.
#pragma once

#include "recipes.hpp"

#include <span>

namespace mirra::trainer::importer {

std::span<const Recipe> torchvision_recipes();

} // namespace mirra::trainer::importer
