// Tiles between a caller's image and a GPU in the image's own samples, where the kernels for GPUs are there.
#pragma once

#include "pixels.hpp"
#include "runtime/cuda/gpu_runtime.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace mirra::host {

/// What converts pixels on a session's device. Empty: the processor converts them.
struct DevicePixels {
    runtime::GpuRuntime *gpu = nullptr; ///< the runtime module's own
    const mirra_cuda_kernels *kernels = nullptr;
    [[nodiscard]] bool empty() const { return gpu == nullptr || kernels == nullptr; }
};

/// The tiles of one thread of a run between the caller's images and a device: the next one is on its way
/// there, and the last one back, while one is computed.
class DeviceTiles {
  public:
    /// What is the same of all tiles.
    struct Kind {
        int channels = 3; ///< alpha included
        bool with_alpha = false;
        bool loads = true;   ///< tiles can be taken from the source: it has no margin
        bool scaled = false; ///< outputs are not of the source's size
    };
    /// @param pixels  not empty
    /// @param source  must outlive it
    /// @param ready   of the run's images on the device
    DeviceTiles(const DevicePixels &pixels, const std::string &device, const SeenImage &source,
                const Kind &kind, const runtime::Ready &ready = {});
    DeviceTiles(const DeviceTiles &) = delete;
    DeviceTiles &operator=(const DeviceTiles &) = delete;
    ~DeviceTiles();

    /// Begins to copy a tile that is loaded next. Does nothing where only the processor can load it, or where
    /// nothing needs be copied.
    void expect(const runtime::Rect &rect);
    /// As load_tile() and upload. Null where only the processor can do it: of pictures in pieces, and of
    /// those with hidden colours.
    runtime::TensorPtr load(const runtime::Rect &rect);

    /// Begins what store_pixels() does after a download, and ends what was begun before. Returns whether it
    /// does so: not for pictures with alpha.
    /// @param given  without values
    /// @param then   called when the pixels are written; may be empty
    bool store(const runtime::DeviceTensor &tensor, const GivenPixels &given, const runtime::Rect &kept,
               const image::ImageView &piece, std::function<void()> then);
    /// The same for a piece of an image in the device's memory. Returns whether it does so: see
    /// takes_alpha().
    bool store_there(const runtime::DeviceTensor &tensor, const GivenPixels &given, const runtime::Rect &kept,
                     const image::ImageView &piece, std::function<void()> then);
    /// Ends what was begun.
    void finish();
    /// Whether kernels can give an image in the device's memory its alpha.
    [[nodiscard]] static bool takes_alpha(const image::ConstImageView &output, const SeenImage &source,
                                          const Kind &kind);

  private:
    const SeenImage &source_;
    const Kind kind_;
    std::unique_ptr<runtime::TileCopies> copies_;
    std::optional<runtime::Rect> expected_;
    std::function<void()> then_; ///< of what is being stored
};

} // namespace mirra::host
