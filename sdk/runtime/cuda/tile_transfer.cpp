// Tiles on their way between a picture in the processor's memory and a device.
#include "runtime/cuda/tile_transfer.hpp"

namespace mirra::cuda {
namespace {

/// Whether what comes before the mark has been done; a device that failed does nothing any more.
bool ended(CopyDevice &device, const FencePtr &mark) noexcept {
    try {
        device.finish(mark);
        return true;
    } catch (...) {
        return false;
    }
}

} // namespace

TileTransfer::~TileTransfer() {
    for (const Slots *slots : {&up_, &down_})
        for (const Slot &slot : *slots)
            if (slot.copied != nullptr) static_cast<void>(ended(device_, slot.copied));
}

TileTransfer::Slot &TileTransfer::prepare(Slots &slots, std::size_t index, std::size_t bytes) {
    Slot &slot = slots[index];
    if (slot.copied != nullptr) device_.finish(slot.copied); // of two tiles ago
    if (bytes <= slot.bytes) return slot;
    slot.bytes = 0;
    slot.pinned = slot.memory = nullptr;
    slot.pinned = device_.allocate(Place::pinned, bytes);
    slot.memory = device_.allocate(Place::device, bytes);
    slot.used = device_.mark(Stream::kernels); // of those who had the memory before
    slot.bytes = bytes;
    return slot;
}

TileTransfer::Upload TileTransfer::begin_upload(const mirra_cuda_image &image, const mirra_cuda_tile &tile) {
    const Seen part = seen_by(tile, image);
    const std::size_t bytes = packed_bytes(image, part), index = next_up_++ % kSlots;
    Slot &slot = prepare(up_, index, bytes);
    pack(image, part, static_cast<std::byte *>(slot.pinned.get()));
    if (slot.used != nullptr) device_.wait(Stream::copies, slot.used); // it has read what is there
    device_.to_device(slot.memory.get(), slot.pinned.get(), bytes);
    slot.copied = device_.mark(Stream::copies);
    Upload upload{index, packed_image(image, part, slot.memory.get()), tile};
    upload.tile.x -= part.x;
    upload.tile.y -= part.y;
    return upload;
}

void TileTransfer::finish_upload(const Upload &upload, const Gather &gather) {
    Slot &slot = up_[upload.slot];
    device_.wait(Stream::kernels, slot.copied);
    gather(upload.image, upload.tile);
    slot.used = device_.mark(Stream::kernels);
}

TileTransfer::Download TileTransfer::begin_download(const mirra_cuda_image &image, const Scatter &scatter) {
    const Seen all{0, 0, image.width, image.height};
    const std::size_t bytes = packed_bytes(image, all), index = next_down_++ % kSlots;
    Slot &slot = prepare(down_, index, bytes); // so nothing is copied out of its memory any more
    scatter(packed_image(image, all, slot.memory.get()));
    slot.used = device_.mark(Stream::kernels);
    device_.wait(Stream::copies, slot.used);
    device_.to_processor(slot.pinned.get(), slot.memory.get(), bytes);
    slot.copied = device_.mark(Stream::copies);
    return {index, image};
}

void TileTransfer::finish_download(const Download &download) {
    const Slot &slot = down_[download.slot];
    device_.finish(slot.copied);
    unpack(static_cast<const std::byte *>(slot.pinned.get()), download.image,
           {0, 0, download.image.width, download.image.height});
}

} // namespace mirra::cuda
