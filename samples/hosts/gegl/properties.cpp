#include "properties.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace mirra_gegl {
namespace {

using mirra_filters::Choice;
using mirra_filters::Filter;
using mirra_filters::Setting;
using Type = Setting::Type;

constexpr auto property_flags =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_CONSTRUCT | GEGL_PARAM_PAD_INPUT);

double number_of(const std::string &text) {
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

int whole_of(double number) {
    constexpr double most = std::numeric_limits<int>::max();
    return static_cast<int>(std::clamp(number, -most, most));
}

int place_of(const std::vector<Choice> &choices, const std::string &value) {
    const auto found = std::find_if(choices.begin(), choices.end(),
                                    [&](const Choice &choice) { return choice.value == value; });
    return found == choices.end() ? 0 : static_cast<int>(found - choices.begin());
}

// A type for the choices of a setting. GLib keeps its values, and the texts in them, for ever.
GType choice_type(const Filter &filter, const Setting &setting) {
    const std::string name = "mirra-" + filter.name + "-" + setting.name;
    if (const GType known = g_type_from_name(name.c_str()); known != 0) return known;
    auto *const values = g_new0(GEnumValue, setting.choices.size() + 1);
    for (std::size_t i = 0; i < setting.choices.size(); ++i)
        values[i] = {static_cast<int>(i), g_strdup(setting.choices[i].label.c_str()),
                     g_strdup(setting.choices[i].value.c_str())};
    return g_enum_register_static(g_intern_string(name.c_str()), values);
}

GParamSpec *spec_of(const Filter &filter, const Setting &setting, const char *name) {
    const char *const label = setting.label.c_str();
    const char *const doc = setting.doc.c_str();
    switch (setting.type) {
    case Type::boolean:
        return g_param_spec_boolean(name, label, doc, setting.initial == "true", property_flags);
    case Type::whole:
        return gegl_param_spec_int(name, label, doc, whole_of(setting.minimum), whole_of(setting.maximum),
                                   whole_of(number_of(setting.initial)), whole_of(setting.soft_minimum),
                                   whole_of(setting.soft_maximum), 1.0, property_flags);
    case Type::real:
        return gegl_param_spec_double(name, label, doc, setting.minimum, setting.maximum,
                                      number_of(setting.initial), setting.soft_minimum, setting.soft_maximum,
                                      1.0, property_flags);
    case Type::choice:
        return gegl_param_spec_enum(name, label, doc, choice_type(filter, setting),
                                    place_of(setting.choices, setting.initial), property_flags);
    case Type::file:
        return gegl_param_spec_file_path(name, label, doc, FALSE, TRUE, setting.initial.c_str(),
                                         property_flags);
    case Type::color:
        return gegl_param_spec_color_from_string(name, label, doc, setting.initial.c_str(), property_flags);
    case Type::text:
        break;
    }
    return gegl_param_spec_string(name, label, doc, FALSE, TRUE, setting.initial.c_str(), property_flags);
}

// "NAME=VALUE|VALUE" in the words of GIMP's dialogs: "name" or "!name" of a yes or no, "name {value, value}".
std::string visibility_of(const Filter &filter, const std::string &condition) {
    const auto equals = condition.find('=');
    if (equals == std::string::npos) return "";
    const std::string name = condition.substr(0, equals);
    std::string values = condition.substr(equals + 1);
    const Setting *const other = filter.setting(name);
    if (other == nullptr) return "";
    const std::string property = g_param_spec_is_valid_name(name.c_str()) != 0 ? name : "";
    if (other->type == Type::boolean) return (values == "true" ? "" : "! ") + property;
    if (other->type != Type::choice) return "";
    for (std::size_t at = 0; (at = values.find('|', at)) != std::string::npos; at += 2)
        values.replace(at, 1, ", ");
    return property + " {" + values + "}";
}

// Keys that GIMP builds its dialog by.
void describe(GParamSpec *spec, const Filter &filter, const Setting &setting) {
    const std::string visible = visibility_of(filter, setting.visible_if);
    if (!visible.empty()) gegl_param_spec_set_property_key(spec, "visible", visible.c_str());
    if (setting.unit == "px") gegl_param_spec_set_property_key(spec, "unit", "pixel-distance");
    if (setting.step <= 0) return;
    if (GEGL_IS_PARAM_SPEC_DOUBLE(spec))
        gegl_param_spec_double_set_steps(GEGL_PARAM_SPEC_DOUBLE(spec), setting.step, setting.step * 10);
    if (GEGL_IS_PARAM_SPEC_INT(spec))
        gegl_param_spec_int_set_steps(GEGL_PARAM_SPEC_INT(spec), whole_of(setting.step),
                                      whole_of(setting.step * 10));
}

constexpr const char *color_format = "R'G'B'A u8";

std::string text_of_color(GeglColor *color) {
    std::array<std::uint8_t, 4> rgba{};
    gegl_color_get_pixel(color, babl_format(color_format), rgba.data());
    std::string text = "#";
    for (const std::uint8_t sample : rgba) {
        text += "0123456789abcdef"[sample / 16];
        text += "0123456789abcdef"[sample % 16];
    }
    if (rgba[3] == 255) text.resize(7);
    return text;
}

} // namespace

void install_properties(GObjectClass *klass, const Filter &filter) {
    guint number = 1;
    for (const Setting &setting : filter.settings) {
        std::string name = setting.name;
        while (g_object_class_find_property(klass, name.c_str()) != nullptr) name += "_value"; // "input"
        GParamSpec *const spec = spec_of(filter, setting, name.c_str());
        describe(spec, filter, setting);
        g_object_class_install_property(klass, number++, spec);
    }
}

std::string text_of(const Setting &setting, const GValue &value) {
    switch (setting.type) {
    case Type::boolean:
        return g_value_get_boolean(&value) != 0 ? "true" : "false";
    case Type::whole:
        return std::to_string(g_value_get_int(&value));
    case Type::real:
        return mirra_filters::text_of(g_value_get_double(&value));
    case Type::choice:
        return setting.choices.at(static_cast<std::size_t>(g_value_get_enum(&value))).value;
    case Type::color: {
        auto *const color = GEGL_COLOR(g_value_get_object(&value));
        return color == nullptr ? setting.initial : text_of_color(color);
    }
    default:
        break;
    }
    const char *const text = g_value_get_string(&value);
    return text == nullptr ? "" : text;
}

void set_value(GValue &value, const Setting &setting, const std::string &text) {
    switch (setting.type) {
    case Type::boolean:
        return g_value_set_boolean(&value, text == "true");
    case Type::whole:
        return g_value_set_int(&value, whole_of(number_of(text)));
    case Type::real:
        return g_value_set_double(&value, number_of(text));
    case Type::choice:
        return g_value_set_enum(&value, place_of(setting.choices, text));
    case Type::color:
        return g_value_take_object(&value, gegl_color_new(text.c_str()));
    default:
        return g_value_set_string(&value, text.c_str());
    }
}

} // namespace mirra_gegl
