// Rows of a view in the form that encoders take: interleaved, straight alpha, 8 or 16 bits or real numbers.
#pragma once

#include "mirra/image.hpp"

#include <vector>

namespace mirra::image::detail {

enum class RowAlpha : std::uint8_t { straight, over_white };

/// Packs rows of a view that must outlive it. pack() neither allocates nor throws, so it may be called where
/// a C library's error handling jumps over the frames above it.
class RowPacker {
  public:
    /// @param target u8, u16 or f32, whose values may lie beyond [0, 1]
    RowPacker(const ConstImageView &view, SampleType target, RowAlpha alpha);

    [[nodiscard]] int channels() const noexcept { return channels_; }
    [[nodiscard]] std::size_t row_bytes() const noexcept;
    /// @param out row_bytes() bytes
    void pack(std::int32_t y, std::byte *out) noexcept;

  private:
    template<class Sample> void store_row(std::byte *out) const noexcept;

    ConstImageView view_;
    SampleType target_;
    int channels_;
    bool plain_;
    std::vector<float> pixels_;
};

} // namespace mirra::image::detail
