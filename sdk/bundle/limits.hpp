// Limits that a tensor file must keep, far above what a real one needs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mirra::bundle {

struct Limits {
    static constexpr std::uint64_t kHeaderBytes = 16u << 20;
    static constexpr int kHeaderDepth = 8;
    static constexpr std::size_t kHeaderValues = 1u << 20; ///< 14 for each tensor, and metadata
    static constexpr std::size_t kTensors = 65536;
    static constexpr std::size_t kRank = 8;
    static constexpr std::size_t kNameLength = 200;
    static constexpr std::uint64_t kExtent = std::uint64_t{1} << 40;

    static constexpr int kManifestDepth = 32;
    static constexpr std::size_t kManifestValues = 2u << 20;
    static constexpr std::size_t kGraphs = 64;
    static constexpr std::size_t kNodes = 16384;          ///< of all graphs together
    static constexpr std::size_t kTextLength = 64u << 10; ///< task, name, architecture, licence
    static constexpr std::size_t kMembers = 4096; ///< of one object in defaults, provenance and quality
    static constexpr std::size_t kDefaultsBytes = 64u << 10;  ///< as compact JSON
    static constexpr std::size_t kProvenanceBytes = 1u << 20; ///< the same, and for quality
};

} // namespace mirra::bundle
