// Values of parameters: accepted, read from text, brought to C and back.
#include "value.hpp"

#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <sstream>
#include <utility>

namespace mirra::host {
namespace {

std::string number(double value) {
    std::ostringstream text;
    text.imbue(std::locale::classic()); // the process may have another one
    text << value;
    return text.str();
}

/// Of any text.
bool is_text(const mirra_param_info &parameter) {
    return parameter.type == MIRRA_TYPE_STRING || parameter.type == MIRRA_TYPE_FILE;
}

std::string allowed(const mirra_param_info &parameter) {
    std::string text;
    if (is_number(parameter)) {
        text = std::string("a") + (parameter.type == MIRRA_TYPE_INT ? " whole" : "") + " number from " +
               number(parameter.minimum) + " to " + number(parameter.maximum);
    } else if (parameter.type == MIRRA_TYPE_BOOL) {
        text = "true or false";
    } else if (parameter.type == MIRRA_TYPE_COLOR) {
        text = "a colour as #rrggbb or #rrggbbaa";
    } else if (is_text(parameter)) {
        text = "a text";
    }
    for (std::uint32_t i = 0; i < parameter.choice_count; ++i)
        text += (text.empty() ? "'" : " or '") + std::string(parameter.choices[i]) + "'";
    return text;
}

[[noreturn]] void refuse(const mirra_param_info &parameter, const std::string &given) {
    throw Error(ErrorCode::invalid_argument, std::string(parameter.name) + " cannot be " + given,
                parameter.name, "Allowed: " + allowed(parameter) + ".");
}

bool is_choice(const mirra_param_info &parameter, std::string_view text) {
    return std::any_of(parameter.choices, parameter.choices + parameter.choice_count,
                       [&](const char *choice) { return text == choice; });
}

/// "#rrggbb" or "#rrggbbaa" in lower case, or nothing for another text.
std::optional<std::string> read_color(std::string_view text) {
    if ((text.size() != 7 && text.size() != 9) || text.front() != '#') return std::nullopt;
    std::string color(text);
    for (char &c : color) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if (color.find_first_not_of("0123456789abcdef", 1) != std::string::npos) return std::nullopt;
    return color;
}

/// As the parameter keeps a text; nothing where it takes none of that kind.
std::optional<std::string> accept_text(const mirra_param_info &parameter, std::string_view text) {
    if (is_text(parameter) || is_choice(parameter, text)) return std::string(text);
    return parameter.type == MIRRA_TYPE_COLOR ? read_color(text) : std::nullopt;
}

Value accept_number(const mirra_param_info &parameter, double value) {
    if (!std::isfinite(value) || value < parameter.minimum || value > parameter.maximum) {
        refuse(parameter, number(value));
    }
    if (parameter.type == MIRRA_TYPE_FLOAT) return value;
    constexpr double kBeyond = 0x1p63;
    if (value != std::floor(value) || value < -kBeyond || value >= kBeyond) refuse(parameter, number(value));
    return static_cast<std::int64_t>(value);
}

} // namespace

Value default_of(const mirra_param_info &parameter) {
    if (parameter.default_text != nullptr) return std::string(parameter.default_text);
    if (parameter.type == MIRRA_TYPE_BOOL) return parameter.default_value != 0;
    if (parameter.type == MIRRA_TYPE_INT) return static_cast<std::int64_t>(parameter.default_value);
    return parameter.default_value;
}

Value accept(const mirra_param_info &parameter, const Value &value) {
    if (const auto *text = std::get_if<std::string>(&value)) {
        if (auto kept = accept_text(parameter, *text)) return *std::move(kept);
        refuse(parameter, "'" + *text + "'");
    }
    if (const auto *flag = std::get_if<bool>(&value)) {
        if (parameter.type == MIRRA_TYPE_BOOL) return *flag;
        refuse(parameter, *flag ? "true" : "false");
    }
    const auto *integer = std::get_if<std::int64_t>(&value);
    const double real = integer != nullptr ? static_cast<double>(*integer) : std::get<double>(value);
    if (parameter.type == MIRRA_TYPE_BOOL && (real == 0 || real == 1)) return real == 1;
    if (parameter.type != MIRRA_TYPE_FLOAT && parameter.type != MIRRA_TYPE_INT)
        refuse(parameter, number(real));
    if (integer != nullptr && parameter.type == MIRRA_TYPE_INT && real >= parameter.minimum &&
        real <= parameter.maximum) {
        return *integer;
    }
    return accept_number(parameter, real);
}

Value parse(const mirra_param_info &parameter, std::string_view text) {
    const std::string quoted = "'" + std::string(text) + "'";
    if (auto kept = accept_text(parameter, text)) return *std::move(kept);
    if (parameter.type == MIRRA_TYPE_BOOL) {
        if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
        if (text == "false" || text == "0" || text == "no" || text == "off") return false;
        refuse(parameter, quoted);
    }
    double value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!is_number(parameter) || status != std::errc() || end != text.data() + text.size()) {
        refuse(parameter, quoted);
    }
    return accept_number(parameter, value);
}

