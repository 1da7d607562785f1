// mirra-train eval comparison: generators against optimisation over pixels, on the same features (Table 7).
#pragma once

#include "losses/comparator.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct RepresentationInversion {
    int iterations = 500;
    /// L2 length of the first step, on pixels in [0, 1] at 224 px; it grows with the extent and falls
    /// linearly to a tenth.
    double step = 1;
    std::uint64_t seed = 0; ///< of the noise that the search starts from
};

struct InvertedPictures {
    torch::Tensor pictures; ///< [N, 3, extent, extent] in [0, 1]
    /// Per iteration: |features - wanted| / |wanted| of a picture, mean over the pictures; before its step.
    std::vector<double> distances;
};

/// Steps along the normalised gradient of each picture's relative feature distance, clipped to [0, 1].
/// Pictures are independent of each other. @param wanted  features [N, ...]
InvertedPictures invert_by_optimisation(Comparator &network, const torch::Tensor &wanted, std::int64_t extent,
                                        const RepresentationInversion &options);

struct Comparison {
    std::vector<std::filesystem::path>
        bundles; ///< inverters of one encoder; the first's features are searched
    std::vector<std::string> data;
    std::int64_t extent = 0; ///< 0: that of the first bundle's training
    std::int64_t count = 50, batch = 25;
    int iterations = 500;
    double step = 1;
    std::uint64_t seed = 16;
    std::string device = "cpu";
    int threads = 0;
    std::filesystem::path csv, sheet, plot; ///< plot: the feature distance over the iterations
};

} // namespace mirra::trainer
