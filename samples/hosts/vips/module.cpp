// What libvips calls when it loads its plugins.
#include "operation.hpp"
#include "picture.hpp"

#include <gmodule.h>

extern "C" {
/// NULL, or what went wrong: the module is closed again then.
G_MODULE_EXPORT const gchar *g_module_check_init(GModule *self);
}

const gchar *g_module_check_init(GModule *self) {
    if (g_type_from_name("Mirra_mirra_denoise") != 0) return "Mirra is there already";
    g_module_make_resident(self);
    try {
        // Operations use it for as long as there is a process.
        auto *const filters = new mirra_filters::Filters();
        for (const auto &filter : filters->all()) mirra_vips::register_operation(*filters, filter);
        return nullptr;
    } catch (const std::exception &error) {
        return g_intern_string(mirra_filters::message_of(error).c_str());
    }
}
