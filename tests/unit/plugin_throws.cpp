// A plugin that throws where none may: in process, and in destroy.
#define MIRRA_PLUGIN_IMPLEMENTATION
#include "mirra/mirra_plugin.h"

#include <stdexcept>

namespace {

mirra_status create(void *, const mirra_host_api *host, void **instance, mirra_error **) {
    *instance = const_cast<mirra_host_api *>(host);
    return MIRRA_OK;
}

void destroy(void *) {
    throw std::runtime_error("destroy");
}

mirra_status configure(void *, mirra_context *, mirra_setup *, mirra_error **) {
    return MIRRA_OK;
}

mirra_status process(void *instance, mirra_context *, const mirra_tile *, const mirra_tensor *input,
                     mirra_tensor **output, mirra_error **) {
    *output = static_cast<const mirra_host_api *>(instance)->tensor_retain(input);
    throw std::runtime_error("process");
}

mirra_status init(const mirra_host_api *host, std::uint32_t, mirra_error **error) {
    static mirra_port_info ports[2] = {};
    for (mirra_port_info &port : ports) {
        port.struct_size = sizeof(mirra_port_info);
        port.type = MIRRA_TYPE_IMAGE;
    }
    ports[0].name = "image";
    ports[1].name = "output";
    ports[1].direction = MIRRA_PORT_OUTPUT;
    mirra_task task{};
    task.struct_size = sizeof(mirra_task);
    task.name = "throws";
    task.ports = ports;
    task.port_count = 2;
    task.create = create;
    task.destroy = destroy;
    task.configure = configure;
    task.process = process;
    return host->register_task(host, &task, error);
}

} // namespace

extern "C" mirra_status mirra_plugin_query_v1(const mirra_host_info *, mirra_plugin_info *info) {
    info->abi_min = info->abi_max = MIRRA_PLUGIN_ABI;
    info->id = "org.example.zoo.throws";
    info->version = "1";
    info->init = init;
    return MIRRA_OK;
}
