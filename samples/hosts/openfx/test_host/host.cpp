#include "host.hpp"

#include <cstdio>
#include <cstring>

namespace test_host {

using OFX::Host::ImageEffect::Descriptor;
using OFX::Host::ImageEffect::ImageEffectPlugin;
using OFX::Host::ImageEffect::Instance;

Host::Host(bool old) : old_(old) {
    _properties.setStringProperty(kOfxPropName, "org.mirra.testHost");
    _properties.setStringProperty(kOfxPropLabel, "Mirra's test host");
    _properties.setIntProperty(kOfxImageEffectHostPropIsBackground, 1);
    _properties.setIntProperty(kOfxImageEffectPropSupportsMultiResolution, 1);
    _properties.setIntProperty(kOfxImageEffectPropSupportsTiles, 1);
    _properties.setIntProperty(kOfxImageEffectPropTemporalClipAccess, 0);
    int index = 0;
    for (const char *const components :
         {kOfxImageComponentRGBA, kOfxImageComponentRGB, kOfxImageComponentAlpha})
        _properties.setStringProperty(kOfxImageEffectPropSupportedComponents, components, index++);
    _properties.setStringProperty(kOfxImageEffectPropSupportedContexts, kOfxImageEffectContextFilter, 0);
    _properties.setStringProperty(kOfxImageEffectPropSupportedContexts, kOfxImageEffectContextGeneral, 1);
    index = 0;
    for (const char *const depth : {kOfxBitDepthByte, kOfxBitDepthShort, kOfxBitDepthFloat})
        _properties.setStringProperty(kOfxImageEffectPropSupportedPixelDepths, depth, index++);
    _properties.setIntProperty(kOfxParamHostPropMaxParameters, -1);
}

const void *Host::fetchSuite(const char *name, int version) {
    if (old_ && version == 2 && std::strcmp(name, kOfxMessageSuite) == 0) return nullptr;
    return OFX::Host::ImageEffect::Host::fetchSuite(name, version);
}

Instance *Host::newInstance(void *, ImageEffectPlugin *plugin, Descriptor &descriptor,
                            const std::string &context) {
    return new Effect(plugin, descriptor, context);
}

Descriptor *Host::makeDescriptor(ImageEffectPlugin *plugin) {
    return new Descriptor(plugin);
}
Descriptor *Host::makeDescriptor(const Descriptor &root, ImageEffectPlugin *plugin) {
    return new Descriptor(root, plugin);
}
Descriptor *Host::makeDescriptor(const std::string &bundle, ImageEffectPlugin *plugin) {
    return new Descriptor(bundle, plugin);
}

OfxStatus Host::vmessage(const char *type, const char *, const char *format, va_list args) {
    std::fprintf(stderr, "%s: ", type);
    std::vfprintf(stderr, format, args);
    std::fputc('\n', stderr);
    return kOfxStatOK;
}
OfxStatus Host::setPersistentMessage(const char *type, const char *id, const char *format, va_list args) {
    return vmessage(type, id, format, args);
}

} // namespace test_host
