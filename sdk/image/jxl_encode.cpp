// Pixels to JPEG XL, through libjxl. Also JPEG XL's line in the table of codecs.
#include "codec.hpp"
#include "color_tags.hpp"
#include "exif.hpp"
#include "jxl_color.hpp"
#include "jxl_file.hpp"
#include "jxl_memory.hpp"
#include "notes.hpp"
#include "profile.hpp"
#include "rows.hpp"
#include "xmp.hpp"

#include <memory>
#include <new>

#include <jxl/encode.h>

namespace mirra::image::detail {
namespace {

constexpr int kLossless = 100; ///< the quality that means it
constexpr std::int32_t kLargestSide = (1 << 30) - 1;

struct Deleter {
    void operator()(JxlEncoder *encoder) const noexcept { JxlEncoderDestroy(encoder); }
};

/// libjxl's measure, in which 1 is the least loss that can be seen, of a quality as JPEG's.
float distance_of(int quality) {
    const auto q = static_cast<float>(quality);
    return quality >= 30 ? 0.1F + (100 - q) * 0.09F : 53.0F / 3000 * q * q - 23.0F / 20 * q + 25;
}

SampleType file_sample(const ConstImageView &view, const EncodeOptions &options) {
    constexpr int kByte = 8, kReal = 32;
    const bool real = view.sample == SampleType::f16 || view.sample == SampleType::f32;
    if (options.bit_depth == kByte || (options.bit_depth == 0 && view.sample == SampleType::u8))
        return SampleType::u8;
    return options.bit_depth == kReal || (options.bit_depth == 0 && real) ? SampleType::f32 : SampleType::u16;
}

bool is_profile(ByteSpan icc) {
    const ForkPause pause;
    const auto context = make_context();
    return open_profile(context, icc) != nullptr;
}

class JxlWriter {
  public:
    JxlWriter(const ConstImageView &view, const Metadata &metadata, const EncodeOptions &options)
        : view_(view)
        , metadata_(metadata)
        , options_(options)
        , sample_(file_sample(view, options))
        , lossless_(options.jpeg_quality == kLossless) {
        const auto manager = memory_.manager();
        encoder_.reset(JxlEncoderCreate(&manager));
        if (encoder_ == nullptr) throw std::bad_alloc();
    }
    std::vector<std::byte> encode();

  private:
    void check(JxlEncoderStatus status, const char *what) const;
    void set_info();
    void set_color();
    void add_boxes();
    void add_box(const char *type, ByteSpan content);
    void add_pixels();
    std::vector<std::byte> finish();

