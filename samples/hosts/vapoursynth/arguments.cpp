#include "arguments.hpp"

namespace mirra_vapoursynth {
namespace {

using mirra_filters::Setting;

const char *type_of(const Setting &setting) noexcept {
    switch (setting.type) {
    case Setting::Type::boolean:
    case Setting::Type::whole:
        return "int";
    case Setting::Type::real:
        return "float";
    default:
        return "data";
    }
}

// The function's own arguments keep their names.
std::string argument_of(const Setting &setting) {
    const bool taken = setting.name == "clip" || setting.name == at_once_argument;
    return taken ? setting.name + "_" : setting.name;
}

std::string text_of(const Setting &setting, const VSMap *in, const VSAPI *vs) {
    const std::string name = argument_of(setting);
    switch (setting.type) {
    case Setting::Type::boolean:
        return vs->mapGetInt(in, name.c_str(), 0, nullptr) != 0 ? "true" : "false";
    case Setting::Type::whole:
        return std::to_string(vs->mapGetInt(in, name.c_str(), 0, nullptr));
    case Setting::Type::real:
        return mirra_filters::text_of(vs->mapGetFloat(in, name.c_str(), 0, nullptr));
    default:
        return {vs->mapGetData(in, name.c_str(), 0, nullptr),
                static_cast<std::size_t>(vs->mapGetDataSize(in, name.c_str(), 0, nullptr))};
    }
}

} // namespace

std::string function_name(const mirra_filters::Filter &filter) {
    std::string name;
    bool begins = true;
    for (const char c : filter.name) {
        if (c != '-') name += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        begins = c == '-';
    }
    return name;
}

std::string arguments_of(const mirra_filters::Filter &filter) {
    std::string arguments = "clip:vnode;";
    for (const auto &setting : filter.settings)
        arguments += argument_of(setting) + ":" + type_of(setting) + ":opt;";
    return arguments + at_once_argument + ":int:opt;";
}

mirra_filters::Values values_of(const mirra_filters::Filter &filter, const VSMap *in, const VSAPI *vs) {
    mirra_filters::Values values;
    const auto read = [&](bool modes) {
        for (const auto &setting : filter.settings)
            if ((setting.role == Setting::Role::mode) == modes &&
                vs->mapNumElements(in, argument_of(setting).c_str()) > 0)
                filter.put(values, setting, text_of(setting, in, vs));
    };
    read(false);
    read(true); // a word that is asked for goes before a number
    return values;
}

} // namespace mirra_vapoursynth
