// Metadata between file and picture.
#include "metadata.hpp"

#include "color_tags.hpp"
#include "exif.hpp"
#include "photoshop.hpp"
#include "xmp.hpp"

namespace mirra::image::detail {

void settle_metadata(Metadata &metadata, bool by_exif) {
    strip_xmp(metadata.xmp, metadata.notes);
    make_photoshop_true(metadata.photoshop, false, metadata.notes);
    if (!metadata.density) metadata.density = read_exif_density(metadata.exif);
    const bool untagged = metadata.icc.empty() && metadata.color == ColorTags{};
    if (!by_exif || !untagged || !says_adobe_rgb(metadata.exif)) return;
    metadata.color.gamma = kAdobeRgbGamma;
    metadata.color.chromaticities = kAdobeRgbChromaticities;
}

Metadata true_metadata(const Metadata &metadata, const ConstImageView &picture) {
    Metadata result = metadata;
    make_exif_true(result.exif, picture);
    size_xmp(result.xmp, picture.width, picture.height);
    return result;
}

} // namespace mirra::image::detail
