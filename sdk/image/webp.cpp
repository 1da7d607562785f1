// WebP, through libwebp; its container, with the metadata, through libwebpmux and libwebpdemux.
#include "codec.hpp"
#include "color_tags.hpp"
#include "exif.hpp"
#include "notes.hpp"
#include "rows.hpp"
#include "xmp.hpp"

#include <algorithm>
#include <memory>
#include <new>

#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>
#include <webp/mux.h>

namespace mirra::image::detail {
namespace {

constexpr int kLossless = 100; ///< the quality that means it
constexpr std::uint64_t kMaxPixelsPerByte = 1U << 20;

struct Deleter {
    void operator()(WebPDemuxer *demuxer) const noexcept { WebPDemuxDelete(demuxer); }
    void operator()(WebPIDecoder *decoder) const noexcept { WebPIDelete(decoder); }
    void operator()(WebPMux *mux) const noexcept { WebPMuxDelete(mux); }
};

[[noreturn]] void fail(VP8StatusCode status) {
    if (status == VP8_STATUS_OUT_OF_MEMORY) throw std::bad_alloc();
    if (status == VP8_STATUS_UNSUPPORTED_FEATURE)
        throw Error(ErrorCode::unsupported, "this kind of WebP is not supported");
    const bool early = status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED;
    throw Error(ErrorCode::corrupt, early ? "the WebP is damaged: it ends early"
                                          : "the WebP is damaged: its pixels cannot be read");
}

/// A chunk of the container, such as "EXIF"; empty where there is none.
ByteSpan chunk_of(const WebPDemuxer *demuxer, const char *name) {
    WebPChunkIterator found{};
    if (WebPDemuxGetChunk(demuxer, name, 1, &found) == 0) return {};
    const auto chunk = std::as_bytes(std::span(found.chunk.bytes, found.chunk.size));
    WebPDemuxReleaseChunkIterator(&found); // frees nothing of the file's own bytes
    return chunk;
}

/// The coded picture: that of an animation's first frame.
struct Coded {
    ByteSpan bytes;
    int frames = 1;
};

Coded coded_picture(const WebPDemuxer *demuxer, ByteSpan file) {
    Coded out{file};
    if (demuxer == nullptr) return out;
    out.frames = static_cast<int>(WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT));
    WebPIterator frame{};
    if ((WebPDemuxGetI(demuxer, WEBP_FF_FORMAT_FLAGS) & ANIMATION_FLAG) == 0 ||
        WebPDemuxGetFrame(demuxer, 1, &frame) == 0)
        return out;
    out.bytes = std::as_bytes(std::span(frame.fragment.bytes, frame.fragment.size));
    WebPDemuxReleaseIterator(&frame);
    return out;
}

Metadata metadata_of(const WebPDemuxer *demuxer, int frames) {
    Metadata metadata;
    if (demuxer == nullptr) return metadata;
    metadata.icc = copy_of(chunk_of(demuxer, "ICCP"));
    metadata.exif = copy_of(exif_block(chunk_of(demuxer, "EXIF")));
    metadata.xmp = copy_of(chunk_of(demuxer, "XMP "));
    if (frames > 1)
        add_note(metadata.notes,
                 std::to_string(frames - 1) + " further pictures of an animation were left out.");
    return metadata;
}

Image decode_webp(std::span<const std::byte> bytes, const DecodeOptions &options) {
    const WebPData data{reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()};
    WebPDemuxState state = WEBP_DEMUX_PARSING_HEADER;
    const std::unique_ptr<WebPDemuxer, Deleter> demuxer(WebPDemuxPartial(&data, &state));
    const Coded coded = coded_picture(demuxer.get(), bytes);
    const auto *const begin = reinterpret_cast<const std::uint8_t *>(coded.bytes.data());
    WebPDecoderConfig config{};
    if (WebPInitDecoderConfig(&config) == 0)
        throw Error(ErrorCode::internal, "libwebp is of another version");
    if (const auto status = WebPGetFeatures(begin, coded.bytes.size(), &config.input);
        status != VP8_STATUS_OK)
        fail(status);
    const auto width = static_cast<std::uint64_t>(config.input.width),
               height = static_cast<std::uint64_t>(config.input.height);
    check_pixels(width, height, options);
    if (!options.tolerate_damage && width * height / kMaxPixelsPerByte > coded.bytes.size())
        fail(VP8_STATUS_NOT_ENOUGH_DATA);
    const int channels = config.input.has_alpha != 0 ? 4 : 3;
    Image image(config.input.width, config.input.height, channels, SampleType::u8);
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = {reinterpret_cast<std::uint8_t *>(image.bytes().data()),
                            config.input.width * channels, image.bytes().size()};
    const std::unique_ptr<WebPIDecoder, Deleter> decoder(WebPIDecode(nullptr, 0, &config));
    if (decoder == nullptr) throw std::bad_alloc();
    const auto status = WebPIUpdate(decoder.get(), begin, coded.bytes.size());
    if (status != VP8_STATUS_OK && (!options.tolerate_damage || status == VP8_STATUS_OUT_OF_MEMORY))
        fail(status);
    image.metadata = metadata_of(demuxer.get(), coded.frames);
    return image;
}

/// libwebp's picture with its planes.
class Picture {
  public:
    Picture() {
        if (WebPPictureInit(&picture_) == 0)
            throw Error(ErrorCode::internal, "libwebp is of another version");
    }
    Picture(const Picture &) = delete;
    Picture &operator=(const Picture &) = delete;
    ~Picture() { WebPPictureFree(&picture_); }
    [[nodiscard]] WebPPicture &get() noexcept { return picture_; }

