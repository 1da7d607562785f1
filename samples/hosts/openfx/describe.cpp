#include "describe.hpp"

#include "parameters.hpp"

namespace mirra_openfx {
namespace {

void define_clip(OfxImageEffectHandle effect, const char *name, bool colors_only) {
    OfxPropertySetHandle handle = nullptr;
    check(suites().effect->clipDefine(effect, name, &handle));
    const Properties clip(handle);
    int index = 0;
    clip.set(kOfxImageEffectPropSupportedComponents, kOfxImageComponentRGBA, index++);
    clip.set(kOfxImageEffectPropSupportedComponents, kOfxImageComponentRGB, index++);
    if (!colors_only) clip.set(kOfxImageEffectPropSupportedComponents, kOfxImageComponentAlpha, index);
    clip.set(kOfxImageEffectPropSupportsTiles, 1);
}

} // namespace

void describe(OfxImageEffectHandle effect, const mirra_filters::Filter &filter) {
    OfxPropertySetHandle handle = nullptr;
    check(suites().effect->getPropertySet(effect, &handle));
    const Properties properties(handle);
    properties.set(kOfxPropLabel, "Mirra " + filter.label);
    properties.set(kOfxPropPluginDescription, filter.doc);
    properties.set(kOfxImageEffectPluginPropGrouping, "Mirra");
    properties.set(kOfxImageEffectPropSupportedContexts, kOfxImageEffectContextFilter, 0);
    properties.set(kOfxImageEffectPropSupportedContexts, kOfxImageEffectContextGeneral, 1);
    properties.set(kOfxImageEffectPropSupportedPixelDepths, kOfxBitDepthByte, 0);
    properties.set(kOfxImageEffectPropSupportedPixelDepths, kOfxBitDepthShort, 1);
    properties.set(kOfxImageEffectPropSupportedPixelDepths, kOfxBitDepthFloat, 2);
    properties.set(kOfxImageEffectPropSupportsMultiResolution, 1);
    properties.set(kOfxImageEffectPropSupportsTiles, 1);
    properties.set(kOfxImageEffectPropTemporalClipAccess, 0);
    properties.set(kOfxImageEffectPropSupportsMultipleClipDepths, 0);
    properties.set(kOfxImageEffectPropSupportsMultipleClipPARs, 0);
    properties.set(kOfxImageEffectPluginRenderThreadSafety, kOfxImageEffectRenderFullySafe);
    properties.set(kOfxImageEffectPluginPropHostFrameThreading, 0);
}

void describe_in_context(OfxImageEffectHandle effect, const mirra_filters::Filter &filter) {
    define_clip(effect, kOfxImageEffectSimpleSourceClipName, filter.colored_output);
    define_clip(effect, kOfxImageEffectOutputClipName, filter.colored_output);
    OfxParamSetHandle parameters = nullptr;
    check(suites().effect->getParamSet(effect, &parameters));
    define_parameters(parameters, filter);
}

} // namespace mirra_openfx
