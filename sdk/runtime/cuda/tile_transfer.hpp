// Tiles on their way between a picture in the processor's memory and a device, so that copies hide behind the
// device's work: which copy waits for what, and when memory may be used again.
#pragma once

#include "runtime/cuda/packed_samples.hpp"

#include <array>
#include <functional>
#include <memory>

namespace mirra::cuda {

/// The two orders of work on a device: kernels, and copies beside them.
enum class Stream : std::uint8_t { kernels, copies };
enum class Place : std::uint8_t { pinned, device };

/// What has been put on a stream up to some moment.
class Fence {
  public:
    virtual ~Fence() = default;
};
using FencePtr = std::shared_ptr<const Fence>;
using Memory = std::shared_ptr<void>;

/// What a transfer needs of a device. All but `finish` return at once. @throws Error device | out_of_memory
class CopyDevice {
  public:
    virtual ~CopyDevice() = default;
    /// Memory of a device may have been another's, whose kernels are still on their stream.
    virtual Memory allocate(Place place, std::size_t bytes) = 0;
    /// On the stream of copies.
    virtual void to_device(void *to, const void *from, std::size_t bytes) = 0;
    virtual void to_processor(void *to, const void *from, std::size_t bytes) = 0;
    virtual FencePtr mark(Stream stream) = 0;
    /// What is put on the stream from now on begins after that.
    virtual void wait(Stream stream, const FencePtr &fence) = 0;
    /// The calling thread waits.
    virtual void finish(const FencePtr &fence) = 0;
};

/// Of one thread. Up to two tiles are on their way in each direction.
class TileTransfer {
  public:
    /// Must outlive it.
    explicit TileTransfer(CopyDevice &device) : device_(device) {}
    TileTransfer(const TileTransfer &) = delete;
    TileTransfer &operator=(const TileTransfer &) = delete;
    /// Waits for copies that are under way.
    ~TileTransfer();

    /// A tile whose samples are being copied.
    struct Upload {
        std::size_t slot = 0;
        mirra_cuda_image image; ///< what the samples are, on the device
        mirra_cuda_tile tile;   ///< in that picture
    };
    /// @param image  in the processor's memory; may change as soon as this has returned
    [[nodiscard]] Upload begin_upload(const mirra_cuda_image &image, const mirra_cuda_tile &tile);
    /// Puts a kernel that reads the samples on the stream of kernels.
    using Gather = std::function<void(const mirra_cuda_image &image, const mirra_cuda_tile &tile)>;
    void finish_upload(const Upload &upload, const Gather &gather);

    /// A picture whose samples are being copied back.
    struct Download {
        std::size_t slot = 0;
        mirra_cuda_image image; ///< in the processor's memory
    };
    /// Puts a kernel that writes the samples on the stream of kernels.
    using Scatter = std::function<void(const mirra_cuda_image &image)>;
    /// @param image  where the samples go in the end
    [[nodiscard]] Download begin_download(const mirra_cuda_image &image, const Scatter &scatter);
    /// Waits for the samples, and writes them.
    void finish_download(const Download &download);

  private:
    /// Memory for a tile's samples on both sides.
    struct Slot {
        Memory pinned, memory;
        std::size_t bytes = 0;
        FencePtr copied; ///< the last copy
        FencePtr used;   ///< the last kernel
    };
    static constexpr std::size_t kSlots = 2;
    using Slots = std::array<Slot, kSlots>;

    /// With room for so many bytes, and no copy under way.
    Slot &prepare(Slots &slots, std::size_t index, std::size_t bytes);

    CopyDevice &device_;
    Slots up_, down_;
    std::size_t next_up_ = 0, next_down_ = 0;
};

} // namespace mirra::cuda
