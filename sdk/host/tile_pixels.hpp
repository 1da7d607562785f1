// The pixels of a run's tiles: from the caller's image into tensors, and from tensors into its outputs.
#pragma once

#include "tile_run.hpp"

namespace mirra::host {

/// Values of a band of rows, in which pixels go between an image and a tensor of the processor's: they stay
/// in a core's cache from one step to the next.
inline constexpr std::int64_t kBandValues = std::int64_t{1} << 16;

/// Of one thread of a run: what lies on its way from and to a GPU.
struct PixelsOnTheWay {
    std::vector<float> values;          ///< downloaded; grows
    std::unique_ptr<DeviceTiles> tiles; ///< null: the processor converts pixels
};

/// How tiles of such a run go to a GPU and come back.
[[nodiscard]] DeviceTiles::Kind kind_of(const CheckedRequest &checked, const Setup &setup,
                                        const Geometry &geometry);

/// What tiles are taken from and given to, for one run. Thread-safe.
class TilePixels {
  public:
    /// @param input  as tasks see it; must outlive it, as must the others
    TilePixels(SessionState &session, const Work &work, const SeenImage &input);

    /// For a thread of the run, in its arena.
    /// @param values  memory for values
    [[nodiscard]] PixelsOnTheWay on_the_way(std::vector<float> values) const;
    /// @param rect  of the input; it may lie beyond its edges
    [[nodiscard]] runtime::TensorPtr load(const runtime::Rect &rect, PixelsOnTheWay &way) const;
    /// Writes what a tensor shows of an output.
    /// @param shown  of the output: all that is in the tensor
    /// @param kept   of that what is written
    /// @param then   called when the pixels are written: before this returns, or before the thread's next
    /// store() or finish(); may be empty
    void store(const runtime::DeviceTensor &tensor, const runtime::Rect &shown, const runtime::Rect &kept,
               const image::ImageView &piece, PixelsOnTheWay &way, std::function<void()> then) const;
    /// The same for a piece of an image in the GPU's memory. Returns whether kernels can do it.
    bool store_there(const runtime::DeviceTensor &tensor, const runtime::Rect &shown,
                     const runtime::Rect &kept, const image::ImageView &piece, PixelsOnTheWay &way,
                     std::function<void()> then) const;

  private:
    void load_rows(const runtime::Rect &rect, std::span<float> values) const;
    void store_mapped(const runtime::Mapped &mapped, const runtime::Rect &shown, const runtime::Rect &kept,
                      const image::ImageView &piece) const;
    void store_downloaded(const runtime::DeviceTensor &tensor, const runtime::Rect &shown,
                          const runtime::Rect &kept, const image::ImageView &piece,
                          std::vector<float> &buffer) const;
    void in_bands(std::int64_t rows, std::int64_t row_values,
                  const std::function<void(std::int64_t first, std::int64_t count)> &body) const;
    [[nodiscard]] GivenPixels given(std::span<float> values, const runtime::Rect &shown) const;

    SessionState &session_;
    const Work &work_;
    const SeenImage &input_;
    const Setup &setup_;
    const DevicePixels on_device_;
    const bool mapped_;           ///< tensors lie in the processor's memory
    const std::uint64_t threads_; ///< for one tile
    std::optional<Size> scaled_;  ///< where outputs are not of the input's size: so large are they
};

} // namespace mirra::host
