/* plugin_describes.c - a task that says in `configure` what its parameters can be; "act" says how. */
#include "mirra/mirra_plugin.h"

#include <string.h>

static mirra_status create(void *user, const mirra_host_api *host, void **instance, mirra_error **error) {
    (void)user;
    (void)error;
    *instance = (void *)host;
    return MIRRA_OK;
}

static void destroy(void *instance) {
    (void)instance;
}

static const char *act_of(const mirra_host_api *host, mirra_context *context) {
    MIRRA_STRUCT(mirra_value, value);
    return host->param(context, "act", &value, NULL) ? "" : value.text;
}

static mirra_param_info levels(const char *act) {
    MIRRA_STRUCT(mirra_param_info, info);
    info.type = strcmp(act, "type") ? MIRRA_TYPE_INT : MIRRA_TYPE_FLOAT;
    info.name = strcmp(act, "unknown") ? "levels" : "nothing";
    info.minimum = 1;
    info.maximum = !strcmp(act, "wide") ? 9 : !strcmp(act, "many") ? 2 : 3;
    info.default_value = strcmp(act, "default") ? 2 : 0;
    if (!strcmp(act, "size")) info.struct_size = 12;
    return info;
}

static mirra_status configure(void *instance, mirra_context *context, mirra_setup *setup,
                              mirra_error **error) {
    static const char *const layers[] = {"conv1", "conv5"}, *const labels[] = {"The first", "The last"};
    const mirra_host_api *host = instance;
    const char *act = act_of(host, context);
    const char *const mode_choice = strcmp(act, "choice") ? "b" : "z";
    const mirra_param_info described = levels(act);
    mirra_status status;
    int i;
    MIRRA_STRUCT(mirra_param_info, layer);
    MIRRA_STRUCT(mirra_param_info, mode);
    (void)setup;
    layer.type = MIRRA_TYPE_STRING;
    layer.name = "layer";
    layer.default_text = "conv5";
    layer.choices = layers;
    layer.choice_labels = labels;
    layer.choice_count = 2;
    mode.type = MIRRA_TYPE_ENUM;
    mode.name = "mode";
    mode.default_text = mode_choice;
    mode.choices = &mode_choice;
    mode.choice_count = 1;
    status = host->describe_param(context, &layer, error);
    if (!status) status = host->describe_param(context, &mode, error);
    for (i = 0; !status && i < (strcmp(act, "many") ? 1 : 1000); ++i)
        status = host->describe_param(context, &described, error);
    return status;
}

static mirra_status process(void *instance, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const mirra_host_api *host = instance;
    const mirra_param_info described = levels("");
    (void)tile;
    *output = host->tensor_retain(input);
    return strcmp(act_of(host, context), "process") ? MIRRA_OK
                                                    : host->describe_param(context, &described, error);
}

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    static const char *const modes[] = {"a", "b"};
    static mirra_port_info ports[2];
    static mirra_param_info params[4];
    static mirra_task task;
    uint32_t i;
    (void)abi;
    for (i = 0; i < 2; ++i) {
        ports[i].struct_size = sizeof(mirra_port_info);
        ports[i].type = MIRRA_TYPE_IMAGE;
        ports[i].direction = i == 0 ? MIRRA_PORT_INPUT : MIRRA_PORT_OUTPUT;
        ports[i].name = i == 0 ? "image" : "output";
    }
    for (i = 0; i < 4; ++i) {
        params[i].struct_size = sizeof(mirra_param_info);
        params[i].type = i == 2 ? MIRRA_TYPE_INT : i == 3 ? MIRRA_TYPE_ENUM : MIRRA_TYPE_STRING;
    }
    params[0].name = "act";
    params[1].name = "layer";
    params[1].label = "Layer";
    params[2].name = "levels";
    params[2].minimum = 1;
    params[2].maximum = 8;
    params[2].default_value = 5;
    params[3].name = "mode";
    params[3].default_text = "a";
    params[3].choices = modes;
    params[3].choice_count = 2;
    task.struct_size = sizeof(task);
    task.name = "describes";
    task.ports = ports;
    task.port_count = 2;
    task.params = params;
    task.param_count = 4;
    task.create = create;
    task.destroy = destroy;
    task.configure = configure;
    task.process = process;
    return host->register_task(host, &task, error);
}

MIRRA_PLUGIN_EXPORT mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info);
mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    info->abi_min = info->abi_max = 1;
    info->id = "org.example.zoo.describes";
    info->version = "1";
    info->init = init;
    return MIRRA_OK;
}
