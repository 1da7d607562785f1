// Pixels to PNG, through libpng; errors as in png_decode.cpp. Also PNG's line in the table of codecs.
#include "codec.hpp"
#include "png_memory.hpp"
#include "png_metadata.hpp"
#include "rows.hpp"

#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>

#include <png.h>

namespace mirra::image::detail {
namespace {

constexpr std::array<unsigned char, 8> kSignature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr png_uint_32 kLargestSide = 0x7fffffff;

int color_type(int channels) {
    constexpr std::array kTypes{PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGBA};
    return kTypes[static_cast<std::size_t>(channels - 1)];
}

SampleType file_sample(const ConstImageView &view, const EncodeOptions &options) {
    const bool narrow = options.bit_depth == 8 || (options.bit_depth == 0 && view.sample == SampleType::u8);
    return narrow ? SampleType::u8 : SampleType::u16;
}

class PngWriter {
  public:
    PngWriter(const ConstImageView &view, const Metadata &metadata, const EncodeOptions &options)
        : view_(view)
        , options_(options)
        , sample_(file_sample(view, options))
        , packer_(view, sample_, RowAlpha::straight)
        , row_(packer_.row_bytes())
        , chunks_(make_png_metadata(metadata, options.notes))
        , png_(png_create_write_struct_2(PNG_LIBPNG_VER_STRING, this, on_error, on_warning, &memory_,
                                         PngMemory::take, PngMemory::give_back))
        , info_(png_ != nullptr ? png_create_info_struct(png_) : nullptr) {
        if (info_ != nullptr) return;
        png_destroy_write_struct(&png_, nullptr);
        throw std::bad_alloc();
    }
    PngWriter(const PngWriter &) = delete;
    PngWriter &operator=(const PngWriter &) = delete;
    ~PngWriter() { png_destroy_write_struct(&png_, &info_); }

    std::vector<std::byte> encode() {
        if (guarded(*this)) return std::move(out_);
        if (memory_.lacking()) throw std::bad_alloc();
        throw Error(ErrorCode::unsupported, std::string("cannot write the PNG: ") + message_.data());
    }

  private:
    [[noreturn]] static void on_error(png_structp png, png_const_charp message);
    static void on_warning(png_structp, png_const_charp) {}
    static void on_write(png_structp png, png_bytep bytes, std::size_t count);
    static void on_flush(png_structp) {}
    static bool guarded(PngWriter &writer);
    void write_header();
    void write_metadata();
    void write_rows();

    const ConstImageView &view_;
    const EncodeOptions &options_;
    SampleType sample_;
    RowPacker packer_;
    std::vector<std::byte> row_;
    std::vector<PngChunk> chunks_;
    std::vector<std::byte> out_;
    std::array<char, 160> message_{};
    PngMemory memory_;
    png_structp png_;
    png_infop info_;
};

void PngWriter::on_error(png_structp png, png_const_charp message) {
    auto *writer = static_cast<PngWriter *>(png_get_error_ptr(png));
    std::snprintf(writer->message_.data(), writer->message_.size(), "%s", message);
    png_longjmp(png, 1);
}

void PngWriter::on_write(png_structp png, png_bytep bytes, std::size_t count) {
    auto *writer = static_cast<PngWriter *>(png_get_io_ptr(png));
    try {
        const auto *const begin = reinterpret_cast<const std::byte *>(bytes);
        writer->out_.insert(writer->out_.end(), begin, begin + count);
    } catch (...) {
        writer->memory_.lack();
    }
    // Not within the handler: longjmp must not leave one.
    if (writer->memory_.lacking()) png_error(png, "out of memory");
}

bool PngWriter::guarded(PngWriter &writer) {
    if (setjmp(png_jmpbuf(writer.png_)) != 0) return false;
    png_set_write_fn(writer.png_, &writer, on_write, on_flush);
    png_set_benign_errors(writer.png_, 1);
    writer.write_header();
    png_write_info(writer.png_, writer.info_);
    writer.write_metadata();
    writer.write_rows();
    png_write_end(writer.png_, nullptr);
    return true;
}

void PngWriter::write_header() {
    png_set_user_limits(png_, kLargestSide, kLargestSide);
    png_set_compression_level(png_, options_.png_compression);
    png_set_IHDR(png_, info_, static_cast<png_uint_32>(view_.width), static_cast<png_uint_32>(view_.height),
                 sample_ == SampleType::u8 ? 8 : 16, color_type(packer_.channels()), PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
}

void PngWriter::write_metadata() {
    for (const PngChunk &chunk : chunks_) {
        png_write_chunk(png_, reinterpret_cast<png_const_bytep>(chunk.type.data()),
                        reinterpret_cast<png_const_bytep>(chunk.data.data()), chunk.data.size());
    }
}

void PngWriter::write_rows() {
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
    for (std::int32_t y = 0; y < view_.height; ++y) {
        packer_.pack(y, row_.data());
        png_write_row(png_, reinterpret_cast<png_const_bytep>(row_.data()));
    }
}

bool sniff_png(std::span<const std::byte> bytes) noexcept {
    return bytes.size() >= kSignature.size() &&
           std::memcmp(bytes.data(), kSignature.data(), kSignature.size()) == 0;
}

std::vector<std::byte> encode_png(const ConstImageView &view, const Metadata &metadata,
                                  const EncodeOptions &options) {
    Metadata written = metadata;
    const ColorTags &color = written.color;
    if (view.transfer == Transfer::srgb && written.icc.empty() && color == ColorTags{})
        written.color.srgb = std::uint8_t{PNG_sRGB_INTENT_PERCEPTUAL};
    return PngWriter(view, written, options).encode();
}

} // namespace

Codec png_codec() noexcept {
    static constexpr std::array<std::string_view, 1> kExtensions{".png"};
    return {"png", kExtensions, sniff_png, decode_png, encode_png, 16, INT32_MAX};
}

} // namespace mirra::image::detail