std::optional<Value> manifest_default(const std::string &defaults_json, const std::string &name) {
    const auto defaults = nlohmann::json::parse(defaults_json, nullptr, false);
    if (!defaults.is_object()) {
        throw Error(ErrorCode::corrupt, "the manifest's defaults are no JSON object", "bundle");
    }
    const auto found = defaults.find(name);
    if (found == defaults.end()) return std::nullopt;
    if (found->is_boolean()) return found->get<bool>();
    if (found->is_number_unsigned() && !std::in_range<std::int64_t>(found->get<std::uint64_t>()))
        return found->get<double>();
    if (found->is_number_integer()) return found->get<std::int64_t>();
    if (found->is_number()) return found->get<double>();
    const auto *text = found->get_ptr<const std::string *>();
    if (text != nullptr && text->find('\0') == std::string::npos) return *text;
    throw Error(ErrorCode::corrupt,
                "the bundle's default of '" + name + "' is " +
                    (text != nullptr ? "a text with a NUL in it" : "neither number, text nor truth value"),
                "bundle", "Change the value in the bundle's manifest, or make the bundle anew.");
}

Value from_c(const mirra_value &value, const char *name) {
    switch (value.type) {
    case MIRRA_TYPE_BOOL:
        return value.integer != 0;
    case MIRRA_TYPE_INT:
        return value.integer;
    case MIRRA_TYPE_FLOAT:
        return value.real;
    case MIRRA_TYPE_STRING:
    case MIRRA_TYPE_ENUM:
    case MIRRA_TYPE_FILE:
    case MIRRA_TYPE_COLOR:
        if (value.text == nullptr) throw Error(ErrorCode::invalid_argument, "the value's text is NULL", name);
        return std::string(value.text);
    default:
        throw Error(ErrorCode::invalid_argument, "a value has the unknown type " + std::to_string(value.type),
                    name,
                    "Set mirra_value.type to one of MIRRA_TYPE_BOOL to MIRRA_TYPE_ENUM, MIRRA_TYPE_FILE or "
                    "MIRRA_TYPE_COLOR.");
    }
}

mirra_value to_c(const Value &value, std::int32_t type) noexcept {
    mirra_value out{};
    out.struct_size = sizeof(mirra_value);
    if (const auto *flag = std::get_if<bool>(&value)) {
        out.type = MIRRA_TYPE_BOOL;
        out.integer = *flag ? 1 : 0;
    } else if (const auto *integer = std::get_if<std::int64_t>(&value)) {
        out.type = MIRRA_TYPE_INT;
        out.integer = *integer;
    } else if (const auto *real = std::get_if<double>(&value)) {
        out.type = MIRRA_TYPE_FLOAT;
        out.real = *real;
    } else {
        const std::string &text = std::get<std::string>(value);
        const bool own = type == MIRRA_TYPE_FILE || (type == MIRRA_TYPE_COLOR && text.starts_with('#'));
        out.type = own ? type : type == MIRRA_TYPE_STRING || type == 0 ? MIRRA_TYPE_STRING : MIRRA_TYPE_ENUM;
        out.real = std::numeric_limits<double>::quiet_NaN();
        out.text = text.c_str();
    }
    return out;
}

} // namespace mirra::host
