// The values of a parameter that are worth a try.
#pragma once

#include "../handles.hpp"

#include <string>
#include <vector>

namespace mirra::cli::conformance {

/// A parameter and a value for it.
struct Setting {
    std::string name;
    api::Value value;

    /// "parameter 'gain' = 8"
    [[nodiscard]] std::string text() const;
};

/// The ends of its range and all of its choices. None for texts and files, and for all but the first of a
/// series.
std::vector<Setting> settings_of(const mirra_param_info &param);

} // namespace mirra::cli::conformance
