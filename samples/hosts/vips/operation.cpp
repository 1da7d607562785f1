#include "operation.hpp"

#include "arguments.hpp"
#include "picture.hpp"
#include "work.hpp"

#include <algorithm>

namespace mirra_vips {
namespace {

using mirra_filters::Filter;
using mirra_filters::Filters;

struct Registered {
    Filters *filters;
    const Filter *filter;
};

/// The slots of the settings follow it.
struct Operation {
    VipsOperation parent;
    VipsImage *in;
    VipsImage *out;
};

struct OperationClass {
    VipsOperationClass parent;
    const Registered *registered;
};

VipsObjectClass *parent_class() {
    return VIPS_OBJECT_CLASS(g_type_class_peek(VIPS_TYPE_OPERATION));
}

int build(VipsObject *object) {
    if (parent_class()->build(object) != 0) return -1;
    auto *const operation = reinterpret_cast<Operation *>(object);
    const Registered &registered =
        *reinterpret_cast<OperationClass *>(VIPS_OBJECT_GET_CLASS(object))->registered;
    VipsImage *const out = vips_image_new();
    g_object_set(object, "out", out, nullptr); // which takes it over
    try {
        const auto values = values_of(object, *registered.filter, sizeof(Operation));
        VipsImage *const result =
            filtered(*registered.filters, *registered.filter, values, operation->in, out);
        const int status = vips_image_write(result, out);
        g_object_unref(result);
        return status;
    } catch (const VipsFailure &) {
        // has been said
    } catch (const std::exception &error) {
        vips_error(VIPS_OBJECT_GET_CLASS(object)->nickname, "%s", mirra_filters::message_of(error).c_str());
    }
    return -1;
}

void install_image(VipsObjectClass *object_class, const char *name, const char *label, const char *doc,
                   int direction, int priority, std::size_t offset) {
    GParamSpec *const spec =
        g_param_spec_object(name, label, doc, VIPS_TYPE_IMAGE, static_cast<GParamFlags>(G_PARAM_READWRITE));
    g_object_class_install_property(G_OBJECT_CLASS(object_class), static_cast<guint>(priority), spec);
    vips_object_class_install_argument(
        object_class, spec,
        static_cast<VipsArgumentFlags>(VIPS_ARGUMENT_REQUIRED | VIPS_ARGUMENT_CONSTRUCT | direction),
        priority, static_cast<guint>(offset));
}

std::string nickname_of(const Filter &filter) {
    std::string name = "mirra_" + filter.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

void class_init(gpointer given, gpointer data) {
    const auto *const registered = static_cast<const Registered *>(data);
    static_cast<OperationClass *>(given)->registered = registered;
    auto *const gobject_class = G_OBJECT_CLASS(given);
    gobject_class->set_property = vips_object_set_property;
    gobject_class->get_property = vips_object_get_property;
    auto *const object_class = VIPS_OBJECT_CLASS(given);
    object_class->nickname = g_strdup(nickname_of(*registered->filter).c_str());
    object_class->description = g_strdup(registered->filter->doc.c_str());
    object_class->build = build;
    install_image(object_class, "in", "Input", "Input image", VIPS_ARGUMENT_INPUT, 1,
                  G_STRUCT_OFFSET(Operation, in));
    install_image(object_class, "out", "Output", "Output image", VIPS_ARGUMENT_OUTPUT, 2,
                  G_STRUCT_OFFSET(Operation, out));
    install_arguments(object_class, *registered->filter, sizeof(Operation));
}

} // namespace

void register_operation(Filters &filters, const Filter &filter) {
    GTypeInfo info{};
    info.class_size = sizeof(OperationClass);
    info.class_init = class_init;
    info.class_data = new Registered{&filters, &filter}; // a type is for ever
    info.instance_size = static_cast<guint16>(sizeof(Operation) + filter.settings.size() * kSlot);
    const std::string name = "Mirra_" + nickname_of(filter);
    g_type_register_static(VIPS_TYPE_OPERATION, name.c_str(), &info, static_cast<GTypeFlags>(0));
}

} // namespace mirra_vips
