// EXIF in fewer bytes, for files that cannot hold all of it.
#include "exif.hpp"
#include "exif_builder.hpp"
#include "notes.hpp"

#include <string>

namespace mirra::image::detail {

std::vector<std::byte> shrink_exif(ByteSpan exif, std::size_t limit, std::vector<std::string> *notes) {
    if (exif.size() <= limit) return copy_of(exif);
    ExifBuilder builder(exif);
    std::string lost;
    const auto drop = [&](std::optional<std::uint32_t> tag) {
        const std::string what = builder.drop(tag);
        if (!what.empty()) lost += (lost.empty() ? "" : ", ") + what;
        return !what.empty();
    };
    // What they hold depends on where they stand.
    drop(ExifBuilder::kMakerNote);
    while (builder.size() > limit && drop(std::nullopt)) {
    }
    add_note(notes, "The EXIF data (" + std::to_string(exif.size()) +
                        " bytes) do not fit into a JPEG. Left out: the thumbnail" +
                        (lost.empty() ? "" : ", " + lost) + ".");
    return builder.empty() ? std::vector<std::byte>() : builder.build();
}

} // namespace mirra::image::detail
