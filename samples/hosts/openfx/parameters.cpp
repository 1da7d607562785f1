#include "parameters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace mirra_openfx {
namespace {

using mirra_filters::Filter;
using mirra_filters::Setting;
using Type = Setting::Type;

constexpr const char *kAdvanced = "mirra_advanced";
constexpr double kMostInt = std::numeric_limits<int>::max();

const char *type_of(const Setting &setting) {
    switch (setting.type) {
    case Type::boolean:
        return kOfxParamTypeBoolean;
    case Type::whole:
        return kOfxParamTypeInteger;
    case Type::real:
        return kOfxParamTypeDouble;
    case Type::choice:
        return kOfxParamTypeChoice;
    case Type::color:
        return setting.initial.size() > 7 ? kOfxParamTypeRGBA : kOfxParamTypeRGB;
    default:
        return kOfxParamTypeString;
    }
}

double number_of(const std::string &text) {
    double number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

int whole(double number) {
    return static_cast<int>(std::clamp(number, -kMostInt, kMostInt));
}

Properties defined(OfxParamSetHandle parameters, const char *type, const std::string &name,
                   const std::string &label, const std::string &doc) {
    OfxPropertySetHandle handle = nullptr;
    check(suites().parameter->paramDefine(parameters, type, name.c_str(), &handle));
    const Properties properties(handle);
    properties.set(kOfxPropLabel, label);
    properties.set(kOfxParamPropHint, doc);
    properties.set(kOfxParamPropScriptName, name);
    return properties;
}

void set_range(const Properties &properties, const Setting &setting) {
    if (setting.type == Type::whole) {
        properties.set(kOfxParamPropDefault, whole(number_of(setting.initial)));
        properties.set(kOfxParamPropMin, whole(setting.minimum));
        properties.set(kOfxParamPropMax, whole(setting.maximum));
        properties.set(kOfxParamPropDisplayMin, whole(setting.soft_minimum));
        properties.set(kOfxParamPropDisplayMax, whole(setting.soft_maximum));
        return;
    }
    properties.set(kOfxParamPropDefault, number_of(setting.initial));
    properties.set(kOfxParamPropMin, setting.minimum);
    properties.set(kOfxParamPropMax, setting.maximum);
    properties.set(kOfxParamPropDisplayMin, setting.soft_minimum);
    properties.set(kOfxParamPropDisplayMax, setting.soft_maximum);
    if (setting.step > 0) properties.set(kOfxParamPropIncrement, setting.step);
}

void set_choices(const Properties &properties, const Setting &setting) {
    for (std::size_t i = 0; i < setting.choices.size(); ++i) {
        properties.set(kOfxParamPropChoiceOption, setting.choices[i].label, static_cast<int>(i));
        if (setting.choices[i].value == setting.initial)
            properties.set(kOfxParamPropDefault, static_cast<int>(i));
    }
}

void set_text(const Properties &properties, const Setting &setting) {
    const bool file = setting.type == Type::file;
    properties.set(kOfxParamPropStringMode, file ? kOfxParamStringIsFilePath : kOfxParamStringIsSingleLine);
    if (file) properties.set(kOfxParamPropStringFilePathExists, 1);
    properties.set(kOfxParamPropDefault, setting.initial);
}

// "#rrggbb" or "#rrggbbaa" as numbers up to 1.
void set_color(const Properties &properties, const Setting &setting) {
    for (std::size_t at = 1; at + 1 < setting.initial.size(); at += 2) {
        int sample = 0;
        (void)std::from_chars(setting.initial.data() + at, setting.initial.data() + at + 2, sample, 16);
        properties.set(kOfxParamPropDefault, sample / 255.0, static_cast<int>(at / 2));
    }
}

void define(OfxParamSetHandle parameters, const Setting &setting) {
    const std::string doc = setting.unit.empty() ? setting.doc : setting.doc + " Unit: " + setting.unit + ".";
    const Properties properties = defined(parameters, type_of(setting), setting.name, setting.label, doc);
    if (setting.advanced) properties.set(kOfxParamPropParent, kAdvanced);
    switch (setting.type) {
    case Type::boolean:
        return properties.set(kOfxParamPropDefault, setting.initial == "true" ? 1 : 0);
    case Type::whole:
    case Type::real:
        return set_range(properties, setting);
    case Type::choice:
        return set_choices(properties, setting);
    case Type::color:
        return set_color(properties, setting);
    default:
        return set_text(properties, setting);
    }
}

OfxParamHandle handle_of(OfxParamSetHandle parameters, const char *name) {
    OfxParamHandle handle = nullptr;
    check(suites().parameter->paramGetHandle(parameters, name, &handle, nullptr));
    return handle;
}

int whole_at(OfxParamHandle handle, OfxTime time) {
    int value = 0;
    check(suites().parameter->paramGetValueAtTime(handle, time, &value));
    return value;
}

std::string color_at(OfxParamHandle handle, OfxTime time, bool with_alpha) {
    std::array<double, 4> given{};
    check(suites().parameter->paramGetValueAtTime(handle, time, &given[0], &given[1], &given[2], &given[3]));
    std::array<char, 10> text{};
    const auto sample = [&](std::size_t at) {
        return static_cast<unsigned>(std::lround(std::clamp(given[at], 0.0, 1.0) * 255));
    };
    (void)std::snprintf(text.data(), text.size(), "#%02x%02x%02x", sample(0), sample(1), sample(2));
    if (with_alpha) (void)std::snprintf(text.data() + 7, 3, "%02x", sample(3));
    return text.data();
}

std::string value_at(OfxParamHandle handle, const Setting &setting, OfxTime time) {
    switch (setting.type) {
    case Type::boolean:
        return whole_at(handle, time) != 0 ? "true" : "false";
    case Type::whole:
        return std::to_string(whole_at(handle, time));
    case Type::choice: {
        const auto index = static_cast<std::size_t>(whole_at(handle, time));
        return index < setting.choices.size() ? setting.choices[index].value : setting.initial;
    }
    case Type::real: {
        double value = 0;
        check(suites().parameter->paramGetValueAtTime(handle, time, &value));
        return mirra_filters::text_of(value);
    }
    case Type::color:
        return color_at(handle, time, setting.initial.size() > 7);
    default: {
        char *value = nullptr;
        check(suites().parameter->paramGetValueAtTime(handle, time, &value));
        return value == nullptr ? "" : value;
    }
    }
}

} // namespace

void define_parameters(OfxParamSetHandle parameters, const Filter &filter) {
    const auto advanced = [](const Setting &setting) { return setting.advanced; };
    for (const auto &setting : filter.settings)
        if (!setting.advanced) define(parameters, setting);
    defined(parameters, kOfxParamTypeBoolean, kLinearLight, "Linear light",
            "The samples are linear light, as is usual for real numbers in compositing.")
        .set(kOfxParamPropDefault, 0);
    if (std::none_of(filter.settings.begin(), filter.settings.end(), advanced)) return;
    defined(parameters, kOfxParamTypeGroup, kAdvanced, "Advanced", "What is seldom set.")
        .set(kOfxParamPropGroupOpen, 0);
    for (const auto &setting : filter.settings)
        if (setting.advanced) define(parameters, setting);
}

mirra_filters::Values values_of(OfxParamSetHandle parameters, const Filter &filter, OfxTime time) {
    mirra_filters::Values values;
    for (const auto &setting : filter.settings)
        values[setting.name] = value_at(handle_of(parameters, setting.name.c_str()), setting, time);
    return values;
}

void grey_what_does_not_count(OfxParamSetHandle parameters, const Filter &filter) {
    const auto values = values_of(parameters, filter, 0);
    for (const auto &setting : filter.settings) {
        if (setting.visible_if.empty()) continue;
        OfxParamHandle handle = nullptr;
        OfxPropertySetHandle properties = nullptr;
        check(suites().parameter->paramGetHandle(parameters, setting.name.c_str(), &handle, &properties));
        Properties(properties).set(kOfxParamPropEnabled, filter.counts(setting, values) ? 1 : 0);
    }
}

bool is_linear(OfxParamSetHandle parameters, OfxTime time) {
    return whole_at(handle_of(parameters, kLinearLight), time) != 0;
}

} // namespace mirra_openfx
