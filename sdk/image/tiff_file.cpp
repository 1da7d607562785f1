// libtiff over memory.
#include "tiff_file.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

namespace mirra::image::detail {
namespace {

/// libtiff allocates what a directory announces: no more at once than a file of 1 GiB can need.
constexpr tmsize_t kMostAtOnce = tmsize_t{1} << 30;

struct OptionsDeleter {
    void operator()(TIFFOpenOptions *options) const noexcept { TIFFOpenOptionsFree(options); }
};

TiffFile &of(thandle_t self) {
    return *static_cast<TiffFile *>(self);
}

/// How libtiff says that it got no memory.
bool tells_of_memory(std::string_view message) {
    return message.find("emory") != std::string_view::npos ||
           message.find("No space") != std::string_view::npos;
}

} // namespace

TiffFile::TiffFile(ByteSpan bytes) : source_(bytes) {
    open("r");
}

TiffFile::TiffFile(bool big_endian) : writes_(true) {
    open(big_endian ? "wb" : "wl");
}

void TiffFile::open(const char *mode) {
    const std::unique_ptr<TIFFOpenOptions, OptionsDeleter> options(TIFFOpenOptionsAlloc());
    if (options == nullptr) throw std::bad_alloc();
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMostAtOnce);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, this);
    TIFFOpenOptionsSetWarningHandlerExtR(
        options.get(), [](TIFF *, void *, const char *, const char *, va_list) { return 1; }, nullptr);
    tiff_.reset(TIFFClientOpenExt("picture", mode, this, on_read, on_write, on_seek, on_close, on_size,
                                  on_map, on_unmap, options.get()));
    if (tiff_ == nullptr) fail();
}

int TiffFile::on_error(TIFF *, void *self, const char *, const char *format, va_list values) {
    auto &file = of(self);
    if (file.message_[0] != '\0') return 1; // the first says why
    std::vsnprintf(file.message_.data(), file.message_.size(), format, values);
    file.lacks_memory_ = file.lacks_memory_ || tells_of_memory(file.message_.data());
    return 1;
}

tmsize_t TiffFile::on_read(thandle_t self, void *out, tmsize_t count) {
    auto &file = of(self);
    const ByteSpan all = file.writes_ ? ByteSpan(file.out_) : file.source_;
    const auto at = std::min<std::uint64_t>(file.position_, all.size());
    const auto size = std::min<std::uint64_t>(static_cast<std::uint64_t>(count), all.size() - at);
    if (size > 0) std::memcpy(out, all.data() + at, size);
    file.position_ = at + size;
    return static_cast<tmsize_t>(size);
}

tmsize_t TiffFile::on_write(thandle_t self, void *in, tmsize_t count) {
    auto &file = of(self);
    if (!file.writes_) return 0;
    try {
        const auto end = file.position_ + static_cast<std::uint64_t>(count);
        if (end > file.out_.size()) file.out_.resize(end);
    } catch (...) {
        file.lacks_memory_ = true;
        return 0;
    }
    std::memcpy(file.out_.data() + file.position_, in, static_cast<std::size_t>(count));
    file.position_ += static_cast<std::uint64_t>(count);
    return count;
}

toff_t TiffFile::on_seek(thandle_t self, toff_t offset, int from) {
    auto &file = of(self);
    if (from == SEEK_CUR) offset += file.position_;
    if (from == SEEK_END) offset += on_size(self);
    file.position_ = offset;
    return offset;
}

toff_t TiffFile::on_size(thandle_t self) {
    const auto &file = of(self);
    return file.writes_ ? file.out_.size() : file.source_.size();
}

int TiffFile::on_map(thandle_t self, void **base, toff_t *size) {
    const auto &file = of(self);
    if (file.writes_) return 0;
    *base = const_cast<std::byte *>(file.source_.data()); // libtiff reads it only: the mode is "r"
    *size = file.source_.size();
    return 1;
}

ByteSpan TiffFile::bytes_of(std::uint32_t tag) const {
    std::uint32_t count = 0;
    const void *data = nullptr;
    if (TIFFGetField(tiff_.get(), tag, &count, &data) == 0 || data == nullptr) return {};
    return {static_cast<const std::byte *>(data), count};
}

void TiffFile::fail(ErrorCode code) const {
    if (lacks_memory_) throw std::bad_alloc();
    const std::string reason = message_[0] != '\0' ? message_.data() : "it ends early";
    throw Error(code, (writes_ ? "cannot write the TIFF: " : "the TIFF is damaged: ") + reason);
}

std::vector<std::byte> TiffFile::finish() {
    if (TIFFFlush(tiff_.get()) == 0) fail(ErrorCode::unsupported);
    tiff_.reset();
    if (lacks_memory_ || message_[0] != '\0') fail(ErrorCode::unsupported);
    return std::move(out_);
}

} // namespace mirra::image::detail
