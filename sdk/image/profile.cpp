// ICC profiles through Little CMS.
#include "profile.hpp"

#include "color_tags.hpp"
#include "mirra/srgb_curve.hpp"

#include <array>
#include <new>

#include <lcms2_plugin.h>

namespace mirra::image::detail {
namespace {

constexpr std::array kCurveTags{cmsSigRedTRCTag, cmsSigGreenTRCTag, cmsSigBlueTRCTag, cmsSigGrayTRCTag};

struct CurveDeleter {
    void operator()(cmsToneCurve *curve) const noexcept { cmsFreeToneCurve(curve); }
};
using Curve = std::unique_ptr<cmsToneCurve, CurveDeleter>;

Curve srgb_curve(const CmsContext &context) {
    return Curve(cmsBuildParametricToneCurve(context.get(), 4, SrgbCurve::kIcc.data()));
}

/// From samples to light; null for curves that a profile cannot have.
Curve curve_of(const CmsContext &context, const ColorTags &tags) {
    constexpr std::array<double, 5> kBt709{1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081};
    const auto power = [&](double gamma) { return Curve(cmsBuildGamma(context.get(), gamma)); };
    if (!tags.cicp) return tags.gamma && !tags.srgb ? power(100000.0 / *tags.gamma) : srgb_curve(context);
    switch ((*tags.cicp)[kCicpTransfer]) {
    case kTransferBt709:
    case kTransferBt601:
    case kTransferBt2020:
    case kTransferBt2020Wide:
        return Curve(cmsBuildParametricToneCurve(context.get(), 4, kBt709.data()));
    case kTransferGamma22:
        return power(2.2);
    case kTransferGamma28:
        return power(2.8);
    case kTransferLinear:
        return power(1.0);
    case kTransferSrgb:
        return srgb_curve(context);
    default:
        return nullptr;
    }
}

CmsProfile make_profile(const CmsContext &context, const Chromaticities &at, const Curve &curve, bool gray) {
    const auto point = [&at](std::size_t i) { return cmsCIExyY{at[2 * i] / 1e5, at[2 * i + 1] / 1e5, 1.0}; };
    const cmsCIExyY white = point(0);
    if (gray) return CmsProfile(cmsCreateGrayProfileTHR(context.get(), &white, curve.get()));
    const cmsCIExyYTRIPLE primaries{point(1), point(2), point(3)};
    std::array<cmsToneCurve *, 3> curves{curve.get(), curve.get(), curve.get()};
    return CmsProfile(cmsCreateRGBProfileTHR(context.get(), &white, &primaries, curves.data()));
}

} // namespace

CmsContext make_context() {
    const ForkPause pause;
    // A context serves one thread. Little CMS's own locks are not looked at before they are used where memory
    // lacks.
    cmsPluginMutex no_locks{{cmsPluginMagicNumber, 2000, cmsPluginMutexSig, nullptr},
                            [](cmsContext context) { return static_cast<void *>(context); },
                            [](cmsContext, void *) {},
                            [](cmsContext, void *) { return TRUE; },
                            [](cmsContext, void *) {}};
    CmsContext context(cmsCreateContext(&no_locks, nullptr));
    if (!context) throw std::bad_alloc();
    cmsSetLogErrorHandlerTHR(context.get(), [](cmsContext, cmsUInt32Number, const char *) {});
    return context;
}

CmsProfile open_profile(const CmsContext &context, ByteSpan icc) {
    return CmsProfile(
        cmsOpenProfileFromMemTHR(context.get(), icc.data(), static_cast<cmsUInt32Number>(icc.size())));
}

CmsProfile srgb_profile(const CmsContext &context, bool gray) {
    return make_profile(context, kSrgbChromaticities, srgb_curve(context), gray);
}

CmsProfile profile_of(const CmsContext &context, const Metadata &metadata, bool gray) {
    const ColorTags &tags = metadata.color;
    if (!metadata.icc.empty() && !tags.cicp) {
        CmsProfile profile = open_profile(context, metadata.icc);
        const auto space = profile ? cmsGetColorSpace(profile.get()) : cmsColorSpaceSignature{};
        return space == (gray ? cmsSigGrayData : cmsSigRgbData) ? std::move(profile) : nullptr;
    }
    std::optional<Chromaticities> at = tags.cicp             ? chromaticities_of((*tags.cicp)[kCicpPrimaries])
                                       : tags.srgb           ? kSrgbChromaticities
                                       : tags.chromaticities ? tags.chromaticities
                                                             : kSrgbChromaticities;
    const Curve curve = curve_of(context, tags);
    return at && curve ? make_profile(context, *at, curve, gray) : nullptr;
}

std::vector<std::byte> bytes_of(const CmsProfile &profile) {
    constexpr std::size_t kDate = 24;
    constexpr std::array<std::uint8_t, 12> kAnyDate{0x07, 0xea, 0, 1, 0, 1}; // 1 January 2026
    cmsUInt32Number size = 0;
    if (cmsSaveProfileToMem(profile.get(), nullptr, &size) == FALSE) throw std::bad_alloc();
    std::vector<std::byte> bytes(size);
    if (cmsSaveProfileToMem(profile.get(), bytes.data(), &size) == FALSE) throw std::bad_alloc();
    for (std::size_t i = 0; i < kAnyDate.size(); ++i) bytes[kDate + i] = std::byte{kAnyDate[i]};
    return bytes;
}

std::vector<std::byte> bytes_on_srgb_curve(const CmsContext &context, const CmsProfile &profile) {
    const Curve curve = srgb_curve(context);
    for (const auto tag : kCurveTags) {
        if (cmsIsTag(profile.get(), tag) != FALSE) cmsWriteTag(profile.get(), tag, curve.get());
    }
    return bytes_of(profile);
}

bool is_linear(ByteSpan icc) {
    const ForkPause pause;
    const CmsContext context = make_context();
    const CmsProfile profile = open_profile(context, icc);
    if (!profile) return false;
    const bool gray = cmsGetColorSpace(profile.get()) == cmsSigGrayData;
    bool linear = true;
    for (const auto tag : kCurveTags) {
        if ((tag == cmsSigGrayTRCTag) != gray) continue;
        const auto *curve = static_cast<const cmsToneCurve *>(cmsReadTag(profile.get(), tag));
        linear = linear && curve != nullptr && cmsIsToneCurveLinear(curve) != FALSE;
    }
    return linear;
}

std::unique_ptr<InkConverter> InkConverter::make(ByteSpan icc, bool inverted) {
    const ForkPause pause;
    auto converter = std::make_unique<InkConverter>();
    converter->context_ = make_context();
    const CmsProfile inks = open_profile(converter->context_, icc);
    const CmsProfile light = srgb_profile(converter->context_, false);
    if (!inks || !light || cmsGetColorSpace(inks.get()) != cmsSigCmykData) return nullptr;
    const auto flags = static_cast<cmsUInt32Number>(cmsFLAGS_NOCACHE | cmsFLAGS_BLACKPOINTCOMPENSATION);
    converter->transform_.reset(cmsCreateTransformTHR(converter->context_.get(), inks.get(),
                                                      inverted ? TYPE_CMYK_8_REV : TYPE_CMYK_8, light.get(),
                                                      TYPE_RGB_8, INTENT_RELATIVE_COLORIMETRIC, flags));
    return converter->transform_ ? std::move(converter) : nullptr;
}

void InkConverter::convert(const unsigned char *inks, unsigned char *rgb, std::size_t pixels) const noexcept {
    cmsDoTransform(transform_.get(), inks, rgb, static_cast<cmsUInt32Number>(pixels));
}

} // namespace mirra::image::detail
