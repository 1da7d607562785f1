// What hosts may offer for a text parameter, given the session's bundle.
#pragma once

#include "mirra/mirra_plugin.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace common {

/// Proposes the standard and `choices`, names out of the bundle.
inline void propose(const mirra::plugin::Host &host, const char *name, const char *standard,
                    const std::vector<std::string> &choices) {
    std::vector<const char *> texts{standard};
    for (const std::string &choice : choices)
        if (!choice.empty() && choice != standard) texts.push_back(choice.c_str());
    mirra_param_info info = mirra::plugin::text(name, nullptr, nullptr, standard);
    info.choices = texts.data();
    info.choice_count = static_cast<std::uint32_t>(texts.size());
    host.describe_param(info);
}

} // namespace common