    ConstImageView view_;
    const Metadata &metadata_;
    const EncodeOptions &options_;
    SampleType sample_;
    bool lossless_;
    JxlMemory memory_;
    std::unique_ptr<JxlEncoder, Deleter> encoder_;
};

void JxlWriter::check(JxlEncoderStatus status, const char *what) const {
    if (status == JXL_ENC_SUCCESS) return;
    if (memory_.was_lacking() || JxlEncoderGetError(encoder_.get()) == JXL_ENC_ERR_OOM)
        throw std::bad_alloc();
    throw Error(ErrorCode::unsupported, std::string("cannot write the JPEG XL: libjxl refuses ") + what);
}

void JxlWriter::set_info() {
    constexpr std::uint32_t kRealExponent = 8;
    JxlBasicInfo info{};
    JxlEncoderInitBasicInfo(&info);
    info.xsize = static_cast<std::uint32_t>(view_.width);
    info.ysize = static_cast<std::uint32_t>(view_.height);
    info.bits_per_sample = static_cast<std::uint32_t>(8 * sample_bytes(sample_));
    info.exponent_bits_per_sample = sample_ == SampleType::f32 ? kRealExponent : 0;
    info.num_color_channels = static_cast<std::uint32_t>(view_.color_channels());
    if (view_.has_alpha()) {
        info.num_extra_channels = 1;
        info.alpha_bits = info.bits_per_sample;
        info.alpha_exponent_bits = info.exponent_bits_per_sample;
    }
    info.uses_original_profile = lossless_ ? JXL_TRUE : JXL_FALSE;
    info.orientation = static_cast<JxlOrientation>(read_orientation(metadata_.exif));
    check(JxlEncoderSetBasicInfo(encoder_.get(), &info), "the size or the samples");
    const int level = JxlEncoderGetRequiredCodestreamLevel(encoder_.get());
    if (level > 0) check(JxlEncoderSetCodestreamLevel(encoder_.get(), level), "the level of the codestream");
}

void JxlWriter::set_color() {
    const bool gray = view_.channels < 3;
    const bool by_profile = !metadata_.icc.empty() && !metadata_.color.cicp;
    const auto color = by_profile ? std::nullopt : jxl_color(metadata_.color, gray);
    if (color && JxlEncoderSetColorEncoding(encoder_.get(), &*color) == JXL_ENC_SUCCESS) return;
    const auto icc = profile_to_write(metadata_, gray, options_.notes);
    if (!icc.empty()) {
        if (is_profile(icc) &&
            JxlEncoderSetICCProfile(encoder_.get(), reinterpret_cast<const std::uint8_t *>(icc.data()),
                                    icc.size()) == JXL_ENC_SUCCESS)
            return;
        add_note(options_.notes, "libjxl does not take the colour profile, which was left out.");
    }
    const auto plain = jxl_color({}, gray);
    check(JxlEncoderSetColorEncoding(encoder_.get(), &*plain), "the colours");
}

void JxlWriter::add_box(const char *type, ByteSpan content) {
    if (content.empty()) return;
    check(JxlEncoderAddBox(encoder_.get(), type, reinterpret_cast<const std::uint8_t *>(content.data()),
                           content.size(), JXL_FALSE),
          "the metadata");
}

void JxlWriter::add_boxes() {
    std::vector<std::byte> xmp = metadata_.xmp;
    for (const Text &left : add_texts_to_xmp(xmp, metadata_.texts))
        add_note(options_.notes,
                 "The text '" + left.keyword + "' has no place in a JPEG XL and was left out.");
    if (!metadata_.photoshop.empty())
        add_note(options_.notes, "Photoshop's data have no place in a JPEG XL and were left out.");
    if (metadata_.exif.empty() && xmp.empty()) return;
    check(JxlEncoderUseBoxes(encoder_.get()), "boxes");
    if (!metadata_.exif.empty()) {
        std::vector<std::byte> exif(4); // where the TIFF block begins behind this number
        append(exif, metadata_.exif);
        add_box("Exif", exif);
    }
    add_box("xml ", xmp);
    JxlEncoderCloseBoxes(encoder_.get());
}

void JxlWriter::add_pixels() {
    JxlEncoderFrameSettings *const settings = JxlEncoderFrameSettingsCreate(encoder_.get(), nullptr);
    if (settings == nullptr) throw std::bad_alloc();
    if (lossless_)
        check(JxlEncoderSetFrameLossless(settings, JXL_TRUE), "to be lossless");
    else
        check(JxlEncoderSetFrameDistance(settings, distance_of(options_.jpeg_quality)), "the quality");
    RowPacker packer(view_, sample_, RowAlpha::straight);
    std::vector<std::byte> rows(packer.row_bytes() * static_cast<std::size_t>(view_.height));
    for (std::int32_t y = 0; y < view_.height; ++y)
        packer.pack(y, rows.data() + packer.row_bytes() * static_cast<std::size_t>(y));
    const auto type = sample_ == SampleType::u8    ? JXL_TYPE_UINT8
                      : sample_ == SampleType::u16 ? JXL_TYPE_UINT16
                                                   : JXL_TYPE_FLOAT;
    const JxlPixelFormat format{static_cast<std::uint32_t>(view_.channels), type, JXL_NATIVE_ENDIAN, 0};
    check(JxlEncoderAddImageFrame(settings, &format, rows.data(), rows.size()), "the pixels");
    JxlEncoderCloseInput(encoder_.get());
}

std::vector<std::byte> JxlWriter::finish() {
    constexpr std::size_t kFirstBytes = 1U << 16;
    std::vector<std::byte> out(kFirstBytes);
    auto *next = reinterpret_cast<std::uint8_t *>(out.data());
    std::size_t room = out.size();
    for (;;) {
        const auto status = JxlEncoderProcessOutput(encoder_.get(), &next, &room);
        const std::size_t used = out.size() - room;
        if (status != JXL_ENC_NEED_MORE_OUTPUT) {
            check(status, "the pixels");
            out.resize(used);
            return out;
        }
        out.resize(2 * out.size());
        next = reinterpret_cast<std::uint8_t *>(out.data()) + used;
        room = out.size() - used;
    }
}

std::vector<std::byte> JxlWriter::encode() {
    set_info();
    set_color();
    add_boxes();
    add_pixels();
    return finish();
}

std::vector<std::byte> encode_jxl(const ConstImageView &view, const Metadata &metadata,
                                  const EncodeOptions &options) {
    return JxlWriter(view, metadata, options).encode();
}

bool sniff_jxl(std::span<const std::byte> bytes) noexcept {
    const std::string_view text = as_text(bytes);
    return text.starts_with(kJxlCodestream) || text.starts_with(kJxlContainer);
}

} // namespace

Codec jxl_codec() noexcept {
    static constexpr std::array<std::string_view, 1> kExtensions{".jxl"};
    return {"jxl", kExtensions, sniff_jxl, decode_jxl, encode_jxl, 32, kLargestSide};
}

} // namespace mirra::image::detail
