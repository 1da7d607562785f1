#include "images.hpp"

#include <cmath>
#include <cstring>
#include <new>

namespace mirra_openfx {
namespace {

OfxImageClipHandle clip_of(OfxImageEffectHandle effect, const char *name, OfxPropertySetHandle *properties) {
    OfxImageClipHandle clip = nullptr;
    check(suites().effect->clipGetHandle(effect, name, &clip, properties));
    return clip;
}

OfxPropertySetHandle fetched(OfxImageEffectHandle effect, const char *name, OfxTime time) {
    OfxPropertySetHandle image = nullptr;
    check(suites().effect->clipGetImage(clip_of(effect, name, nullptr), time, nullptr, &image));
    if (image == nullptr) throw HostFailure{kOfxStatFailed};
    return image;
}

mirra_format format_of(const std::string &depth) {
    if (depth == kOfxBitDepthByte) return MIRRA_FORMAT_U8;
    if (depth == kOfxBitDepthShort) return MIRRA_FORMAT_U16;
    if (depth == kOfxBitDepthFloat) return MIRRA_FORMAT_F32;
    throw api::Error(MIRRA_E_UNSUPPORTED, "samples of the kind " + depth + " are not filtered", "Source");
}

bool contains(const OfxRectI &rect, const OfxRectI &part) {
    return part.x1 >= rect.x1 && part.y1 >= rect.y1 && part.x2 <= rect.x2 && part.y2 <= rect.y2;
}

mirra_color color_of(const std::string &components) {
    if (components == kOfxImageComponentRGBA) return MIRRA_COLOR_RGBA;
    if (components == kOfxImageComponentRGB) return MIRRA_COLOR_RGB;
    if (components == kOfxImageComponentAlpha) return MIRRA_COLOR_GRAY;
    throw api::Error(MIRRA_E_UNSUPPORTED, "components " + components + " are not filtered", "Source");
}

} // namespace

ClipImage::ClipImage(OfxImageEffectHandle effect, const char *clip, OfxTime time)
    : handle_(fetched(effect, clip, time))
    , properties_(handle_)
    , bounds_(properties_.rectangle(kOfxImagePropBounds))
    , whole_(properties_.rectangle(kOfxImagePropRegionOfDefinition)) {}

ClipImage::~ClipImage() {
    (void)suites().effect->clipReleaseImage(handle_);
}

mirra_image ClipImage::pixels(const OfxRectI &rect, bool linear) const {
    auto image = api::make_struct<mirra_image>();
    image.width = width(rect);
    image.height = height(rect);
    image.format = format_of(properties_.text(kOfxImageEffectPropPixelDepth));
    image.color = color_of(properties_.text(kOfxImageEffectPropComponents));
    if (image.color == MIRRA_COLOR_RGBA &&
        properties_.text(kOfxImageEffectPropPreMultiplication) == kOfxImagePreMultiplied)
        image.alpha_mode = MIRRA_ALPHA_PREMULTIPLIED;
    if (linear) image.transfer = MIRRA_TRANSFER_LINEAR;
    const int sample = image.format == MIRRA_FORMAT_U8 ? 1 : image.format == MIRRA_FORMAT_U16 ? 2 : 4;
    const std::ptrdiff_t pixel = std::ptrdiff_t{sample} * image.color;
    const std::ptrdiff_t row = properties_.whole(kOfxImagePropRowBytes);
    auto *const lowest = static_cast<std::byte *>(properties_.pointer(kOfxImagePropData));
    image.plane_count = 1;
    image.planes[0] = {lowest + (rect.y2 - 1 - bounds_.y1) * row + (rect.x1 - bounds_.x1) * pixel, pixel,
                       -row};
    return image;
}

WholePicture::WholePicture(const ClipImage &image, const OfxRectI &needed, bool linear) {
    const OfxRectI &whole = image.whole(), &bounds = image.bounds();
    if (contains(bounds, whole)) {
        view_ = image.pixels(whole, linear);
        return;
    }
    if (!contains(bounds, needed))
        throw api::Error(MIRRA_E_INVALID_ARGUMENT, "the host gave less of the picture than was asked for",
                         "Source");
    view_ = image.pixels(needed, linear);
    const mirra_plane from = view_.planes[0];
    const std::ptrdiff_t row = from.pixel_stride * width(whole);
    memory_.reset(static_cast<std::byte *>(
        std::calloc(static_cast<std::size_t>(height(whole)), static_cast<std::size_t>(row))));
    if (memory_ == nullptr) throw std::bad_alloc();
    const mirra_rect part = downwards(needed, whole);
    std::byte *const to = memory_.get() + part.y * row + part.x * from.pixel_stride;
    const auto bytes = static_cast<std::size_t>(part.width * from.pixel_stride);
    for (std::int64_t y = 0; y < part.height; ++y)
        std::memcpy(to + y * row, static_cast<const std::byte *>(from.data) + y * from.row_stride, bytes);
    view_.width = width(whole);
    view_.height = height(whole);
    view_.planes[0] = {memory_.get(), from.pixel_stride, row};
}

double aspect_of(OfxImageEffectHandle effect, const char *clip) {
    OfxPropertySetHandle properties = nullptr;
    (void)clip_of(effect, clip, &properties);
    return Properties(properties).real(kOfxImagePropPixelAspectRatio);
}

OfxRectI picture_of(OfxImageEffectHandle effect, const char *clip, OfxTime time, OfxPointD scale) {
    OfxRectD canonical{};
    check(suites().effect->clipGetRegionOfDefinition(clip_of(effect, clip, nullptr), time, &canonical));
    const double across = scale.x / aspect_of(effect, clip);
    const auto down = [](double value) { return static_cast<int>(std::floor(value + 1e-6)); };
    const auto up = [](double value) { return static_cast<int>(std::ceil(value - 1e-6)); };
    return {down(canonical.x1 * across), down(canonical.y1 * scale.y), up(canonical.x2 * across),
            up(canonical.y2 * scale.y)};
}

mirra_rect downwards(const OfxRectI &rect, const OfxRectI &picture) {
    return api::make_rect(rect.x1 - picture.x1, picture.y2 - rect.y2, width(rect), height(rect));
}

OfxRectI upwards(const mirra_rect &rect, const OfxRectI &picture) {
    const int left = picture.x1 + static_cast<int>(rect.x), top = picture.y2 - static_cast<int>(rect.y);
    return {left, top - static_cast<int>(rect.height), left + static_cast<int>(rect.width), top};
}

} // namespace mirra_openfx
