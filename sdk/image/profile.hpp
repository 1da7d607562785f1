// ICC profiles through Little CMS: opened from bytes, made from tags.
#pragma once

#include "bytes.hpp"
#include "mirra/forks.hpp"
#include "mirra/image.hpp"

#include <memory>
#include <type_traits>

#include <lcms2.h>

namespace mirra::image::detail {

// Little CMS looks its contexts up under a lock, in nearly all but the conversion itself: no thread forks
// then.
struct CmsDeleter {
    void operator()(cmsContext context) const noexcept {
        const ForkPause pause;
        cmsDeleteContext(context);
    }
};
struct CmsProfileDeleter {
    void operator()(void *profile) const noexcept {
        const ForkPause pause;
        cmsCloseProfile(profile);
    }
};
struct CmsTransformDeleter {
    void operator()(void *transform) const noexcept {
        const ForkPause pause;
        cmsDeleteTransform(transform);
    }
};
using CmsContext = std::unique_ptr<std::remove_pointer_t<cmsContext>, CmsDeleter>;
using CmsProfile = std::unique_ptr<void, CmsProfileDeleter>;
using CmsTransform = std::unique_ptr<void, CmsTransformDeleter>;

/// One for each piece of work, so that threads share nothing. Errors are told by null results alone.
[[nodiscard]] CmsContext make_context();

/// Null where the bytes are no profile.
[[nodiscard]] CmsProfile open_profile(const CmsContext &context, ByteSpan icc);

/// The profile that a picture's tags mean, of gray or of RGB. Null where no profile can say it.
[[nodiscard]] CmsProfile profile_of(const CmsContext &context, const Metadata &metadata, bool gray);

[[nodiscard]] CmsProfile srgb_profile(const CmsContext &context, bool gray);

/// The bytes of a profile that was made here: the same for the same profile.
[[nodiscard]] std::vector<std::byte> bytes_of(const CmsProfile &profile);

/// The same profile with the curve of sRGB.
[[nodiscard]] std::vector<std::byte> bytes_on_srgb_curve(const CmsContext &context,
                                                         const CmsProfile &profile);

/// Whether samples under a profile are linear light.
[[nodiscard]] bool is_linear(ByteSpan icc);

/// Inks of a JPEG into sRGB, by the profile that comes with them.
class InkConverter {
  public:
    /// @param inverted as Adobe stores inks: 255 is none
    /// @return null where the profile is not for inks
    [[nodiscard]] static std::unique_ptr<InkConverter> make(ByteSpan icc, bool inverted);
    /// Neither allocates nor throws.
    void convert(const unsigned char *inks, unsigned char *rgb, std::size_t pixels) const noexcept;

  private:
    CmsContext context_;
    CmsTransform transform_;
};

} // namespace mirra::image::detail
