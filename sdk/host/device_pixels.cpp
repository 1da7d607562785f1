// Tiles between a caller's image and a GPU in the image's own samples.
#include "device_pixels.hpp"

namespace mirra::host {
namespace {

static_assert(static_cast<int>(image::SampleType::u8) == MIRRA_CUDA_U8 &&
              static_cast<int>(image::SampleType::u16) == MIRRA_CUDA_U16 &&
              static_cast<int>(image::SampleType::u16_swapped) == MIRRA_CUDA_U16_SWAPPED &&
              static_cast<int>(image::SampleType::f16) == MIRRA_CUDA_F16 &&
              static_cast<int>(image::SampleType::f32) == MIRRA_CUDA_F32);
static_assert(static_cast<int>(image::AlphaMode::none) == MIRRA_CUDA_OPAQUE &&
              static_cast<int>(image::AlphaMode::straight) == MIRRA_CUDA_STRAIGHT &&
              static_cast<int>(image::AlphaMode::premultiplied) == MIRRA_CUDA_PREMULTIPLIED);

/// @param view  that is only read where it is constant
mirra_cuda_image described(const image::ConstImageView &view) {
    mirra_cuda_image out{};
    for (std::int32_t c = 0; c < view.channels; ++c)
        out.data[c] = const_cast<std::byte *>(view.data[static_cast<std::size_t>(c)]);
    out.x_stride = view.x_stride;
    out.y_stride = view.y_stride;
    out.width = view.width;
    out.height = view.height;
    out.channels = view.channels;
    out.sample = static_cast<std::int32_t>(view.sample);
    out.alpha = static_cast<std::int32_t>(view.alpha);
    out.linear = view.transfer == image::Transfer::linear ? 1 : 0;
    return out;
}

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
    return pixels.transfer->upload(*pixels.kernels, described(source.view),
                                   described(rect, channels, with_alpha, source.range), device);
}

bool download_tile(const DevicePixels &pixels, const runtime::DeviceTensor &tensor, const GivenPixels &given,
                   const runtime::Rect &kept, const image::ImageView &piece) {
    if (pixels.empty() || piece.has_alpha()) return false;
    mirra_cuda_tile tile = described(given.shown, given.channels, given.with_alpha, given.range);
    tile.x -= kept.x;
    tile.y -= kept.y;
    pixels.transfer->download(*pixels.kernels, tensor, tile, described(piece));
    return true;
}

} // namespace mirra::host
