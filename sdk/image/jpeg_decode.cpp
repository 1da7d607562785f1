// JPEG to pixels, through libjpeg. libjpeg reports errors through a callback that must not return: it jumps
// to guarded(), over frames without destructors, while what must be destroyed lives in JpegReader, outside.
#include "codec.hpp"
#include "jpeg.hpp"
#include "jpeg_metadata.hpp"
#include "notes.hpp"
#include "profile.hpp"

#include <algorithm>
#include <new>

namespace mirra::image::detail {
namespace {

constexpr int kMaxScans = 500;
/// Pixels visited in all scans together; ordinary progressive files have about ten scans.
constexpr std::uint64_t kMaxScanWork = std::uint64_t{1} << 33;
/// Outside of arithmetic coding every block of 64 pixels takes at least one bit.
constexpr std::uint64_t kMaxPixelsPerByte = 512;

constexpr std::size_t kStrayBytes = 64;

class JpegReader {
  public:
    JpegReader(std::span<const std::byte> bytes, const DecodeOptions &options);
    JpegReader(const JpegReader &) = delete;
    JpegReader &operator=(const JpegReader &) = delete;
    ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

    Image decode();

  private:
    using Step = void (*)(JpegReader &);

    [[noreturn]] static void on_error(j_common_ptr jpeg);
    static void on_message(j_common_ptr jpeg, int level);
    static void on_progress(j_common_ptr jpeg);
    static bool guarded(JpegReader &reader, Step step);
    static void read_header(JpegReader &reader);
    static void read_pixels(JpegReader &reader);

    [[noreturn]] void fail() const;
    void run(Step step) {
        if (!guarded(*this, step)) fail();
    }
    [[nodiscard]] bool is_damage(int code) const;
    void check_header() const;
    static void choose_scale(JpegReader &reader);
    void read_row(JSAMPROW row);
    void prepare_inks();
    void note_rest();

    std::span<const std::byte> bytes_;
    const DecodeOptions &options_;
    jpeg_decompress_struct jpeg_{};
    jpeg_error_mgr errors_{};
    jpeg_progress_mgr progress_{};
    std::jmp_buf jump_{};
    std::array<char, JMSG_LENGTH_MAX> message_{};
    bool needs_end_ = true; ///< whether pixels may be missing where the end marker is
    bool too_many_scans_ = false;
    std::vector<JSAMPLE> cmyk_;
    std::unique_ptr<InkConverter> inks_; ///< null: without a profile's help
    Metadata metadata_;
    std::span<std::byte> pixels_;
};

JpegReader::JpegReader(std::span<const std::byte> bytes, const DecodeOptions &options)
    : bytes_(bytes)
    , options_(options) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = on_error;
    errors_.emit_message = on_message;
    progress_.progress_monitor = on_progress;
    const bool created = guarded(*this, [](JpegReader &reader) { jpeg_create_decompress(&reader.jpeg_); });
    if (!created) throw std::bad_alloc();
    jpeg_.progress = &progress_;
}

void JpegReader::on_error(j_common_ptr jpeg) {
    auto *reader = static_cast<JpegReader *>(jpeg->client_data);
    jpeg->err->format_message(jpeg, reader->message_.data());
    std::longjmp(reader->jump_, 1);
}

void JpegReader::on_message(j_common_ptr jpeg, int level) {
    auto *reader = static_cast<JpegReader *>(jpeg->client_data);
    if (level >= 0) return;
    ++jpeg->err->num_warnings;
    if (!reader->options_.tolerate_damage && reader->is_damage(jpeg->err->msg_code)) on_error(jpeg);
}

/// libjpeg goes on after damage and fills with gray; these of its warnings mean that pixels are wrong.
bool JpegReader::is_damage(int code) const {
    switch (code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_ARITH_BAD_CODE:
        return true;
    case JWRN_JPEG_EOF:
        return needs_end_;
    default:
        return false;
    }
}

void JpegReader::on_progress(j_common_ptr jpeg) {
    auto *reader = static_cast<JpegReader *>(jpeg->client_data);
    const auto scans = static_cast<std::uint64_t>(reader->jpeg_.input_scan_number);
    const std::uint64_t pixels = std::uint64_t{reader->jpeg_.image_width} * reader->jpeg_.image_height;
    reader->too_many_scans_ = scans > kMaxScans || scans * pixels > kMaxScanWork;
    if (reader->too_many_scans_) std::longjmp(reader->jump_, 1);
}

bool JpegReader::guarded(JpegReader &reader, Step step) {
    if (setjmp(reader.jump_) != 0) return false;
    step(reader);
    return true;
}

void JpegReader::read_header(JpegReader &reader) {
    jpeg_decompress_struct &jpeg = reader.jpeg_;
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char *>(reader.bytes_.data()),
                 static_cast<unsigned long>(reader.bytes_.size()));
    jpeg_read_header(&jpeg, TRUE);
    reader.needs_end_ = jpeg_has_multiple_scans(&jpeg) != FALSE || jpeg.arith_code != FALSE;
}

/// CMYK by its profile, or else the light that ink and black let through. Adobe stores it inverted.
void JpegReader::read_row(JSAMPROW row) {
    if (cmyk_.empty()) {
        jpeg_read_scanlines(&jpeg_, &row, 1);
        return;
    }
    JSAMPROW inks = cmyk_.data();
    jpeg_read_scanlines(&jpeg_, &inks, 1);
    if (inks_) return inks_->convert(inks, row, jpeg_.output_width);
    const unsigned flip = jpeg_.saw_Adobe_marker != FALSE ? 0U : 255U;
    for (std::size_t x = 0; x < jpeg_.output_width; ++x) {
        const unsigned black = inks[x * 4 + 3] ^ flip;
        for (std::size_t i = 0; i < 3; ++i) {
            row[x * 3 + i] = static_cast<JSAMPLE>(((inks[x * 4 + i] ^ flip) * black + 127U) / 255U);
        }
    }
}

