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

/// In the piece of an output that `kept` is.
mirra_cuda_tile tile_of(const GivenPixels &given, const runtime::Rect &kept) {
    mirra_cuda_tile tile = described(given.shown, given.channels, given.with_alpha, given.range);
    tile.x -= kept.x;
    tile.y -= kept.y;
    return tile;
}

} // namespace

DeviceTiles::DeviceTiles(const DevicePixels &pixels, const std::string &device, const SeenImage &source,
                         const Kind &kind, const runtime::Ready &ready)
    : source_(source)
    , kind_(kind)
    , copies_(pixels.gpu->make_copies(*pixels.kernels, device, ready)) {}

DeviceTiles::~DeviceTiles() = default;

void DeviceTiles::expect(const runtime::Rect &rect) {
    if (!kind_.loads || source_.source != nullptr || source_.fill != nullptr || source_.there || expected_)
        return;
    copies_->send(described(source_.view), described(rect, kind_.channels, kind_.with_alpha, source_.range));
    expected_ = rect;
}

runtime::TensorPtr DeviceTiles::load(const runtime::Rect &rect) {
    if (kind_.loads && source_.there)
        return copies_->gather(described(*source_.there),
                               described(rect, kind_.channels, kind_.with_alpha, source_.range));
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
    copies_->fetch(tensor, tile_of(given, kept), described(piece));
    then_ = std::move(then);
    return true;
}

bool DeviceTiles::store_there(const runtime::DeviceTensor &tensor, const GivenPixels &given,
                              const runtime::Rect &kept, const image::ImageView &piece,
                              std::function<void()> then) {
    if (then_) finish();
    if (!takes_alpha(piece, source_, kind_)) return false;
    mirra_cuda_image source{};
    const bool has_source = piece.has_alpha() && !kind_.with_alpha && source_.view.has_alpha();
    if (has_source)
        source = described(image::cropped(*source_.there, kept.x, kept.y, piece.width, piece.height));
    copies_->scatter(tensor, tile_of(given, kept), has_source ? &source : nullptr, described(piece));
    then_ = std::move(then);
    return true;
}

bool DeviceTiles::takes_alpha(const image::ConstImageView &output, const SeenImage &source,
                              const Kind &kind) {
    if (!output.has_alpha() || kind.with_alpha || !source.view.has_alpha()) return true;
    return source.there.has_value() && !kind.scaled;
}

void DeviceTiles::finish() {
    copies_->finish();
    if (const auto then = std::exchange(then_, nullptr)) then();
}

} // namespace mirra::host
