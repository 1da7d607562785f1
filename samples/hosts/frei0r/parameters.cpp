#include "parameters.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace mirra_frei0r {
namespace {

using mirra_filters::Filter;
using mirra_filters::Setting;

bool is_number(const Setting &setting) noexcept {
    return setting.type == Setting::Type::whole || setting.type == Setting::Type::real;
}

int type_of(const Filter &filter, const Setting &setting) noexcept {
    if (setting.type == Setting::Type::boolean) return F0R_PARAM_BOOL;
    if (setting.type == Setting::Type::color) return F0R_PARAM_COLOR;
    return is_number(setting) && filter.mode_of(setting) == nullptr ? F0R_PARAM_DOUBLE : F0R_PARAM_STRING;
}

std::string list_of(const std::vector<mirra_filters::Choice> &choices) {
    std::string list;
    for (const auto &choice : choices) list += (list.empty() ? "" : ", ") + choice.value;
    return list;
}

// What values there are, for people who see no more than a name and a slider.
std::string explanation_of(const Filter &filter, const Setting &setting, int type) {
    std::string text = setting.doc;
    const Setting *const mode = filter.mode_of(setting);
    const std::string unit = setting.unit.empty() ? "" : " " + setting.unit;
    if (type == F0R_PARAM_DOUBLE)
        text += " 0 to 1 stand for " + mirra_filters::text_of(setting.soft_minimum) + " to " +
                mirra_filters::text_of(setting.soft_maximum) + unit + ".";
    if (mode != nullptr)
        text += " A number from " + mirra_filters::text_of(setting.minimum) + " to " +
                mirra_filters::text_of(setting.maximum) + unit + ", or one of: " + list_of(mode->choices) +
                ".";
    if (!setting.choices.empty()) text += " One of: " + list_of(setting.choices) + ".";
    return text;
}

std::string hex_of(const f0r_param_color_t &color) {
    const auto byte = [](float share) {
        return static_cast<unsigned>(std::lround(std::clamp(share, 0.0F, 1.0F) * 255.0F));
    };
    char text[8];
    std::snprintf(text, sizeof text, "#%02x%02x%02x", byte(color.r), byte(color.g), byte(color.b));
    return text;
}

f0r_param_color_t color_of(const std::string &hex) noexcept {
    unsigned value = 0;
    if (hex.size() >= 7) std::from_chars(hex.data() + 1, hex.data() + 7, value, 16);
    const auto share = [&](unsigned shift) { return static_cast<float>(value >> shift & 255U) / 255.0F; };
    return {share(16), share(8), share(0)};
}

} // namespace

Parameter::Parameter(const Filter &filter, const Setting &setting)
    : filter_(filter)
    , setting_(setting)
    , type_(type_of(filter, setting))
    , explanation_(explanation_of(filter, setting, type_)) {}

f0r_param_info_t Parameter::info() const noexcept {
    return {setting_.name.c_str(), type_, explanation_.c_str()};
}

std::string Parameter::initial() const {
    const Setting *const mode = filter_.mode_of(setting_);
    const bool word =
        mode != nullptr && mode->initial != mirra_filters::by_number; // the number does not count
    return word ? mode->initial : setting_.initial;
}

double Parameter::from_number(const std::string &text) const {
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    const double range = setting_.soft_maximum - setting_.soft_minimum;
    return range > 0 ? (number - setting_.soft_minimum) / range : 0;
}

std::string Parameter::text_of(f0r_param_t value, const std::string &text) const {
    if (type_ == F0R_PARAM_STRING) return *static_cast<f0r_param_string *>(value);
    if (type_ == F0R_PARAM_COLOR) return hex_of(*static_cast<f0r_param_color_t *>(value));
    const double given = *static_cast<double *>(value);
    if (type_ == F0R_PARAM_BOOL) return given >= 0.5 ? "true" : "false";
    // A host may set what it was given: that changes nothing.
    if (given == from_number(text)) return text;
    const double range = setting_.soft_maximum - setting_.soft_minimum;
    const double number = setting_.soft_minimum + std::clamp(given, 0.0, 1.0) * range;
    return mirra_filters::text_of(setting_.type == Setting::Type::whole ? std::round(number) : number);
}

void Parameter::give(const std::string &text, f0r_param_t value) const {
    if (type_ == F0R_PARAM_STRING)
        *static_cast<f0r_param_string *>(value) = const_cast<char *>(text.c_str()); // hosts only read it
    else if (type_ == F0R_PARAM_COLOR)
        *static_cast<f0r_param_color_t *>(value) = color_of(text);
    else if (type_ == F0R_PARAM_BOOL)
        *static_cast<double *>(value) = text == "true" ? 1 : 0;
    else
        *static_cast<double *>(value) = from_number(text);
}

void Parameter::put(mirra_filters::Values &values, const std::string &text) const {
    filter_.put(values, setting_, text);
}

std::vector<Parameter> parameters_of(const Filter &filter) {
    std::vector<Parameter> parameters;
    for (const auto &setting : filter.settings)
        if (setting.role != Setting::Role::mode) parameters.emplace_back(filter, setting);
    return parameters;
}

} // namespace mirra_frei0r
