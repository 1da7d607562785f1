// The memory of whole good pictures that the method "segmentation" has: what they look like to the network
// that has learned to mark defects.
#pragma once

#include "data/picture_set.hpp"
#include "runtime/torch/libtorch.hpp"
#include "tasks/inverter.hpp"

#include <cstdint>
#include <vector>

namespace mirra::trainer {

/// Whitens features: less `mean`, divided by `deviation`, times `matrix` {codes, features}. Their correlation
/// matrix is mixed with a tenth of the identity first, so that weak directions are not blown up.
struct Whitening {
    std::vector<double> mean, deviation;
    torch::Tensor matrix;
    /// @param features  {N, D} of N places @returns {N, codes}
    [[nodiscard]] torch::Tensor of(const torch::Tensor &features) const;
};

/// @param features  {N, D}, N at least 2 @param most  codes
Whitening whitening_of(const torch::Tensor &features, std::int64_t most);

struct PictureMemoryOptions {
    std::vector<std::int64_t> channels; ///< of the network
    std::int64_t extent = 256;          ///< of the pictures
    std::int64_t most = 500;            ///< pictures, evenly spaced over the set
    torch::Device device = torch::kCPU;
};

/// Gives the graph "segmenter" of the contents a memory of these pictures, each as it is and turned by half a
/// turn, by the network's weights of the contents. Pictures that cannot be read are left out.
/// @throws Error corrupt (none of them can be read) | cancelled after Ctrl-C, under an InterruptGuard
void add_picture_memory(const PictureSet &pictures, const PictureMemoryOptions &options,
                        BundleContents &contents);

} // namespace mirra::trainer
