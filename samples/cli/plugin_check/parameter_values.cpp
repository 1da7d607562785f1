// Ends of ranges, and choices.
#include "parameter_values.hpp"

#include "../console.hpp"

namespace mirra::cli::conformance {
namespace {

std::string value_text(const api::Value &value) {
    switch (value.type()) {
    case MIRRA_TYPE_BOOL:
        return value.as<bool>() ? "true" : "false";
    case MIRRA_TYPE_INT:
        return std::to_string(value.as<std::int64_t>());
    case MIRRA_TYPE_FLOAT:
        return number_text(value.as<double>());
    default:
        return value.as<std::string>();
    }
}

} // namespace

std::string Setting::text() const {
    return "parameter '" + name + "' = " + value_text(value);
}

std::vector<Setting> settings_of(const mirra_param_info &param) {
    std::vector<Setting> settings;
    if (param.series_place > 1) return settings;
    const std::string name = param.name;
    const auto add = [&](api::Value value) { settings.push_back({name, std::move(value)}); };
    if (param.type == MIRRA_TYPE_BOOL)
        for (const bool value : {false, true}) add(value);
    if (param.type == MIRRA_TYPE_INT)
        for (const double value : {param.minimum, param.maximum}) add(static_cast<std::int64_t>(value));
    if (param.type == MIRRA_TYPE_FLOAT)
        for (const double value : {param.minimum, param.maximum}) add(value);
    if (param.type == MIRRA_TYPE_COLOR)
        for (const char *value : {"#000000", "#ffffff80"}) add(value);
    for (std::uint32_t i = 0; i < param.choice_count; ++i) add(param.choices[i]);
    return settings;
}

} // namespace mirra::cli::conformance
