// Samples of a picture in the processor's memory, packed for the way to a device, and back.
#include "runtime/cuda/packed_samples.hpp"

#include <algorithm>
#include <cstring>

namespace mirra::cuda {
namespace {

std::byte *place(const mirra_cuda_image &image, std::int64_t channel, std::int64_t x, std::int64_t y) {
    return static_cast<std::byte *>(image.data[channel]) + x * image.x_stride + y * image.y_stride;
}

/// Whether a row is one run of bytes.
bool has_packed_rows(const mirra_cuda_image &image) {
    const std::int64_t size = sample_bytes(image);
    for (std::int32_t c = 1; c < image.channels; ++c)
        if (place(image, c, 0, 0) != place(image, 0, 0, 0) + c * size) return false;
    return image.x_stride == size * image.channels;
}

/// Calls copy(a run of bytes of the picture, the same packed, how many) for all samples of a part.
template<class Byte, class Copy>
void for_runs(const mirra_cuda_image &image, const Seen &part, Byte *packed, const Copy &copy) {
    const std::int64_t size = sample_bytes(image), row = size * image.channels * part.width;
    const bool rows = has_packed_rows(image);
    for (std::int64_t y = 0; y < part.height; ++y, packed += row) {
        if (rows) {
            copy(place(image, 0, part.x, part.y + y), packed, static_cast<std::size_t>(row));
            continue;
        }
        for (std::int64_t x = 0; x < part.width; ++x)
            for (std::int64_t c = 0; c < image.channels; ++c)
                copy(place(image, c, part.x + x, part.y + y), packed + (x * image.channels + c) * size,
                     static_cast<std::size_t>(size));
    }
}

} // namespace

std::int64_t sample_bytes(const mirra_cuda_image &image) {
    if (image.sample == MIRRA_CUDA_U8) return 1;
    return image.sample == MIRRA_CUDA_F32 ? 4 : 2;
}

Seen seen_by(const mirra_cuda_tile &tile, const mirra_cuda_image &image) {
    const auto within = [](std::int64_t at, std::int64_t extent) {
        return std::clamp<std::int64_t>(at, 0, extent - 1);
    };
    const std::int64_t left = within(tile.x, image.width), top = within(tile.y, image.height);
    return {left, top, static_cast<std::int32_t>(within(tile.x + tile.width - 1, image.width) - left + 1),
            static_cast<std::int32_t>(within(tile.y + tile.height - 1, image.height) - top + 1)};
}

std::size_t packed_bytes(const mirra_cuda_image &image, const Seen &part) {
    return static_cast<std::size_t>(sample_bytes(image) * image.channels * part.width * part.height);
}

mirra_cuda_image packed_image(const mirra_cuda_image &image, const Seen &part, void *memory) {
    mirra_cuda_image out = image;
    const std::int64_t size = sample_bytes(image);
    for (std::int32_t c = 0; c < image.channels; ++c)
        out.data[c] = static_cast<std::byte *>(memory) + c * size;
    out.x_stride = size * image.channels;
    out.y_stride = out.x_stride * part.width;
    out.width = part.width;
    out.height = part.height;
    return out;
}

void pack(const mirra_cuda_image &image, const Seen &part, std::byte *to) {
    for_runs(image, part, to, [](const std::byte *from, std::byte *packed, std::size_t bytes) {
        std::memcpy(packed, from, bytes);
    });
}

void unpack(const std::byte *from, const mirra_cuda_image &image, const Seen &part) {
    for_runs(image, part, from, [](std::byte *to, const std::byte *packed, std::size_t bytes) {
        std::memcpy(to, packed, bytes);
    });
}

void copy_samples(const mirra_cuda_image &from, const mirra_cuda_image &to) {
    const auto size = static_cast<std::size_t>(sample_bytes(from));
    const bool rows = has_packed_rows(from) && has_packed_rows(to);
    const std::size_t row =
        size * static_cast<std::size_t>(from.channels) * static_cast<std::size_t>(from.width);
    for (std::int32_t y = 0; y < from.height; ++y) {
        if (rows) {
            std::memcpy(place(to, 0, 0, y), place(from, 0, 0, y), row);
            continue;
        }
        for (std::int32_t x = 0; x < from.width; ++x)
            for (std::int32_t c = 0; c < from.channels; ++c)
                std::memcpy(place(to, c, x, y), place(from, c, x, y), size);
    }
}

} // namespace mirra::cuda