void JpegReader::read_pixels(JpegReader &reader) {
    jpeg_decompress_struct &jpeg = reader.jpeg_;
    jpeg.out_color_space = jpeg.num_components == 1   ? JCS_GRAYSCALE
                           : jpeg.num_components == 4 ? JCS_CMYK
                                                      : JCS_RGB;
    jpeg_start_decompress(&jpeg);
    const std::size_t row_bytes = reader.pixels_.size() / jpeg.output_height;
    while (jpeg.output_scanline < jpeg.output_height) {
        reader.read_row(reinterpret_cast<JSAMPROW>(reader.pixels_.data() + jpeg.output_scanline * row_bytes));
    }
    jpeg_finish_decompress(&jpeg);
}

void JpegReader::fail() const {
    if (too_many_scans_) {
        throw Error(ErrorCode::limit, "the JPEG has more scans than any honest file (" +
                                          std::to_string(jpeg_.input_scan_number) + ")");
    }
    switch (errors_.msg_code) {
    case JERR_OUT_OF_MEMORY:
        throw std::bad_alloc();
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_NOTIMPL:
        throw Error(ErrorCode::unsupported,
                    std::string("this kind of JPEG is not supported: ") + message_.data(), {},
                    "convert it to an 8-bit baseline or progressive JPEG, or to PNG");
    default:
        throw Error(ErrorCode::corrupt, std::string("the JPEG is damaged: ") + message_.data());
    }
}

void JpegReader::check_header() const {
    check_pixels(jpeg_.image_width, jpeg_.image_height, options_);
    if (jpeg_.num_components != 1 && jpeg_.num_components != 3 && jpeg_.num_components != 4) {
        throw Error(ErrorCode::unsupported, "the JPEG has " + std::to_string(jpeg_.num_components) +
                                                " components; only 1, 3 and 4 have a meaning");
    }
    const std::uint64_t pixels = std::uint64_t{jpeg_.image_width} * jpeg_.image_height;
    const bool can_judge = jpeg_.arith_code == FALSE && !options_.tolerate_damage;
    if (can_judge && pixels / kMaxPixelsPerByte > bytes_.size()) {
        throw Error(ErrorCode::corrupt, "the JPEG is damaged: the file is too short for its " +
                                            std::to_string(jpeg_.image_width) + "x" +
                                            std::to_string(jpeg_.image_height) + " pixels");
    }
}

/// A profile for inks says how they become light, and has no meaning afterwards.
void JpegReader::prepare_inks() {
    cmyk_.resize(std::size_t{jpeg_.output_width} * 4);
    if (metadata_.icc.empty()) return;
    inks_ = InkConverter::make(metadata_.icc, jpeg_.saw_Adobe_marker != FALSE);
    metadata_.icc.clear();
    metadata_.color = ColorTags{};
    add_note(metadata_.notes, inks_ ? "The picture's inks (CMYK) became sRGB by their colour profile."
                                    : "The picture's inks (CMYK) became RGB without their damaged profile.");
}

/// After the pixels were read: what lies behind them is lost.
void JpegReader::note_rest() {
    const auto rest = std::span(bytes_).last(std::min(jpeg_.src->bytes_in_buffer, bytes_.size()));
    const auto padding = [](std::byte each) { return each == std::byte{0} || each == std::byte{0xff}; };
    if (rest.size() > kStrayBytes && !std::ranges::all_of(rest, padding))
        add_note(metadata_.notes, std::to_string(rest.size()) + " bytes behind the picture were left out.");
}

/// The inverse DCT gives half, a quarter or an eighth of the extent at a fraction of the cost.
void JpegReader::choose_scale(JpegReader &reader) {
    constexpr unsigned kSmallestPart = 8;
    jpeg_decompress_struct &jpeg = reader.jpeg_;
    const auto shorter = std::min(jpeg.image_width, jpeg.image_height);
    const auto wanted = static_cast<JDIMENSION>(std::max(0, reader.options_.reduce_to));
    jpeg.scale_num = 1;
    jpeg.scale_denom = 1;
    while (wanted > 0 && jpeg.scale_denom < kSmallestPart && shorter / (2 * jpeg.scale_denom) >= wanted)
        jpeg.scale_denom *= 2;
    jpeg_calc_output_dimensions(&jpeg);
}

Image JpegReader::decode() {
    run(read_header);
    check_header();
    run(choose_scale);
    Image image(static_cast<std::int32_t>(jpeg_.output_width), static_cast<std::int32_t>(jpeg_.output_height),
                jpeg_.num_components == 1 ? 1 : 3, SampleType::u8);
    pixels_ = image.bytes();
    metadata_ = read_jpeg_metadata(bytes_);
    if (jpeg_.num_components == 4) prepare_inks();
    const bool complete = guarded(*this, read_pixels);
    if (!complete && (!options_.tolerate_damage || too_many_scans_)) fail();
    note_rest();
    image.metadata = std::move(metadata_);
    return image;
}

} // namespace

Image decode_jpeg(std::span<const std::byte> bytes, const DecodeOptions &options) {
    return JpegReader(bytes, options).decode();
}

} // namespace mirra::image::detail
