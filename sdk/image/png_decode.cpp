// PNG to pixels, through libpng. libpng reports errors by longjmp: every call into it runs in a step below
// guarded(), in frames without destructors, while what must be destroyed lives in PngReader, outside.
#include "codec.hpp"
#include "png_memory.hpp"
#include "png_metadata.hpp"

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>

#include <png.h>

namespace mirra::image::detail {
namespace {

constexpr png_uint_32 kLargestSide = 0x7fffffff;
constexpr std::uint64_t kMaxRowBytes = 8U << 20; // libpng holds several expanded rows beside the picture
constexpr std::uint64_t kDeflateRatio = 1040;    // no deflate stream expands further (1032 and its header)
constexpr std::size_t kSmallReads = 256;         // libpng drops the rest of a read that fails

struct Header {
    png_uint_32 width = 0;
    png_uint_32 height = 0;
    int depth = 0;
    int color = 0;
    int interlace = 0;
};

class PngReader {
  public:
    explicit PngReader(std::span<const std::byte> bytes)
        : bytes_(bytes)
        , png_(png_create_read_struct_2(PNG_LIBPNG_VER_STRING, this, on_error, on_warning, &memory_,
                                        PngMemory::take, PngMemory::give_back))
        , info_(png_ != nullptr ? png_create_info_struct(png_) : nullptr) {
        if (info_ != nullptr) return;
        png_destroy_read_struct(&png_, nullptr, nullptr);
        throw std::bad_alloc();
    }
    PngReader(const PngReader &) = delete;
    PngReader &operator=(const PngReader &) = delete;
    ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

    Image decode(const DecodeOptions &options);

  private:
    using Step = void (*)(PngReader &);

    [[noreturn]] static void on_error(png_structp png, png_const_charp message);
    static void on_warning(png_structp, png_const_charp) {}
    static void on_read(png_structp png, png_bytep out, std::size_t count);
    static bool guarded(PngReader &reader, Step step);
    static void read_header(PngReader &reader);
    static void read_in_small_pieces(PngReader &reader);
    static void expand(PngReader &reader);
    static void read_rows(PngReader &reader);
    static void read_end(PngReader &reader);

    void run(Step step) {
        if (guarded(*this, step)) return;
        if (memory_.lacking()) throw std::bad_alloc();
        throw Error(ErrorCode::corrupt, std::string("the PNG is damaged: ") + message_.data());
    }
    void check_header(const DecodeOptions &options) const;

    std::span<const std::byte> bytes_;
    std::size_t position_ = 0;
    std::array<char, 160> message_{};
    Header header_;
    int passes_ = 1;
    png_bytep pixels_ = nullptr;
    std::size_t row_bytes_ = 0;
    PngMemory memory_;
    png_structp png_;
    png_infop info_;
};

void PngReader::on_error(png_structp png, png_const_charp message) {
    auto *reader = static_cast<PngReader *>(png_get_error_ptr(png));
    std::snprintf(reader->message_.data(), reader->message_.size(), "%s", message);
    png_longjmp(png, 1);
}

void PngReader::on_read(png_structp png, png_bytep out, std::size_t count) {
    auto *reader = static_cast<PngReader *>(png_get_io_ptr(png));
    if (reader->bytes_.size() - reader->position_ < count) png_error(png, "the file ends early");
    std::memcpy(out, reader->bytes_.data() + reader->position_, count);
    reader->position_ += count;
}

bool PngReader::guarded(PngReader &reader, Step step) {
    if (setjmp(png_jmpbuf(reader.png_)) != 0) return false;
    step(reader);
    return true;
}

void PngReader::read_header(PngReader &reader) {
    png_set_read_fn(reader.png_, &reader, on_read);
    png_set_user_limits(reader.png_, kLargestSide, kLargestSide); // check_header is stricter
    // Metadata is read by png_metadata_read.cpp: libpng would take what a chunk announces.
    png_set_keep_unknown_chunks(reader.png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_read_info(reader.png_, reader.info_);
    Header &header = reader.header_;
    png_get_IHDR(reader.png_, reader.info_, &header.width, &header.height, &header.depth, &header.color,
                 &header.interlace, nullptr, nullptr);
}

void PngReader::read_in_small_pieces(PngReader &reader) {
    png_set_compression_buffer_size(reader.png_, kSmallReads);
}

void PngReader::expand(PngReader &reader) {
    png_set_expand(reader.png_);
    if constexpr (std::endian::native == std::endian::little) png_set_swap(reader.png_);
    reader.passes_ = png_set_interlace_handling(reader.png_);
    png_read_update_info(reader.png_, reader.info_);
}

void PngReader::read_rows(PngReader &reader) {
    for (int pass = 0; pass < reader.passes_; ++pass) {
        for (std::size_t y = 0; y < reader.header_.height; ++y)
            png_read_row(reader.png_, reader.pixels_ + y * reader.row_bytes_, nullptr);
    }
}

void PngReader::read_end(PngReader &reader) {
    png_read_end(reader.png_, reader.info_);
}

void PngReader::check_header(const DecodeOptions &options) const {
    check_pixels(header_.width, header_.height, options);
    const std::uint64_t expanded = std::uint64_t{header_.width} * (header_.depth == 16 ? 8 : 4);
    if (expanded > kMaxRowBytes) {
        throw Error(ErrorCode::limit, "the PNG is " + std::to_string(header_.width) +
                                          " pixels wide, which is more than is read (" +
                                          std::to_string(kMaxRowBytes * header_.width / expanded) + ")");
    }
    const std::uint64_t samples = png_get_channels(png_, info_);
    const std::uint64_t row_bytes =
        (header_.width * samples * static_cast<std::uint64_t>(header_.depth) + 7) / 8 + 1;
    if (!options.tolerate_damage && row_bytes * header_.height / kDeflateRatio > bytes_.size()) {
        throw Error(ErrorCode::corrupt, "the PNG is damaged: the file is too short for its " +
                                            std::to_string(header_.width) + "x" +
                                            std::to_string(header_.height) + " pixels");
    }
}

Image PngReader::decode(const DecodeOptions &options) {
    run(read_header);
    check_header(options);
    if (options.tolerate_damage) run(read_in_small_pieces);
    run(expand);
    const bool wide = png_get_bit_depth(png_, info_) == 16;
    Image image(static_cast<std::int32_t>(header_.width), static_cast<std::int32_t>(header_.height),
                png_get_channels(png_, info_), wide ? SampleType::u16 : SampleType::u8);
    row_bytes_ = image.bytes().size() / header_.height;
    if (png_get_rowbytes(png_, info_) != row_bytes_)
        throw Error(ErrorCode::internal, "unexpected PNG row size");
    pixels_ = reinterpret_cast<png_bytep>(image.bytes().data());
    if (options.tolerate_damage) {
        if (guarded(*this, read_rows)) guarded(*this, read_end);
    } else {
        run(read_rows);
        run(read_end);
    }
    image.metadata = read_png_metadata(bytes_);
    image.bit_depth = header_.color == PNG_COLOR_TYPE_PALETTE ? 8 : header_.depth;
    return image;
}

} // namespace

Image decode_png(std::span<const std::byte> bytes, const DecodeOptions &options) {
    return PngReader(bytes).decode(options);
}

} // namespace mirra::image::detail
