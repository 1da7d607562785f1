// Tiles between a caller's image and a GPU in the image's own samples, where the kernels for GPUs are there.
#pragma once

#include "pixels.hpp"

struct mirra_cuda_kernels;
namespace mirra::runtime {
class GpuRuntime;
}

namespace mirra::host {

/// What converts pixels on a session's device. Empty: the processor converts them.
struct DevicePixels {
    runtime::GpuRuntime *gpu = nullptr; ///< the runtime module's own
    const mirra_cuda_kernels *kernels = nullptr;
    [[nodiscard]] bool empty() const { return gpu == nullptr || kernels == nullptr; }
};

/// As load_tile() and upload. Null where only the processor can do it: of pictures in pieces, and of those
/// with hidden colours.
/// @param channels  alpha included
runtime::TensorPtr upload_tile(const DevicePixels &pixels, const SeenImage &source, const runtime::Rect &rect,
                               int channels, bool with_alpha, const std::string &device);

/// As download and store_pixels(). Returns whether it was done: not for pictures with alpha.
/// @param given  without values
bool download_tile(const DevicePixels &pixels, const runtime::DeviceTensor &tensor, const GivenPixels &given,
                   const runtime::Rect &kept, const image::ImageView &piece);

} // namespace mirra::host
