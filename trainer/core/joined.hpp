// Lists in messages.
#pragma once

#include <string>
#include <vector>

namespace mirra::trainer {

/// "cat, dog"
inline std::string joined(const std::vector<std::string> &parts) {
    std::string out;
    for (const auto &part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
}

} // namespace mirra::trainer
