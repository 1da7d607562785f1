// What the golden tests share: numbers that are functions of a name and a place, as `values` of
// tests/integration/make_golden.py, so that the files of results hold no inputs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mirra::test {

/// FNV-1a.
inline std::uint64_t hash_name(const std::string &name) {
    std::uint64_t value = 0xcbf29ce484222325u;
    for (const unsigned char byte : name) value = (value ^ byte) * 0x100000001b3u;
    return value;
}

inline std::vector<float> values(const std::string &name, std::int64_t count, double low, double high) {
    std::vector<float> out;
    for (std::int64_t i = 1; i <= count; ++i) {
        auto x = hash_name(name) + static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15u;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        x = x ^ (x >> 31);
        out.push_back(static_cast<float>(low + (high - low) * (static_cast<double>(x >> 40) * 0x1.0p-24)));
    }
    return out;
}

} // namespace mirra::test
