// An instance of an effect, with one picture in and one out.
#pragma once

#include "frame.hpp"
#include "openfx.hpp"

#include <atomic>
#include <chrono>

namespace test_host {

using Clock = std::chrono::steady_clock;

/// How the host is to behave.
struct Behaviour {
    bool connected = true; ///< to a source that can be had
    bool premultiplied = false;
    double scale = 1;     ///< of the render
    int abort_after = -1; ///< calls of abort(); below 0: never
    int tile = 0;         ///< side; 0: the whole picture at once
    int threads = 1;      ///< that render tiles. With several, each sees the whole source
};

class Effect : public OFX::Host::ImageEffect::Instance {
  public:
    Effect(OFX::Host::ImageEffect::ImageEffectPlugin *plugin, OFX::Host::ImageEffect::Descriptor &descriptor,
           const std::string &context);

    Behaviour behaviour;
    Frame source, output;
    OfxRectI visible{};          ///< of the source: what the effect said that it needs
    std::atomic<int> updates{0}; ///< of the progress
    std::atomic<int> asked{0};   ///< whether to abort
    std::atomic<Clock::duration::rep> aborted{0};

    int abort() override;
    const std::string &getDefaultOutputFielding() const override;
    OFX::Host::ImageEffect::ClipInstance *newClipInstance(OFX::Host::ImageEffect::Instance *effect,
                                                          OFX::Host::ImageEffect::ClipDescriptor *descriptor,
                                                          int index) override;
    OfxStatus vmessage(const char *type, const char *id, const char *format, va_list args) override;
    OfxStatus setPersistentMessage(const char *type, const char *id, const char *format,
                                   va_list args) override;
    OfxStatus clearPersistentMessage() override;
    void getProjectSize(double &x, double &y) const override;
    void getProjectOffset(double &x, double &y) const override { x = y = 0; }
    void getProjectExtent(double &x, double &y) const override { getProjectSize(x, y); }
    double getProjectPixelAspectRatio() const override { return 1; }
    double getEffectDuration() const override { return 1; }
    double getFrameRate() const override { return 25; }
    double getFrameRecursive() const override { return 0; }
    void getRenderScaleRecursive(double &x, double &y) const override { x = y = behaviour.scale; }
    OFX::Host::Param::Instance *newParam(const std::string &name,
                                         OFX::Host::Param::Descriptor &descriptor) override;
    OfxStatus editBegin(const std::string &) override { return kOfxStatOK; }
    OfxStatus editEnd() override { return kOfxStatOK; }
    void progressStart(const std::string &, const std::string &) override {}
    void progressEnd() override {}
    bool progressUpdate(double) override { return ++updates > 0; }
    double timeLineGetTime() override { return 0; }
    void timeLineGotoTime(double) override {}
    void timeLineGetBounds(double &first, double &last) override { first = last = 0; }
};

/// Fills the output. @throws std::runtime_error for an effect that fails
void render(Effect &effect);

/// A parameter with a value, which text of the command line may set. @throws std::runtime_error
OFX::Host::Param::Instance *new_parameter(OFX::Host::Param::Descriptor &descriptor, Effect *effect);
void set_parameter(Effect &effect, const std::string &name, const std::string &text);

} // namespace test_host
