// JPEG XL to pixels, through libjxl.
#include "codec.hpp"
#include "exif.hpp"
#include "jxl_color.hpp"
#include "jxl_file.hpp"
#include "jxl_frames.hpp"
#include "jxl_memory.hpp"
#include "notes.hpp"
#include "straight_alpha.hpp"
#include "tiff.hpp"

#include <array>
#include <memory>
#include <new>

#include <jxl/decode.h>

namespace mirra::image::detail {
namespace {

/// What a pixel may cost while it is decoded: four planes of real numbers, each in five copies.
constexpr std::uint64_t kBytesPerPixel = 80;
constexpr std::uint64_t kSpareBytes = 48U << 20;
/// Pixels of hidden frames and layers for each pixel of the picture.
constexpr std::uint64_t kMostLayers = 32;
constexpr std::uint64_t kSparePixels = 16U << 20;
/// What a byte of the file may expand to: more than any encoder makes of a plain picture.
constexpr std::uint64_t kMaxPixelsPerByte = 1U << 20;

struct Deleter {
    void operator()(JxlDecoder *decoder) const noexcept { JxlDecoderDestroy(decoder); }
};

[[noreturn]] void fail(bool early) {
    throw Error(ErrorCode::corrupt, early ? "the JPEG XL is damaged: it ends early"
                                          : "the JPEG XL is damaged: its pixels cannot be read");
}

[[noreturn]] void refuse(const std::string &what) {
    throw Error(ErrorCode::unsupported, "this kind of JPEG XL is not supported: " + what, {},
                "convert it: djxl FILE picture.png");
}

class JxlReader {
  public:
    JxlReader(ByteSpan file, const DecodeOptions &options)
        : options_(options)
        , file_(read_jxl_file(file))
        , memory_(kSpareBytes) {
        const auto manager = memory_.manager();
        decoder_.reset(JxlDecoderCreate(&manager));
        if (decoder_ == nullptr) throw std::bad_alloc();
    }
    Image decode();

  private:
    void read_headers();
    void check_picture();
    void check_channels();
    void check_frames(std::size_t first);
    void make_image();
    void read_pixels();
    std::vector<std::byte> read_profile();
    void read_color();
    void set_orientation();
    void note_rest();
    JxlDecoderStatus next();

