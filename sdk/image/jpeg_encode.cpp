// Pixels to JPEG, through libjpeg; errors as in jpeg_decode.cpp. Also JPEG's line in the table of codecs.
#include "codec.hpp"
#include "jpeg.hpp"
#include "jpeg_metadata.hpp"
#include "rows.hpp"

#include <algorithm>
#include <cmath>
#include <new>

namespace mirra::image::detail {
namespace {

constexpr int kLargestSide = JPEG_MAX_DIMENSION;
constexpr int kFullColorQuality = 90;
constexpr std::size_t kBufferBytes = 1U << 16;

class JpegWriter {
  public:
    JpegWriter(const ConstImageView &view, const Metadata &metadata, const EncodeOptions &options);
    JpegWriter(const JpegWriter &) = delete;
    JpegWriter &operator=(const JpegWriter &) = delete;
    ~JpegWriter() { jpeg_destroy_compress(&jpeg_); }

    std::vector<std::byte> encode();

  private:
    using Step = void (*)(JpegWriter &);

    [[noreturn]] static void on_error(j_common_ptr jpeg);
    static void on_message(j_common_ptr, int) {}
    static void on_start(j_compress_ptr jpeg);
    static boolean on_full(j_compress_ptr jpeg);
    static void on_end(j_compress_ptr jpeg);
    static bool guarded(JpegWriter &writer, Step step);
    static void write_all(JpegWriter &writer);

    bool append(std::size_t count) noexcept;
    void configure();
    void set_density();
    void write_metadata();

    const ConstImageView &view_;
    const Metadata &metadata_;
    const EncodeOptions &options_;
    RowPacker packer_;
    std::vector<std::byte> row_;
    std::vector<JpegSegment> segments_;
    std::vector<std::byte> out_;
    std::vector<JOCTET> buffer_;
    jpeg_compress_struct jpeg_{};
    jpeg_error_mgr errors_{};
    jpeg_destination_mgr destination_{};
    std::jmp_buf jump_{};
    std::array<char, JMSG_LENGTH_MAX> message_{};
};

JpegWriter::JpegWriter(const ConstImageView &view, const Metadata &metadata, const EncodeOptions &options)
    : view_(view)
    , metadata_(metadata)
    , options_(options)
    , packer_(view, SampleType::u8, RowAlpha::over_white)
    , row_(packer_.row_bytes())
    , segments_(make_jpeg_metadata(metadata, view.channels < 3, options.notes))
    , buffer_(kBufferBytes) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = on_error;
    errors_.emit_message = on_message;
    destination_.init_destination = on_start;
    destination_.empty_output_buffer = on_full;
    destination_.term_destination = on_end;
    const bool created = guarded(*this, [](JpegWriter &writer) { jpeg_create_compress(&writer.jpeg_); });
    if (!created) throw std::bad_alloc();
    jpeg_.dest = &destination_;
}

void JpegWriter::on_error(j_common_ptr jpeg) {
    auto *writer = static_cast<JpegWriter *>(jpeg->client_data);
    jpeg->err->format_message(jpeg, writer->message_.data());
    std::longjmp(writer->jump_, 1);
}

bool JpegWriter::append(std::size_t count) noexcept {
    try {
        const auto *const begin = reinterpret_cast<const std::byte *>(buffer_.data());
        out_.insert(out_.end(), begin, begin + count);
    } catch (...) {
        return false;
    }
    destination_.next_output_byte = buffer_.data();
    destination_.free_in_buffer = buffer_.size();
    return true;
}

void JpegWriter::on_start(j_compress_ptr jpeg) {
    static_cast<JpegWriter *>(jpeg->client_data)->append(0);
}

boolean JpegWriter::on_full(j_compress_ptr jpeg) {
    auto *writer = static_cast<JpegWriter *>(jpeg->client_data);
    if (!writer->append(writer->buffer_.size())) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    return TRUE;
}

void JpegWriter::on_end(j_compress_ptr jpeg) {
    auto *writer = static_cast<JpegWriter *>(jpeg->client_data);
    const std::size_t used = writer->buffer_.size() - writer->destination_.free_in_buffer;
    if (!writer->append(used)) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
}

bool JpegWriter::guarded(JpegWriter &writer, Step step) {
    if (setjmp(writer.jump_) != 0) return false;
    step(writer);
    return true;
}

void JpegWriter::configure() {
    jpeg_.image_width = static_cast<JDIMENSION>(view_.width);
    jpeg_.image_height = static_cast<JDIMENSION>(view_.height);
    jpeg_.input_components = packer_.channels();
    jpeg_.in_color_space = packer_.channels() == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&jpeg_);
    jpeg_set_quality(&jpeg_, options_.jpeg_quality, TRUE);
    jpeg_.optimize_coding = TRUE;
    if (options_.jpeg_quality >= kFullColorQuality) {
        jpeg_.comp_info[0].h_samp_factor = 1;
        jpeg_.comp_info[0].v_samp_factor = 1;
    }
    if (metadata_.density) set_density();
}

