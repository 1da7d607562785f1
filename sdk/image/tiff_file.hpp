// A TIFF in memory, opened by libtiff, with its errors as exceptions.
#pragma once

#include "bytes.hpp"
#include "mirra/error.hpp"

#include <array>
#include <memory>
#include <span>
#include <vector>

#include <tiffio.h>

namespace mirra::image::detail {

struct TiffCloser {
    void operator()(TIFF *tiff) const noexcept { TIFFClose(tiff); }
};

/// One file, read or written; libtiff's functions take handle(). Not to be moved: libtiff points to it.
class TiffFile {
  public:
    /// @throws Error corrupt | std::bad_alloc
    explicit TiffFile(ByteSpan bytes);
    /// A new one. @param big_endian  the byte order of its numbers. @throws std::bad_alloc
    explicit TiffFile(bool big_endian);
    TiffFile(const TiffFile &) = delete;
    TiffFile &operator=(const TiffFile &) = delete;
    ~TiffFile() = default;

    [[nodiscard]] TIFF *handle() const noexcept { return tiff_.get(); }
    /// The value of a field of one number; `otherwise` where the file states none and TIFF has no default.
    template<class Number> [[nodiscard]] Number field(std::uint32_t tag, Number otherwise = {}) const {
        Number value = otherwise;
        return TIFFGetFieldDefaulted(tiff_.get(), tag, &value) != 0 ? value : otherwise;
    }
    /// The bytes of a field such as a profile; empty where there is none.
    [[nodiscard]] ByteSpan bytes_of(std::uint32_t tag) const;
    /// Throws what libtiff told last. @throws Error corrupt or `code` | std::bad_alloc
    [[noreturn]] void fail(ErrorCode code = ErrorCode::corrupt) const;
    /// Ends the writing. @return the file. @throws as fail()
    [[nodiscard]] std::vector<std::byte> finish();

  private:
    static int on_error(TIFF *, void *self, const char *module, const char *format, va_list values);
    static tmsize_t on_read(thandle_t self, void *out, tmsize_t count);
    static tmsize_t on_write(thandle_t self, void *in, tmsize_t count);
    static toff_t on_seek(thandle_t self, toff_t offset, int from);
    static int on_close(thandle_t) { return 0; }
    static toff_t on_size(thandle_t self);
    static int on_map(thandle_t self, void **base, toff_t *size);
    static void on_unmap(thandle_t, void *, toff_t) {}
    void open(const char *mode);

    ByteSpan source_;
    std::vector<std::byte> out_;
    std::uint64_t position_ = 0;
    bool writes_ = false;
    bool lacks_memory_ = false;
    std::array<char, 200> message_{};
    std::unique_ptr<TIFF, TiffCloser> tiff_;
};

} // namespace mirra::image::detail
