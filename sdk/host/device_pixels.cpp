// Tiles between a caller's image and a GPU in the image's own samples.
#include "device_pixels.hpp"

#include "runtime/cuda/described_image.hpp"
#include "runtime/cuda/gpu_runtime.hpp"

#include <utility>

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

DeviceTiles::DeviceTiles(const DevicePixels &pixels, const std::string &device, const SeenImage &source,
                         const Kind &kind)
    : source_(source)
    , kind_(kind)
    , copies_(pixels.gpu->make_copies(*pixels.kernels, device)) {}

DeviceTiles::~DeviceTiles() = default;

void DeviceTiles::expect(const runtime::Rect &rect) {
    if (!kind_.loads || source_.source != nullptr || source_.fill != nullptr || expected_) return;
    copies_->send(described(source_.view), described(rect, kind_.channels, kind_.with_alpha, source_.range));
    expected_ = rect;
}

runtime::TensorPtr DeviceTiles::load(const runtime::Rect &rect) {
    if (expected_ && *expected_ != rect) { // it was passed over
        copies_->receive();
        expected_.reset();
    }
    expect(rect);
    if (!expected_) return nullptr;
    expected_.reset();
    return copies_->receive();
}

bool DeviceTiles::store(const runtime::DeviceTensor &tensor, const GivenPixels &given,
                        const runtime::Rect &kept, const image::ImageView &piece,
                        std::function<void()> then) {
    finish();
    if (piece.has_alpha()) return false;
    mirra_cuda_tile tile = described(given.shown, given.channels, given.with_alpha, given.range);
    tile.x -= kept.x;
    tile.y -= kept.y;
    copies_->fetch(tensor, tile, described(piece));
    then_ = std::move(then);
    return true;
}

void DeviceTiles::finish() {
    copies_->finish();
    if (const auto then = std::exchange(then_, nullptr)) then();
}

} // namespace mirra::host
