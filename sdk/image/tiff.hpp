// Directories of a TIFF block, as EXIF and multi-picture indexes have them; read and changed in place.
#pragma once

#include "bytes.hpp"

#include <optional>

namespace mirra::image::detail {

/// One value of a directory.
struct TiffEntry {
    std::size_t place = 0; ///< of the entry
    std::uint32_t tag = 0;
    std::uint32_t type = 0;
    std::uint32_t count = 0;
    std::size_t value = 0; ///< where the value lies, inside of the block
    std::size_t size = 0;  ///< its bytes
};

struct TiffDirectory {
    std::vector<TiffEntry> entries; ///< those whose values lie inside of the block
    std::size_t next_place = 0;     ///< where the offset of the next directory stands; 0: beyond the end
};

constexpr std::uint32_t kTiffShort = 3;
constexpr std::uint32_t kTiffLong = 4;
constexpr std::uint32_t kTiffRational = 5;

/// A view of a block; reading is safe whatever the bytes are. Byte is std::byte or const std::byte.
template<class Byte> class Tiff {
  public:
    explicit Tiff(std::span<Byte> bytes)
        : bytes_(bytes)
        , big_(!bytes.empty() && bytes[0] == std::byte{'M'}) {}

    [[nodiscard]] bool valid() const;
    [[nodiscard]] bool big() const noexcept { return big_; }
    [[nodiscard]] ByteSpan bytes() const noexcept { return bytes_; }
    /// 0 beyond the end
    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t size) const;
    void put(std::size_t at, std::uint32_t value, std::size_t size)
        requires(!std::is_const_v<Byte>);

    /// The directory at an offset; without entries where there is none.
    [[nodiscard]] TiffDirectory directory(std::size_t offset) const;
    [[nodiscard]] TiffDirectory first() const { return directory(number(4, 4)); }
    /// The directory to which an entry points.
    [[nodiscard]] TiffDirectory child(const TiffDirectory &parent, std::uint32_t tag) const;
    [[nodiscard]] TiffDirectory next(const TiffDirectory &directory) const {
        return this->directory(directory.next_place == 0 ? 0 : number(directory.next_place, 4));
    }
    [[nodiscard]] static std::optional<TiffEntry> find(const TiffDirectory &directory, std::uint32_t tag);
    /// A whole number of type SHORT or LONG.
    [[nodiscard]] std::optional<std::uint32_t> whole(const TiffDirectory &directory, std::uint32_t tag) const;
    void set_whole(const TiffDirectory &directory, std::uint32_t tag, std::uint32_t value)
        requires(!std::is_const_v<Byte>);

  private:
    std::span<Byte> bytes_;
    bool big_;
};

extern template class Tiff<std::byte>;
extern template class Tiff<const std::byte>;

} // namespace mirra::image::detail
