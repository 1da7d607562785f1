#include "arguments.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace mirra_vips {
namespace {

using mirra_filters::Filter;
using mirra_filters::Setting;
using Type = Setting::Type;

constexpr auto kFlags = static_cast<GParamFlags>(G_PARAM_READWRITE);
constexpr auto kOptional = static_cast<VipsArgumentFlags>(VIPS_ARGUMENT_INPUT | VIPS_ARGUMENT_CONSTRUCT);
constexpr double kMostInt = std::numeric_limits<int>::max();

/// Whole numbers beyond int, such as seeds, are arguments of 64 bits.
bool is_wide(const Setting &setting) {
    return setting.minimum >= 0 && setting.maximum > kMostInt;
}

/// An object of libvips has arguments of its own.
std::string argument_name(const Setting &setting) {
    static const std::set<std::string> taken{"in", "out", "nickname", "description"};
    return taken.count(setting.name) == 0 ? setting.name : setting.name + "_";
}

// libvips knows booleans as switches that are off at first; others are words.
bool is_words(const Setting &setting) {
    return setting.type == Type::choice || (setting.type == Type::boolean && setting.initial == "true");
}

std::vector<mirra_filters::Choice> words_of(const Setting &setting) {
    if (setting.type == Type::choice) return setting.choices;
    return {{"false", "No"}, {"true", "Yes"}};
}

// As numbers of an enumeration, which lives as long as the process does, as its type must. The last value is
// taken by libvips for their count.
GType enumeration_of(const std::string &name, const std::vector<mirra_filters::Choice> &words) {
    if (const GType known = g_type_from_name(name.c_str())) return known;
    GEnumValue *const values = g_new0(GEnumValue, words.size() + 2);
    int number = 0;
    for (const auto &word : words) {
        values[number] = {number, g_strdup(word.label.c_str()), g_strdup(word.value.c_str())};
        ++number;
    }
    values[number] = {number, "Last", "last"};
    return g_enum_register_static(name.c_str(), values);
}

int initial_word(const Setting &setting) {
    int number = 0;
    for (const auto &word : words_of(setting)) {
        if (word.value == setting.initial) return number;
        ++number;
    }
    return 0;
}

std::string doc_of(const Setting &setting) {
    return setting.unit.empty() ? setting.doc : setting.doc + " Unit: " + setting.unit + ".";
}

GParamSpec *spec_of(const Filter &filter, const Setting &setting) {
    const std::string name = argument_name(setting), doc = doc_of(setting);
    const char *const label = setting.label.c_str();
    const double number = setting.type == Type::whole || setting.type == Type::real
                              ? g_ascii_strtod(setting.initial.c_str(), nullptr)
                              : 0;
    if (is_words(setting))
        return g_param_spec_enum(
            name.c_str(), label, doc.c_str(),
            enumeration_of("Mirra_" + filter.name + "_" + setting.name, words_of(setting)),
            initial_word(setting), kFlags);
    switch (setting.type) {
    case Type::boolean:
        return g_param_spec_boolean(name.c_str(), label, doc.c_str(), FALSE, kFlags);
    case Type::whole:
        if (is_wide(setting))
            return g_param_spec_uint64(
                name.c_str(), label, doc.c_str(), static_cast<guint64>(setting.minimum),
                static_cast<guint64>(setting.maximum), static_cast<guint64>(number), kFlags);
        return g_param_spec_int(
            name.c_str(), label, doc.c_str(), static_cast<int>(std::max(setting.minimum, -kMostInt)),
            static_cast<int>(std::min(setting.maximum, kMostInt)), static_cast<int>(number), kFlags);
    case Type::real:
        return g_param_spec_double(name.c_str(), label, doc.c_str(), setting.minimum, setting.maximum, number,
                                   kFlags);
    default:
        return g_param_spec_string(name.c_str(), label, doc.c_str(), setting.initial.c_str(), kFlags);
    }
}

std::string value_of(const Setting &setting, const void *slot) {
    if (is_words(setting)) {
        const auto words = words_of(setting);
        const auto number = static_cast<std::size_t>(*static_cast<const int *>(slot));
        return number < words.size() ? words[number].value : "last";
    }
    switch (setting.type) {
    case Type::boolean:
        return *static_cast<const gboolean *>(slot) != FALSE ? "true" : "false";
    case Type::whole:
        return is_wide(setting) ? std::to_string(*static_cast<const guint64 *>(slot))
                                : std::to_string(*static_cast<const int *>(slot));
    case Type::real:
        return mirra_filters::text_of(*static_cast<const double *>(slot));
    default: {
        const char *const text = *static_cast<const char *const *>(slot);
        return text == nullptr ? "" : text;
    }
    }
}

} // namespace

void install_arguments(VipsObjectClass *object_class, const Filter &filter, std::size_t offset) {
    int priority = 10;
    for (const auto &setting : filter.settings) {
        GParamSpec *const spec = spec_of(filter, setting);
        g_object_class_install_property(G_OBJECT_CLASS(object_class), static_cast<guint>(priority), spec);
        vips_object_class_install_argument(object_class, spec, kOptional, priority++,
                                           static_cast<guint>(offset));
        offset += kSlot;
    }
}

mirra_filters::Values values_of(VipsObject *object, const Filter &filter, std::size_t offset) {
    mirra_filters::Values values;
    for (const auto &setting : filter.settings) {
        const void *const slot = G_STRUCT_MEMBER_P(object, offset);
        offset += kSlot;
        if (vips_object_argument_isset(object, argument_name(setting).c_str()) == FALSE) continue;
        values[setting.name] = value_of(setting, slot);
    }
    for (const auto &number : filter.settings) {
        const Setting *const mode = filter.mode_of(number);
        if (mode != nullptr && values.count(number.name) != 0 && values.count(mode->name) == 0)
            values[mode->name] = mirra_filters::by_number;
    }
    return values;
}

} // namespace mirra_vips
