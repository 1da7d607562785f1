// The memory of whole good pictures that the method "segmentation" has: what they look like to the network
// that has learned to mark defects.
#pragma once

#include "runtime/torch/libtorch.hpp"
#include "tasks/inverter.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace mirra::trainer {

struct PictureMemoryOptions {
    std::vector<std::int64_t> channels; ///< of the network
    std::int64_t extent = 256;          ///< of the pictures
    torch::Device device = torch::kCPU;
};

/// The features' mean and deviation over all places of all pictures, and the matrix that makes their
/// correlations, a tenth of which is left out, those of white noise: {codes, features}.
struct Whitening {
    std::vector<double> mean, deviation;
    torch::Tensor matrix;
    /// @param features  {N, D} of N places @returns {N, codes}
    [[nodiscard]] torch::Tensor of(const torch::Tensor &features) const;
};

/// @param features  {N, D}, N at least 2 @param most  codes
Whitening whitening_of(const torch::Tensor &features, std::int64_t most);

/// Gives the graph "segmenter" of the contents a memory of these pictures, each as it is and turned by half a
/// turn, with the network's weights of the contents.
/// @param pictures  8-bit RGB of extent x extent, at least one
/// @throws Error cancelled after Ctrl-C, under an InterruptGuard
void add_picture_memory(std::span<const std::vector<std::uint8_t>> pictures,
                        const PictureMemoryOptions &options, BundleContents &contents);

} // namespace mirra::trainer
