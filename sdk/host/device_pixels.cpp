// Tiles between a caller's image and a GPU in the image's own samples.
#include "device_pixels.hpp"

#include "runtime/cuda/described_image.hpp"
#include "runtime/cuda/gpu_runtime.hpp"

namespace mirra::host {
namespace {

using cuda::described;

mirra_cuda_tile described(const runtime::Rect &rect, int channels, bool with_alpha, image::Range range) {
    mirra_cuda_tile tile{};
    tile.x = rect.x;
    tile.y = rect.y;
    tile.width = static_cast<std::int32_t>(rect.width);
    tile.height = static_cast<std::int32_t>(rect.height);
    tile.channels = channels;
    tile.with_alpha = with_alpha ? 1 : 0;
    tile.unbounded = range == image::Range::unbounded ? 1 : 0;
    return tile;
}

} // namespace

runtime::TensorPtr upload_tile(const DevicePixels &pixels, const SeenImage &source, const runtime::Rect &rect,
                               int channels, bool with_alpha, const std::string &device) {
    if (pixels.empty() || source.source != nullptr || source.fill != nullptr) return nullptr;
    return pixels.gpu->upload(*pixels.kernels, described(source.view),
                              described(rect, channels, with_alpha, source.range), device);
}

bool download_tile(const DevicePixels &pixels, const runtime::DeviceTensor &tensor, const GivenPixels &given,
                   const runtime::Rect &kept, const image::ImageView &piece) {
    if (pixels.empty() || piece.has_alpha()) return false;
    mirra_cuda_tile tile = described(given.shown, given.channels, given.with_alpha, given.range);
    tile.x -= kept.x;
    tile.y -= kept.y;
    pixels.gpu->download(*pixels.kernels, tensor, tile, described(piece));
    return true;
}

} // namespace mirra::host