  private:
    WebPPicture picture_{};
};

/// What libwebp and its container allocate.
struct Written {
    WebPMemoryWriter writer{};
    Written() { WebPMemoryWriterInit(&writer); }
    Written(const Written &) = delete;
    Written &operator=(const Written &) = delete;
    ~Written() { WebPMemoryWriterClear(&writer); }
};

/// Rows of RGB or RGBA; gray is replicated.
std::vector<std::uint8_t> rgb_rows(const ConstImageView &view) {
    RowPacker packer(view, SampleType::u8, RowAlpha::straight);
    const auto from = static_cast<std::size_t>(packer.channels()), to = from + (from < 3 ? 2U : 0U);
    const auto width = static_cast<std::size_t>(view.width);
    std::vector<std::uint8_t> out(width * static_cast<std::size_t>(view.height) * to);
    std::vector<std::byte> row(packer.row_bytes());
    auto *at = out.data();
    for (std::int32_t y = 0; y < view.height; ++y) {
        packer.pack(y, row.data());
        for (std::size_t x = 0; x < width; ++x)
            for (std::size_t c = 0; c < to; ++c) {
                const std::size_t source = to == from ? c : c < 3 ? 0 : 1;
                *at++ = std::to_integer<std::uint8_t>(row[x * from + source]);
            }
    }
    return out;
}

void add_chunk(WebPMux *mux, const char *name, ByteSpan bytes) {
    if (bytes.empty()) return;
    const WebPData data{reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()};
    if (WebPMuxSetChunk(mux, name, &data, 0) != WEBP_MUX_OK) throw std::bad_alloc();
}

std::vector<std::byte> with_metadata(const Written &coded, const Metadata &metadata,
                                     std::vector<std::string> *notes) {
    const WebPData data{coded.writer.mem, coded.writer.size};
    const std::unique_ptr<WebPMux, Deleter> mux(WebPMuxNew());
    if (mux == nullptr || WebPMuxSetImage(mux.get(), &data, 0) != WEBP_MUX_OK) throw std::bad_alloc();
    std::vector<std::byte> xmp = metadata.xmp;
    for (const Text &left : add_texts_to_xmp(xmp, metadata.texts))
        add_note(notes, "The text '" + left.keyword + "' has no place in a WebP and was left out.");
    if (!metadata.photoshop.empty())
        add_note(notes, "Photoshop's data have no place in a WebP and were left out.");
    const auto icc =
        profile_to_write(metadata, false, notes); // the chunks' bytes must live until all are put together
    add_chunk(mux.get(), "ICCP", icc);
    add_chunk(mux.get(), "EXIF", metadata.exif);
    add_chunk(mux.get(), "XMP ", xmp);
    WebPData whole{};
    if (WebPMuxAssemble(mux.get(), &whole) != WEBP_MUX_OK) throw std::bad_alloc();
    const auto bytes = std::as_bytes(std::span(whole.bytes, whole.size));
    const std::unique_ptr<WebPData, void (*)(WebPData *)> owned(&whole, WebPDataClear);
    return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> encode_webp(const ConstImageView &view, const Metadata &metadata,
                                   const EncodeOptions &options) {
    WebPConfig config{};
    const auto quality = static_cast<float>(options.jpeg_quality);
    if (WebPConfigPreset(&config, WEBP_PRESET_PHOTO, quality) == 0)
        throw Error(ErrorCode::internal, "libwebp is of another version");
    config.lossless = options.jpeg_quality == kLossless ? 1 : 0;
    config.exact = config.lossless;
    config.use_sharp_yuv = 1 - config.lossless;
    const auto rows = rgb_rows(view);
    Picture picture;
    Written written;
    picture.get().use_argb = 1;
    picture.get().width = view.width;
    picture.get().height = view.height;
    picture.get().writer = WebPMemoryWrite;
    picture.get().custom_ptr = &written.writer;
    const int stride = static_cast<int>(rows.size() / static_cast<std::size_t>(view.height));
    const auto import = view.has_alpha() ? WebPPictureImportRGBA : WebPPictureImportRGB;
    if (import(&picture.get(), rows.data(), stride) == 0 || WebPEncode(&config, &picture.get()) == 0) {
        if (picture.get().error_code == VP8_ENC_ERROR_OUT_OF_MEMORY) throw std::bad_alloc();
        throw Error(ErrorCode::unsupported,
                    "cannot write the WebP: libwebp's error " + std::to_string(picture.get().error_code));
    }
    return with_metadata(written, metadata, options.notes);
}

bool sniff_webp(std::span<const std::byte> bytes) noexcept {
    const std::string_view text = as_text(bytes);
    return text.starts_with("RIFF") && text.size() >= 12 && text.substr(8, 4) == "WEBP";
}

} // namespace

Codec webp_codec() noexcept {
    static constexpr std::array<std::string_view, 1> kExtensions{".webp"};
    return {"webp", kExtensions, sniff_webp, decode_webp, encode_webp, 8, WEBP_MAX_DIMENSION};
}

} // namespace mirra::image::detail
