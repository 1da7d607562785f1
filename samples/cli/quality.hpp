// Bundles of one task that trade time for quality.
#pragma once

#include "handles.hpp"

#include <string>
#include <vector>

namespace mirra::cli {

/// "fast", "balanced", "best".
const std::vector<std::string> &quality_names();

/// File name of the bundle of a quality: of a task whose default bundle is NAME.mirra, "balanced" is that
/// bundle, and any other quality Q is NAME-Q.mirra.
std::string quality_bundle(const std::string &default_bundle, const std::string &quality);

/// The same, of a bundle that is there. Throws Failure (setup), which names the qualities that are.
std::string find_quality(const Engine &engine, const std::string &default_bundle, const std::string &quality);

} // namespace mirra::cli
