// Short texts that many write: lists, fingerprints, dates, names.
#pragma once

#include "mirra/printable.hpp"

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

/// "cat, dog"
inline std::string joined(const std::vector<std::string> &parts) {
    std::string out;
    for (const auto &part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
}

/// Sixteen digits.
inline std::string hex(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
}

/// Manifest::name of a bundle that is written there. A file's name need not be UTF-8, a manifest is.
inline std::string bundle_name(const std::filesystem::path &output) {
    return printable(output.stem().string());
}

/// The time now, "2001-02-03T04:05:06Z" (ISO 8601); its first ten characters are the date.
inline std::string utc_now() {
    const auto now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

} // namespace mirra::trainer
