// Clips and their images.
#pragma once

#include "filters.hpp"
#include "suites.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace mirra_openfx {

namespace api = mirra::api;

/// An image of a clip, for as long as it is fetched. Rows go upwards in OpenFX, and down in Mirra.
class ClipImage {
  public:
    /// @throws HostFailure if there is none
    ClipImage(OfxImageEffectHandle effect, const char *clip, OfxTime time);
    ~ClipImage();
    ClipImage(const ClipImage &) = delete;
    ClipImage &operator=(const ClipImage &) = delete;

    /// The rectangle that has pixels, and all of the picture.
    [[nodiscard]] const OfxRectI &bounds() const noexcept { return bounds_; }
    [[nodiscard]] const OfxRectI &whole() const noexcept { return whole_; }
    /// A rectangle within the bounds. @throws api::Error for samples or components that are not filtered
    [[nodiscard]] mirra_image pixels(const OfxRectI &rect, bool linear) const;

  private:
    OfxPropertySetHandle handle_ = nullptr;
    Properties properties_;
    OfxRectI bounds_, whole_;
};

/// All of the picture of an image, of which a part can be had. Where the image is no more than that part, it
/// lies in memory as large as the picture, of which the system hands out what is written to.
class WholePicture {
  public:
    /// needed: what will be read. @throws api::Error if the host has not given it
    WholePicture(const ClipImage &image, const OfxRectI &needed, bool linear);
    [[nodiscard]] const mirra_image &view() const noexcept { return view_; }

  private:
    struct Free {
        void operator()(std::byte *memory) const noexcept { std::free(memory); }
    };
    mirra_image view_{};
    std::unique_ptr<std::byte, Free> memory_;
};

/// The picture of a clip in pixels, though it may not be fetched yet. @throws HostFailure
OfxRectI picture_of(OfxImageEffectHandle effect, const char *clip, OfxTime time, OfxPointD scale);
/// Its pixel's width in its height.
double aspect_of(OfxImageEffectHandle effect, const char *clip);

inline int width(const OfxRectI &rect) {
    return rect.x2 - rect.x1;
}
inline int height(const OfxRectI &rect) {
    return rect.y2 - rect.y1;
}
/// A rectangle from OpenFX's point of view to Mirra's, within a picture, and back.
mirra_rect downwards(const OfxRectI &rect, const OfxRectI &picture);
OfxRectI upwards(const mirra_rect &rect, const OfxRectI &picture);

} // namespace mirra_openfx