    const DecodeOptions &options_;
    JxlFile file_;
    JxlMemory memory_;
    std::unique_ptr<JxlDecoder, Deleter> decoder_;
    JxlBasicInfo info_{};
    JxlPixelFormat format_{};
    JxlFrames frames_;
    Image image_;
    std::uint32_t left_out_ = 0; ///< channels
};

JxlDecoderStatus JxlReader::next() {
    const auto status = JxlDecoderProcessInput(decoder_.get());
    if (status == JXL_DEC_ERROR && memory_.was_lacking()) throw std::bad_alloc();
    if (status == JXL_DEC_ERROR && memory_.was_refused())
        throw Error(ErrorCode::limit, "the JPEG XL takes more memory than its pixels can need");
    return status;
}

/// Up to the first frame, of which nothing is decoded yet.
void JxlReader::read_headers() {
    JxlDecoder *const decoder = decoder_.get();
    const auto *const begin = reinterpret_cast<const std::uint8_t *>(file_.codestream.data());
    if (JxlDecoderSubscribeEvents(decoder, JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING |
                                               JXL_DEC_FULL_IMAGE) != JXL_DEC_SUCCESS ||
        JxlDecoderSetKeepOrientation(decoder, JXL_TRUE) != JXL_DEC_SUCCESS)
        throw Error(ErrorCode::internal, "libjxl is of another version");
    if (JxlDecoderSetInput(decoder, begin, file_.codestream.size()) != JXL_DEC_SUCCESS) fail(true);
    auto status = next();
    if (status != JXL_DEC_BASIC_INFO) fail(status == JXL_DEC_NEED_MORE_INPUT);
    if (JxlDecoderGetBasicInfo(decoder, &info_) != JXL_DEC_SUCCESS) fail(false);
    check_picture();
    status = next();
    if (status != JXL_DEC_COLOR_ENCODING) fail(status == JXL_DEC_NEED_MORE_INPUT);
    const std::size_t first = file_.codestream.size() - JxlDecoderReleaseInput(decoder);
    check_frames(first);
    JxlDecoderSetInput(decoder, begin + first, file_.codestream.size() - first);
    JxlDecoderCloseInput(decoder);
}

void JxlReader::check_picture() {
    const std::uint64_t pixels = std::uint64_t{info_.xsize} * info_.ysize;
    check_pixels(info_.xsize, info_.ysize, options_);
    if (!options_.tolerate_damage && pixels / kMaxPixelsPerByte > file_.codestream.size()) fail(true);
    memory_.set_limit(kSpareBytes + kBytesPerPixel * pixels + 2 * file_.codestream.size());
    if (info_.have_preview != JXL_FALSE) refuse("it has a preview in front of the picture");
    check_channels();
}

void JxlReader::check_channels() {
    bool has_alpha = false;
    for (std::uint32_t i = 0; i < info_.num_extra_channels; ++i) {
        JxlExtraChannelInfo channel{};
        if (JxlDecoderGetExtraChannelInfo(decoder_.get(), i, &channel) != JXL_DEC_SUCCESS) fail(false);
        if (channel.type == JXL_CHANNEL_BLACK) refuse("its colours are inks (CMYK)");
        if (channel.type != JXL_CHANNEL_ALPHA || has_alpha) ++left_out_;
        has_alpha = has_alpha || channel.type == JXL_CHANNEL_ALPHA;
    }
}

void JxlReader::check_frames(std::size_t first) {
    constexpr std::uint64_t kSampleBytes = 4;
    frames_ = read_jxl_frames(file_.codestream.subspan(first), info_);
    const std::uint64_t pixels = std::uint64_t{info_.xsize} * info_.ysize;
    if (frames_.samples * kSampleBytes <= kSpareBytes + kBytesPerPixel * pixels &&
        frames_.pixels <= kSparePixels + kMostLayers * pixels)
        return;
    throw Error(ErrorCode::limit,
                "the JPEG XL has channels or hidden frames that are far larger than the picture");
}

void JxlReader::make_image() {
    constexpr std::uint32_t kByte = 8, kWord = 16;
    const bool real = info_.exponent_bits_per_sample > 0 || info_.bits_per_sample > kWord;
    const bool narrow = info_.bits_per_sample <= kByte;
    const auto sample = real ? SampleType::f32 : narrow ? SampleType::u8 : SampleType::u16;
    const std::uint32_t channels = (info_.num_color_channels >= 3 ? 3 : 1) + (info_.alpha_bits > 0 ? 1 : 0);
    image_ = Image(static_cast<std::int32_t>(info_.xsize), static_cast<std::int32_t>(info_.ysize),
                   static_cast<std::int32_t>(channels), sample);
    image_.bit_depth = info_.bits_per_sample > kWord ? 32 : static_cast<int>(info_.bits_per_sample);
    format_ = {channels,
               real     ? JXL_TYPE_FLOAT
               : narrow ? JXL_TYPE_UINT8
                        : JXL_TYPE_UINT16,
               JXL_NATIVE_ENDIAN, 0};
}

void JxlReader::read_pixels() {
    for (;;) {
        const auto status = next();
        if (status == JXL_DEC_FULL_IMAGE) return;
        if (status == JXL_DEC_NEED_IMAGE_OUT_BUFFER) {
            if (JxlDecoderSetImageOutBuffer(decoder_.get(), &format_, image_.bytes().data(),
                                            image_.bytes().size()) != JXL_DEC_SUCCESS)
                refuse("its channels");
            continue;
        }
        if (!options_.tolerate_damage) fail(status == JXL_DEC_NEED_MORE_INPUT);
        JxlDecoderFlushImage(decoder_.get()); // what there is of it
        return;
    }
}

std::vector<std::byte> JxlReader::read_profile() {
    std::size_t size = 0;
    if (JxlDecoderGetICCProfileSize(decoder_.get(), JXL_COLOR_PROFILE_TARGET_DATA, &size) != JXL_DEC_SUCCESS)
        return {};
    std::vector<std::byte> profile(size);
    const auto status =
        JxlDecoderGetColorAsICCProfile(decoder_.get(), JXL_COLOR_PROFILE_TARGET_DATA,
                                       reinterpret_cast<std::uint8_t *>(profile.data()), size);
    return status == JXL_DEC_SUCCESS ? profile : std::vector<std::byte>();
}

/// That of the pixels, which is not always that of the picture that was encoded.
void JxlReader::read_color() {
    JxlColorEncoding color{};
    const auto has_words = [&](JxlColorProfileTarget target) {
        return JxlDecoderGetColorAsEncodedProfile(decoder_.get(), target, &color) == JXL_DEC_SUCCESS;
    };
    Metadata &metadata = image_.metadata;
    const auto tags = has_words(JXL_COLOR_PROFILE_TARGET_DATA) ? tags_of(color) : std::nullopt;
    if (tags)
        metadata.color = *tags;
    else
        metadata.icc = read_profile();
    if (info_.uses_original_profile == JXL_FALSE && !has_words(JXL_COLOR_PROFILE_TARGET_ORIGINAL))
        add_note(metadata.notes,
                 "The picture's colours became sRGB: libjxl cannot give those of its profile.");
}

/// That of the codestream counts, whatever EXIF says; EXIF is where this library looks for it.
void JxlReader::set_orientation() {
    auto &exif = image_.metadata.exif;
    const auto turned = static_cast<int>(info_.orientation);
    if (read_orientation(exif) == turned) return;
    Tiff<std::byte> tiff(exif);
    tiff.set_whole(tiff.first(), kOrientationTag, static_cast<std::uint32_t>(turned));
    if (read_orientation(exif) == turned) return;
    if (!exif.empty())
        add_note(image_.metadata.notes,
                 "The EXIF data do not hold the picture's orientation and were left out.");
    exif = orientation_alone(turned);
}

void JxlReader::note_rest() {
    auto &notes = image_.metadata.notes;
    const int further = frames_.shown - 1;
    if (info_.have_animation != JXL_FALSE && further > 0)
        add_note(notes, (frames_.whole ? "" : "At least ") + std::to_string(further) +
                            " further pictures of an animation were left out.");
    if (left_out_ > 0)
        add_note(notes, std::to_string(left_out_) +
                            " of the picture's channels have no meaning here and were left out.");
    if (info_.bits_per_sample > 16 && info_.exponent_bits_per_sample == 0)
        add_note(notes,
                 "Samples of " + std::to_string(info_.bits_per_sample) + " bits were read as real numbers.");
}

Image JxlReader::decode() {
    if (file_.ends_early && !options_.tolerate_damage) fail(true);
    read_headers();
    make_image();
    image_.metadata = std::move(file_.metadata);
    read_color();
    set_orientation();
    read_pixels();
    decoder_.reset();
    if (info_.alpha_bits > 0 && info_.alpha_premultiplied != JXL_FALSE) make_straight(image_);
    note_rest();
    return std::move(image_);
}

} // namespace

Image decode_jxl(ByteSpan bytes, const DecodeOptions &options) {
    return JxlReader(bytes, options).decode();
}

} // namespace mirra::image::detail
