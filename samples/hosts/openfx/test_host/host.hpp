// The host: what it says of itself.
#pragma once

#include "effect.hpp"

namespace test_host {

class Host : public OFX::Host::ImageEffect::Host {
  public:
    /// old: knows no messages that persist
    explicit Host(bool old);
    const void *fetchSuite(const char *name, int version) override;
    OFX::Host::ImageEffect::Instance *newInstance(void *data,
                                                  OFX::Host::ImageEffect::ImageEffectPlugin *plugin,
                                                  OFX::Host::ImageEffect::Descriptor &descriptor,
                                                  const std::string &context) override;
    OFX::Host::ImageEffect::Descriptor *
    makeDescriptor(OFX::Host::ImageEffect::ImageEffectPlugin *plugin) override;
    OFX::Host::ImageEffect::Descriptor *
    makeDescriptor(const OFX::Host::ImageEffect::Descriptor &root,
                   OFX::Host::ImageEffect::ImageEffectPlugin *plugin) override;
    OFX::Host::ImageEffect::Descriptor *
    makeDescriptor(const std::string &bundle, OFX::Host::ImageEffect::ImageEffectPlugin *plugin) override;
    OfxStatus vmessage(const char *type, const char *id, const char *format, va_list args) override;
    OfxStatus setPersistentMessage(const char *type, const char *id, const char *format,
                                   va_list args) override;
    OfxStatus clearPersistentMessage() override { return kOfxStatOK; }
#ifdef OFX_SUPPORTS_OPENGLRENDER
    OfxStatus flushOpenGLResources() const override { return kOfxStatFailed; }
#endif

  private:
    bool old_;
};

} // namespace test_host
