// Short texts that many write and read: lists, numbers, fingerprints, dates, names.
#pragma once

#include "mirra/printable.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mirra::trainer {

/// "cat, dog"
inline std::string joined(const std::vector<std::string> &parts) {
    std::string out;
    for (const auto &part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
}

/// Without spaces and tabs around it.
inline std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The finite decimal number that is the whole text, with one sign at most.
template<class Number> std::optional<Number> number_of(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    Number value{};
    const auto *end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    if (code != std::errc() || stop != end) return std::nullopt;
    if constexpr (std::is_floating_point_v<Number>)
        if (!std::isfinite(value)) return std::nullopt;
    return value;
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
