// The plug-in for GIMP 2.10: a procedure plug-in-mirra-NAME for each task of Mirra that makes a picture of
// one.
#include "dialog2.hpp"
#include "drawable.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace {

using namespace mirra_gimp;
using mirra_filters::Filter;
using mirra_filters::Setting;
using mirra_filters::Values;
using Type = Setting::Type;

// ---- Arguments

constexpr std::size_t first = 3; // run mode, image and drawable come before the settings

GimpPDBArgType type_of(const Setting &setting) {
    if (setting.type == Type::boolean || setting.type == Type::whole) return GIMP_PDB_INT32;
    return setting.type == Type::real ? GIMP_PDB_FLOAT : GIMP_PDB_STRING;
}

// What scripts read of a setting: its meaning, and what it takes.
std::string doc_of(const Setting &setting) {
    std::string doc = setting.label;
    if (setting.type == Type::boolean) doc += " (TRUE or FALSE)";
    if (setting.type == Type::choice) {
        doc += " (";
        for (const auto &choice : setting.choices) doc += (doc.back() == '(' ? "" : ", ") + choice.value;
        doc += ")";
    }
    return doc + ". " + setting.doc;
}

std::string text_of(const Setting &setting, const GimpParam &param) {
    if (setting.type == Type::boolean) return param.data.d_int32 != 0 ? "true" : "false";
    if (setting.type == Type::whole) return std::to_string(param.data.d_int32);
    if (setting.type == Type::real) return mirra_filters::text_of(param.data.d_float);
    return param.data.d_string == nullptr ? "" : param.data.d_string;
}

Values values_of(const Filter &filter, const GimpParam *params) {
    Values values;
    for (std::size_t i = 0; i < filter.settings.size(); ++i)
        values[filter.settings[i].name] = text_of(filter.settings[i], params[first + i]);
    return values;
}

void install(const Filter &filter) {
    static std::array<std::string, first> names{"run-mode", "image", "drawable"};
    std::vector<std::string> texts; // to live as long as the call
    texts.reserve(2 * filter.settings.size());
    std::string mode = "The run mode { RUN-INTERACTIVE (0), RUN-NONINTERACTIVE (1), RUN-WITH-LAST-VALS (2) }";
    std::string image = "The image", drawable = "The layer, mask or channel";
    std::vector<GimpParamDef> params{{GIMP_PDB_INT32, names[0].data(), mode.data()},
                                     {GIMP_PDB_IMAGE, names[1].data(), image.data()},
                                     {GIMP_PDB_DRAWABLE, names[2].data(), drawable.data()}};
    for (const Setting &setting : filter.settings) {
        std::string name = setting.name;
        std::replace(name.begin(), name.end(), '_', '-');
        texts.push_back(std::move(name));
        texts.push_back(doc_of(setting));
        params.push_back({type_of(setting), texts[texts.size() - 2].data(), texts.back().data()});
    }
    const std::string name = procedure_name(filter);
    const std::string label = filter.label + "...";
    gimp_install_procedure(name.c_str(), filter.doc.c_str(), filter.doc.c_str(), "The authors of Mirra",
                           "The authors of Mirra", "2026", label.c_str(), "RGB*, GRAY*", GIMP_PLUGIN,
                           static_cast<int>(params.size()), 0, params.data(), nullptr);
    gimp_plugin_menu_register(name.c_str(), "<Image>/Filters/Mirra");
}

// ---- The values of the last call, which GIMP keeps as bytes until it ends

std::string flat(const Values &values) {
    std::string bytes;
    for (const auto &[name, value] : values) bytes += name + '\0' + value + '\0';
    return bytes;
}

Values unflat(const std::string &bytes) {
    Values values;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::string name = bytes.c_str() + at;
        at += name.size() + 1;
        const std::string value = bytes.c_str() + at;
        at += value.size() + 1;
        values[name] = value;
    }
    return values;
}

Values last_values(const std::string &procedure) {
    const gint size = gimp_get_data_size(procedure.c_str());
    if (size <= 0) return {};
    std::string bytes(static_cast<std::size_t>(size), '\0');
    return gimp_get_data(procedure.c_str(), bytes.data()) != 0 ? unflat(bytes) : Values{};
}

void keep_values(const std::string &procedure, const Values &values) {
    const std::string bytes = flat(values);
    gimp_set_data(procedure.c_str(), bytes.data(), static_cast<guint32>(bytes.size()));
}

// ---- What GIMP calls

void init() {
    try {
        for (const Filter &filter : filters().all()) install(filter);
    } catch (const std::exception &error) {
        g_printerr("Mirra: %s\n", mirra_filters::message_of(error).c_str());
    }
}

GimpPDBStatusType work(const std::string &procedure, int count, const GimpParam *params) {
    const Filter *const filter = filter_of_procedure(procedure);
    if (filter == nullptr)
        throw mirra_filters::api::Error(MIRRA_E_NOT_FOUND, "the task is no longer there", procedure,
                                        "Start GIMP anew");
    const auto mode = static_cast<GimpRunMode>(params[0].data.d_int32);
    const gint32 drawable = params[2].data.d_drawable;
    Values values = last_values(procedure);
    if (mode == GIMP_RUN_INTERACTIVE && !ask(*filter, values, drawable)) return GIMP_PDB_CANCEL;
    if (mode == GIMP_RUN_NONINTERACTIVE) {
        if (static_cast<std::size_t>(count) != first + filter->settings.size()) return GIMP_PDB_CALLING_ERROR;
        values = values_of(*filter, params);
    }
    apply(*filter, values, drawable);
    if (mode == GIMP_RUN_INTERACTIVE) keep_values(procedure, values);
    if (mode != GIMP_RUN_NONINTERACTIVE) gimp_displays_flush();
    return GIMP_PDB_SUCCESS;
}

void run(const gchar *name, gint count, const GimpParam *params, gint *return_count, GimpParam **returns) {
    static std::array<GimpParam, 2> result{}; // GIMP reads them after the return
    static std::string message;
    *return_count = 1;
    *returns = result.data();
    result[0].type = GIMP_PDB_STATUS;
    gegl_init(nullptr, nullptr);
    try {
        result[0].data.d_status = work(name, count, params);
    } catch (const std::exception &error) {
        message = mirra_filters::message_of(error);
        *return_count = 2;
        result[0].data.d_status = GIMP_PDB_EXECUTION_ERROR;
        result[1].type = GIMP_PDB_STRING;
        result[1].data.d_string = message.data();
    }
}

} // namespace

// Not `query`: its procedures would be remembered, and a plugin of Mirra that comes later would be missing.
const GimpPlugInInfo PLUG_IN_INFO = {init, nullptr, nullptr, run};

MAIN()
