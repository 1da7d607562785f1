#include "effect.hpp"

#include <cstdio>

namespace test_host {
namespace {

namespace ImageEffect = OFX::Host::ImageEffect;

// A copy of a part of a frame, or the frame itself. Who releases it deletes it.
class PartImage : public ImageEffect::Image {
  public:
    PartImage(ImageEffect::ClipInstance &clip, double scale, Frame &frame, const OfxRectI &whole)
        : Image(clip, scale, scale, frame.at(frame.bounds.x1, frame.bounds.y1), frame.bounds, whole,
                frame.row_bytes(), kOfxImageFieldNone, "") {}
};

struct Kept {
    Frame frame;
};

class CopiedImage : private Kept, public PartImage {
  public:
    CopiedImage(ImageEffect::ClipInstance &clip, double scale, Frame copy, const OfxRectI &whole)
        : Kept{std::move(copy)}
        , PartImage(clip, scale, frame, whole) {}
};

class Clip : public ImageEffect::ClipInstance {
  public:
    Clip(Effect *effect, ImageEffect::ClipDescriptor *descriptor)
        : ClipInstance(effect, *descriptor)
        , effect_(*effect) {}

    const std::string &getUnmappedBitDepth() const override { return effect_.source.layout.depth; }
    const std::string &getUnmappedComponents() const override { return effect_.source.layout.components; }
    const std::string &getPremult() const override {
        static const std::string straight(kOfxImageUnPreMultiplied), multiplied(kOfxImagePreMultiplied),
            opaque(kOfxImageOpaque);
        if (effect_.source.channels() != 4) return opaque;
        return effect_.behaviour.premultiplied ? multiplied : straight;
    }
    double getAspectRatio() const override { return 1; }
    double getFrameRate() const override { return 25; }
    void getFrameRange(double &first, double &last) const override { first = last = 0; }
    const std::string &getFieldOrder() const override { return effect_.getDefaultOutputFielding(); }
    bool getConnected() const override { return true; }
    double getUnmappedFrameRate() const override { return 25; }
    void getUnmappedFrameRange(double &first, double &last) const override { first = last = 0; }
    bool getContinuousSamples() const override { return false; }
    OfxRectD getRegionOfDefinition(OfxTime) const override {
        const OfxRectI &rect = effect_.source.bounds;
        const double scale = effect_.behaviour.scale;
        return {rect.x1 / scale, rect.y1 / scale, rect.x2 / scale, rect.y2 / scale};
    }
    ImageEffect::Image *getImage(OfxTime, const OfxRectD *) override {
        const double scale = effect_.behaviour.scale;
        const OfxRectI &whole = effect_.source.bounds;
        if (isOutput()) return new PartImage(*this, scale, effect_.output, whole);
        if (!effect_.behaviour.connected) return nullptr;
        return new CopiedImage(*this, scale, effect_.source.part(effect_.visible), whole);
    }

  private:
    Effect &effect_;
};

} // namespace

Effect::Effect(ImageEffect::ImageEffectPlugin *plugin, ImageEffect::Descriptor &descriptor,
               const std::string &context)
    : Instance(plugin, descriptor, context, false) {}

int Effect::abort() {
    if (behaviour.abort_after < 0 || asked++ < behaviour.abort_after) return 0;
    Clock::duration::rep never = 0;
    aborted.compare_exchange_strong(never, Clock::now().time_since_epoch().count());
    return 1;
}

const std::string &Effect::getDefaultOutputFielding() const {
    static const std::string none(kOfxImageFieldNone);
    return none;
}

ImageEffect::ClipInstance *Effect::newClipInstance(ImageEffect::Instance *,
                                                   ImageEffect::ClipDescriptor *descriptor, int) {
    return new Clip(this, descriptor);
}

OfxStatus Effect::vmessage(const char *type, const char *, const char *format, va_list args) {
    std::fprintf(stderr, "%s: ", type);
    std::vfprintf(stderr, format, args);
    std::fputc('\n', stderr);
    return kOfxStatOK;
}

OfxStatus Effect::setPersistentMessage(const char *type, const char *id, const char *format, va_list args) {
    std::fputs("persistent ", stderr);
    return vmessage(type, id, format, args);
}

OfxStatus Effect::clearPersistentMessage() {
    std::puts("the persistent message is cleared");
    return kOfxStatOK;
}

void Effect::getProjectSize(double &x, double &y) const {
    x = source.bounds.x2 / behaviour.scale;
    y = source.bounds.y2 / behaviour.scale;
}

OFX::Host::Param::Instance *Effect::newParam(const std::string &, OFX::Host::Param::Descriptor &descriptor) {
    return new_parameter(descriptor, this);
}

} // namespace test_host
