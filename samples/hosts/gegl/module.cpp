// The module that GEGL loads: an operation "mirra:NAME" for each task of Mirra that makes a picture of one.
#include "operation.hpp"

#include <list>
#include <memory>

namespace {

struct Module {
    mirra_filters::Filters filters;
    std::list<mirra_gegl::Kind> kinds; // whose addresses GLib keeps

    explicit Module(GTypeModule *type_module) {
        for (const auto &filter : filters.all()) {
            kinds.push_back({filters, filter});
            mirra_gegl::register_operation(type_module, kinds.back());
        }
    }
};

} // namespace

extern "C" {

G_MODULE_EXPORT const GeglModuleInfo *gegl_module_query(GTypeModule *module);
G_MODULE_EXPORT gboolean gegl_module_register(GTypeModule *module);

const GeglModuleInfo *gegl_module_query(GTypeModule * /*module*/) {
    static const GeglModuleInfo info = {GEGL_MODULE_ABI_VERSION};
    return &info;
}

gboolean gegl_module_register(GTypeModule *module) {
    try {
        // Types of GLib are there to the end, and threads of the host may use them while it exits: it is
        // never destroyed.
        static Module *const made = std::make_unique<Module>(module).release();
        return made != nullptr ? TRUE : FALSE;
    } catch (const std::exception &error) {
        g_warning("Mirra: %s", mirra_filters::message_of(error).c_str());
        return FALSE;
    }
}
}
