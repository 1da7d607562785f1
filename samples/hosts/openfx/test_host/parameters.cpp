#include "effect.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace test_host {
namespace {

namespace Param = OFX::Host::Param;

double number(const std::string &text) {
    return std::strtod(text.c_str(), nullptr);
}

/// A parameter of one value that does not change with time.
template<class Base, class Value> class Kept : public Base {
  public:
    Kept(Param::Descriptor &descriptor, Effect *effect, const Value &initial)
        : Base(descriptor, effect)
        , value_(initial) {}
    OfxStatus get(Value &value) override {
        value = value_;
        return kOfxStatOK;
    }
    OfxStatus get(OfxTime, Value &value) override { return get(value); }
    OfxStatus set(Value value) override {
        value_ = value;
        return kOfxStatOK;
    }
    OfxStatus set(OfxTime, Value value) override { return set(value); }

  protected:
    Value value_;
};

using Whole = Kept<Param::IntegerInstance, int>;
using Choice = Kept<Param::ChoiceInstance, int>;
using Boolean = Kept<Param::BooleanInstance, bool>;

class Real : public Kept<Param::DoubleInstance, double> {
  public:
    using Kept::Kept;
    OfxStatus derive(OfxTime, double &) override { return kOfxStatErrMissingHostFeature; }
    OfxStatus integrate(OfxTime, OfxTime, double &) override { return kOfxStatErrMissingHostFeature; }
};

class Text : public Param::StringInstance {
  public:
    Text(Param::Descriptor &descriptor, Effect *effect)
        : StringInstance(descriptor, effect)
        , value_(descriptor.getProperties().getStringProperty(kOfxParamPropDefault)) {}
    OfxStatus get(std::string &value) override {
        value = value_;
        return kOfxStatOK;
    }
    OfxStatus get(OfxTime, std::string &value) override { return get(value); }
    OfxStatus set(const char *value) override {
        value_ = value;
        return kOfxStatOK;
    }
    OfxStatus set(OfxTime, const char *value) override { return set(value); }

  private:
    std::string value_;
};

class Color : public Param::RGBInstance {
  public:
    Color(Param::Descriptor &descriptor, Effect *effect) : RGBInstance(descriptor, effect) {
        descriptor.getProperties().getDoublePropertyN(kOfxParamPropDefault, samples_.data(), 3);
    }
    OfxStatus get(double &red, double &green, double &blue) override {
        red = samples_[0];
        green = samples_[1];
        blue = samples_[2];
        return kOfxStatOK;
    }
    OfxStatus get(OfxTime, double &red, double &green, double &blue) override {
        return get(red, green, blue);
    }
    OfxStatus set(double red, double green, double blue) override {
        samples_ = {red, green, blue};
        return kOfxStatOK;
    }
    OfxStatus set(OfxTime, double red, double green, double blue) override { return set(red, green, blue); }

  private:
    std::array<double, 3> samples_{};
};

// "RED,GREEN,BLUE", up to 1.
void set_color(Color &color, const std::string &text) {
    std::array<double, 3> samples{};
    if (std::sscanf(text.c_str(), "%lf,%lf,%lf", &samples[0], &samples[1], &samples[2]) != 3)
        throw std::runtime_error(text + " is no colour");
    color.set(samples[0], samples[1], samples[2]);
}

int choice_of(const OFX::Host::Property::Set &properties, const std::string &name) {
    for (int i = 0; i < properties.getDimension(kOfxParamPropChoiceOption); ++i)
        if (properties.getStringProperty(kOfxParamPropChoiceOption, i) == name) return i;
    throw std::runtime_error("there is no choice " + name);
}

} // namespace

Param::Instance *new_parameter(Param::Descriptor &descriptor, Effect *effect) {
    const std::string &type = descriptor.getType();
    const OFX::Host::Property::Set &properties = descriptor.getProperties();
    if (type == kOfxParamTypeInteger)
        return new Whole(descriptor, effect, properties.getIntProperty(kOfxParamPropDefault));
    if (type == kOfxParamTypeChoice)
        return new Choice(descriptor, effect, properties.getIntProperty(kOfxParamPropDefault));
    if (type == kOfxParamTypeBoolean)
        return new Boolean(descriptor, effect, properties.getIntProperty(kOfxParamPropDefault) != 0);
    if (type == kOfxParamTypeDouble)
        return new Real(descriptor, effect, properties.getDoubleProperty(kOfxParamPropDefault));
    if (type == kOfxParamTypeString) return new Text(descriptor, effect);
    if (type == kOfxParamTypeRGB) return new Color(descriptor, effect);
    if (type == kOfxParamTypeGroup) return new Param::GroupInstance(descriptor, effect);
    if (type == kOfxParamTypePage) return new Param::PageInstance(descriptor, effect);
    return nullptr;
}

void set_parameter(Effect &effect, const std::string &name, const std::string &text) {
    const auto found = effect.getParams().find(name);
    if (found == effect.getParams().end()) throw std::runtime_error("there is no parameter " + name);
    Param::Instance *const parameter = found->second;
    if (auto *const whole = dynamic_cast<Whole *>(parameter)) whole->set(std::atoi(text.c_str()));
    if (auto *const real = dynamic_cast<Real *>(parameter)) real->set(number(text));
    if (auto *const boolean = dynamic_cast<Boolean *>(parameter)) boolean->set(text == "true");
    if (auto *const words = dynamic_cast<Text *>(parameter)) words->set(text.c_str());
    if (auto *const color = dynamic_cast<Color *>(parameter)) set_color(*color, text);
    if (auto *const choice = dynamic_cast<Choice *>(parameter))
        choice->set(choice_of(parameter->getProperties(), text));
    effect.paramInstanceChangedAction(name, kOfxChangeUserEdited, 0, {1, 1});
}

} // namespace test_host
