// EXIF taken apart into its values, and put together anew.
#pragma once

#include "tiff.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mirra::image::detail {

/// The values of a TIFF block's first directory, and of those for photographs, positions and interoperability
/// below it. Directories behind the first, thumbnails among them, are not taken. Values are views of the
/// block, which must outlive this.
class ExifBuilder {
  public:
    static constexpr std::uint32_t kMakerNote = 0x927c;

    /// @param directory  where the first directory stands; 0: where the header says
    explicit ExifBuilder(ByteSpan block, std::size_t directory = 0);

    [[nodiscard]] bool big() const noexcept { return tiff_.big(); }
    [[nodiscard]] bool empty() const noexcept;
    /// Bytes of what build() makes, or somewhat more.
    [[nodiscard]] std::size_t size() const;
    /// Takes out the largest value, or that of a tag. @return what it was; empty: there is none
    [[nodiscard]] std::string drop(std::optional<std::uint32_t> tag);
    /// Takes out all values of the first directory but those of `tags`.
    void keep_main(std::span<const std::uint32_t> tags);

    /// A block of its own.
    [[nodiscard]] std::vector<std::byte> build() const;

    /// The directories and values as they go behind `base` bytes of a file in the same byte order. The first
    /// directory stands at the beginning, with the entries of `file`, as its 12 bytes are, in place of those
    /// of the same tags.
    [[nodiscard]] std::vector<std::byte> build_behind(std::size_t base, std::span<const ByteSpan> file) const;

  private:
    struct Value {
        std::uint32_t tag = 0;
        std::uint32_t type = 0;
        std::uint32_t count = 0;
        ByteSpan data;       ///< empty: it points to a part
        ByteSpan entry = {}; ///< not empty: as it stands
    };
    struct Part {
        std::uint32_t pointer = 0; ///< tag that points to it; 0: the first
        std::size_t parent = 0;
        std::vector<Value> values;
    };

    void add(std::uint32_t pointer, std::size_t parent, const TiffDirectory &directory);
    [[nodiscard]] std::vector<Value> entries_of(std::size_t part) const;
    [[nodiscard]] std::vector<std::size_t> places() const;
    [[nodiscard]] std::vector<std::byte> write(std::size_t shift) const;

    Tiff<const std::byte> tiff_;
    std::vector<Part> parts_;
};

} // namespace mirra::image::detail