/// Whole numbers of 16 bits: dots per inch, per centimetre where these are whole and those are not, or the
/// shape of a pixel.
void JpegWriter::set_density() {
    const Density &density = *metadata_.density;
    const auto whole = [](double value) {
        return static_cast<UINT16>(std::lround(std::clamp(value, 1.0, 65535.0)));
    };
    const auto is_whole = [](double value) { return std::abs(value - std::round(value)) < 0.02; };
    double scale = 1.0 / kInchesPerMetre;
    jpeg_.density_unit = kDotsPerInch;
    if (!density.has_unit) {
        scale = std::min(1.0, 65535.0 / std::max(density.x, density.y));
        jpeg_.density_unit = 0;
    } else if (is_whole(density.x / 100) && is_whole(density.y / 100) && !is_whole(density.x * scale)) {
        scale = 0.01;
        jpeg_.density_unit = kDotsPerCentimetre;
    }
    jpeg_.X_density = whole(density.x * scale);
    jpeg_.Y_density = whole(density.y * scale);
}

void JpegWriter::write_metadata() {
    for (const JpegSegment &segment : segments_) {
        jpeg_write_marker(&jpeg_, segment.marker, reinterpret_cast<const JOCTET *>(segment.data.data()),
                          static_cast<unsigned>(segment.data.size()));
    }
}

void JpegWriter::write_all(JpegWriter &writer) {
    writer.configure();
    jpeg_start_compress(&writer.jpeg_, TRUE);
    writer.write_metadata();
    for (std::int32_t y = 0; y < writer.view_.height; ++y) {
        writer.packer_.pack(y, writer.row_.data());
        JSAMPROW row = reinterpret_cast<JSAMPROW>(writer.row_.data());
        jpeg_write_scanlines(&writer.jpeg_, &row, 1);
    }
    jpeg_finish_compress(&writer.jpeg_);
}

std::vector<std::byte> JpegWriter::encode() {
    if (guarded(*this, write_all)) return std::move(out_);
    if (errors_.msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
    throw Error(ErrorCode::unsupported, std::string("cannot write the JPEG: ") + message_.data());
}

bool sniff_jpeg(std::span<const std::byte> bytes) noexcept {
    return bytes.size() >= 3 && bytes[0] == std::byte{0xff} && bytes[1] == std::byte{0xd8} &&
           bytes[2] == std::byte{0xff};
}

std::vector<std::byte> encode_jpeg(const ConstImageView &view, const Metadata &metadata,
                                   const EncodeOptions &options) {
    return JpegWriter(view, metadata, options).encode();
}

} // namespace

Codec jpeg_codec() noexcept {
    static constexpr std::array<std::string_view, 4> kExtensions{".jpg", ".jpeg", ".jpe", ".jfif"};
    return {"jpeg", kExtensions, sniff_jpeg, decode_jpeg, encode_jpeg, 8, kLargestSide};
}

} // namespace mirra::image::detail
