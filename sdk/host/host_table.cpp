// The host's functions for plugins that need no run: log, memory, errors, registering, parameters, bundle.
#include "host_table.hpp"

#include "c_error.hpp"
#include "c_struct.hpp"
#include "plugin.hpp"
#include "session_state.hpp"
#include "utf8.hpp"
#include "value.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace mirra::host {
namespace {

PluginTable *table_of(const mirra_host_api *host) {
    return host == nullptr ? nullptr : static_cast<PluginTable *>(host->host);
}

void log(const mirra_host_api *host, std::int32_t level, const char *message) {
    PluginTable *table = table_of(host);
    if (table == nullptr || message == nullptr) return;
    guard(nullptr, [&] {
        const GatePass pass(table->gate);
        if (!pass) return;
        const Inside inside(Inside::Kind::table, table);
        table->plugin->log(level, message);
    });
}

void *allocate(const mirra_host_api *, std::size_t bytes) {
    return std::malloc(std::max<std::size_t>(bytes, 1));
}

void release(const mirra_host_api *, void *memory) {
    std::free(memory);
}

mirra_error *error_create(const mirra_host_api *, mirra_status code, const char *message, const char *subject,
                          const char *hint) {
    const auto readable = [](const char *text) { return text == nullptr ? std::string() : as_utf8(text); };
    mirra_error *made = nullptr;
    guard(&made, [&] {
        made = new_error(code, readable(message).c_str(), readable(subject).c_str(), readable(hint).c_str());
    });
    return made;
}

void error_destroy(const mirra_host_api *, mirra_error *error) {
    destroy_error(error);
}

mirra_status register_task(const mirra_host_api *host, const mirra_task *task, mirra_error **error) {
    return guard(error, [&] {
        PluginTable *table = table_of(host);
        if (table == nullptr) throw Error(ErrorCode::invalid_argument, "host is NULL", "host");
        const GatePass pass(table->gate);
        if (!pass) throw Error(ErrorCode::plugin, "the engine that this table is of is gone");
        table->plugin->register_task(task);
    });
}

/// A length in pixels as it is on a reduced image.
Value reduced(const mirra_param_info &parameter, const Value &value, double scale) {
    const auto within = [&](double plain) {
        return std::clamp(plain * scale, parameter.minimum, parameter.maximum);
    };
    if (const auto *real = std::get_if<double>(&value)) return within(*real);
    const auto *integer = std::get_if<std::int64_t>(&value);
    if (integer == nullptr) return value; // one of its texts
    return static_cast<std::int64_t>(std::llround(within(static_cast<double>(*integer))));
}

Value value_of(mirra_context &context, const mirra_param_info &parameter) {
    const Value &value = context.session->values.at(parameter.name);
    if ((parameter.flags & MIRRA_PARAM_PIXELS) == 0) return value;
    ask(context, PortQuestion::Kind::scale, {});
    const double scale = context.request == nullptr ? 1 : context.request->scale;
    return scale == 1 ? value : reduced(parameter, value, scale);
}

mirra_status param(mirra_context *context, const char *name, mirra_value *value, mirra_error **error) {
    return guard(error, [&] {
        check_arguments({context, name});
        check_struct(value, "value");
        const mirra_param_info &parameter = context->session->known.param(name);
        if (std::holds_alternative<std::string>(context->session->values.at(name)))
            return write_struct(value, to_c(context->session->values.at(name), parameter.type));
        write_struct(value, to_c(value_of(*context, parameter), parameter.type));
    });
}

const char *manifest_json(mirra_context *context) {
    if (context == nullptr || context->session->bundle == nullptr) return "";
    return context->session->bundle->manifest_json().c_str();
}

mirra_status manifest_default_value(mirra_context *context, const char *name, mirra_value *value,
                                    mirra_error **error) {
    return guard(error, [&] {
        check_arguments({context, name});
        check_struct(value, "value");
        const auto &bundle = context->session->bundle;
        const auto found =
            bundle == nullptr ? std::nullopt : manifest_default(bundle->manifest().defaults, name);
        if (!found) throw Error(ErrorCode::not_found, "the bundle has no default of this name", name);
        if (const auto *text = std::get_if<std::string>(&*found)) {
            const std::lock_guard lock(context->mutex);
            mirra_value out = to_c(*found);
            out.text = context->texts.emplace_back(*text).c_str();
            write_struct(value, out);
        } else {
            write_struct(value, to_c(*found));
        }
    });
}

const char *plugin_folder(const mirra_host_api *host) {
    PluginTable *table = table_of(host);
    if (table == nullptr) return "";
    const GatePass pass(table->gate);
    return pass ? table->plugin->folder().c_str() : "";
}

std::int64_t graph_input_channels(mirra_context *context, const char *graph, const char *input) {
    if (context == nullptr || graph == nullptr || input == nullptr) return 0;
    const auto &bundle = context->session->bundle;
    if (bundle == nullptr) return 0;
    const auto found = bundle->manifest().graphs.find(graph);
    if (found == bundle->manifest().graphs.end()) return 0;
    for (const graph::Input &each : found->second.inputs) {
        if (each.name == input) return each.channels;
    }
    return 0;
}

} // namespace

void check_arguments(std::initializer_list<const void *> pointers) {
    if (std::find(pointers.begin(), pointers.end(), nullptr) != pointers.end()) {
        throw Error(ErrorCode::invalid_argument, "a plugin gave NULL to a function of the host");
    }
}

mirra_host_api make_host_table() noexcept {
    mirra_host_api table{};
    table.struct_size = sizeof(mirra_host_api);
    table.abi = kPluginAbiMax;
    table.log = log;
    table.allocate = allocate;
    table.release = release;
    table.error_create = error_create;
    table.error_destroy = error_destroy;
    table.register_task = register_task;
    table.plugin_folder = plugin_folder;
    table.param = checked<param>;
    table.manifest_json = checked<manifest_json>;
    table.manifest_default = checked<manifest_default_value>;
    table.graph_input_channels = checked<graph_input_channels>;
    add_run_functions(table);
    add_tensor_functions(table);
    add_tensor_part_functions(table);
    add_thread_functions(table);
    add_graph_functions(table);
    add_port_functions(table);
    add_session_functions(table);
    return table;
}

} // namespace mirra::host
