#include "clips.hpp"

#include <VSConstants4.h>

#include <algorithm>
#include <cctype>

namespace mirra_vapoursynth {
namespace {

constexpr int no_format = 0;

// 0 where Mirra has none.
mirra_format format_of(const VSVideoFormat &format) noexcept {
    if (format.sampleType == stFloat)
        return format.bitsPerSample == 32   ? MIRRA_FORMAT_F32
               : format.bitsPerSample == 16 ? MIRRA_FORMAT_F16
                                            : no_format;
    return format.bitsPerSample == 8    ? MIRRA_FORMAT_U8
           : format.bitsPerSample == 16 ? MIRRA_FORMAT_U16
                                        : no_format;
}

bool is_linear(const VSMap *properties, const VSAPI *vs) noexcept {
    int absent = 0;
    const std::int64_t transfer = vs->mapGetInt(properties, "_Transfer", 0, &absent);
    return absent == 0 && transfer == VSC_TRANSFER_LINEAR;
}

mirra_image described(const VSFrame *frame, const VSAPI *vs) noexcept {
    const VSVideoFormat &format = *vs->getVideoFrameFormat(frame);
    auto image = api::make_struct<mirra_image>();
    image.width = vs->getFrameWidth(frame, 0);
    image.height = vs->getFrameHeight(frame, 0);
    image.format = format_of(format);
    image.color = format.numPlanes;
    image.plane_count = static_cast<std::uint32_t>(format.numPlanes);
    if (is_linear(vs->getFramePropertiesRO(frame), vs)) image.transfer = MIRRA_TRANSFER_LINEAR;
    return image;
}

// The name of a property: letters, digits and '_'.
std::string key_of(std::string name) {
    std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return "mirra_" + name;
}

} // namespace

std::string refusal(const VSVideoInfo &clip) {
    const VSVideoFormat &format = clip.format;
    if (format.colorFamily == cfUndefined || clip.width == 0 || clip.height == 0)
        return "the clip's format or size changes. Make it constant with resize.Bicubic(clip, width=..., "
               "height=..., format=vs.RGBS)";
    if (format.colorFamily == cfYUV)
        return "the clip is YUV. Make it RGB with resize.Bicubic(clip, format=vs.RGBS, matrix_in_s='709'), "
               "and YUV again after it";
    if (format_of(format) == no_format)
        return "samples of " + std::to_string(format.bitsPerSample) +
               " bits are not served. Use RGB24, RGB48, RGBH, RGBS, GRAY8, GRAY16, GRAYH or GRAYS: "
               "resize.Point(clip, format=vs.RGB48)";
    return "";
}

api::ConstImage source_of(const VSFrame *frame, const VSAPI *vs) {
    mirra_image image = described(frame, vs);
    for (int plane = 0; plane < image.color; ++plane) {
        // Never written, though the pointer is not const.
        auto *const data = const_cast<std::uint8_t *>(vs->getReadPtr(frame, plane));
        image.planes[plane] = {data, vs->getVideoFrameFormat(frame)->bytesPerSample,
                               vs->getStride(frame, plane)};
    }
    return api::ConstImage(image);
}

api::Image target_of(VSFrame *frame, const VSAPI *vs) {
    mirra_image image = described(frame, vs);
    for (int plane = 0; plane < image.color; ++plane)
        image.planes[plane] = {vs->getWritePtr(frame, plane), vs->getVideoFrameFormat(frame)->bytesPerSample,
                               vs->getStride(frame, plane)};
    return api::Image(image);
}

void add_properties(VSFrame *frame, const api::Result &result, const VSAPI *vs) {
    VSMap *const properties = vs->getFramePropertiesRW(frame);
    for (const auto &[name, value] : result.values()) {
        const std::string key = key_of(name);
        if (value.type() == MIRRA_TYPE_FLOAT) {
            vs->mapSetFloat(properties, key.c_str(), value.as<double>(), maReplace);
        } else if (value.type() == MIRRA_TYPE_INT || value.type() == MIRRA_TYPE_BOOL) {
            vs->mapSetInt(properties, key.c_str(), value.get().integer, maReplace);
        } else {
            const auto text = value.as<std::string>();
            vs->mapSetData(properties, key.c_str(), text.data(), static_cast<int>(text.size()), dtUtf8,
                           maReplace);
        }
    }
}

} // namespace mirra_vapoursynth
