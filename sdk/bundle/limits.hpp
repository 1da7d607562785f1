// Limits that a tensor file must keep, far above what a real one needs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mirra::bundle {

struct Limits {
    static constexpr std::uint64_t kHeaderBytes = 16u << 20;
    static constexpr int kHeaderDepth = 8;
    static constexpr int kManifestDepth = 32;
    static constexpr std::size_t kTensors = 65536;
    static constexpr std::size_t kGraphs = 64;
    static constexpr std::size_t kRank = 8;
    static constexpr std::size_t kNameLength = 200;
    static constexpr std::uint64_t kExtent = std::uint64_t{1} << 40;
};

} // namespace mirra::bundle
