// Fingerprints as text.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace mirra::trainer {

/// Sixteen digits.
inline std::string hex(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
}

} // namespace mirra::trainer
