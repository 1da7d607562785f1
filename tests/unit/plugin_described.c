/* plugin_described.c - a plugin with a series, parameters of all kinds, and a task that another plugin may
 * have brought. What it is told of its run comes as results. */
#include "mirra/mirra_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const mirra_host_api *host;
    int configured; /* how often */
    int known;      /* whether the last time there was a run */
    char seen[512];
} described;

static mirra_status create(void *user, const mirra_host_api *host, void **instance, mirra_error **error) {
    described *self = calloc(1, sizeof(described));
    (void)user;
    (void)error;
    if (self == NULL) return MIRRA_E_OUT_OF_MEMORY;
    self->host = host;
    *instance = self;
    return MIRRA_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static mirra_status configure(void *instance, mirra_context *context, mirra_setup *setup,
                              mirra_error **error) {
    described *self = instance;
    MIRRA_STRUCT(mirra_run_info, info);
    MIRRA_STRUCT(mirra_value, radius);
    mirra_status status = self->host->param(context, "radius", &radius, error);
    (void)setup;
    if (status) return status;
    ++self->configured;
    self->known = self->host->run_info(context, &info, NULL) == MIRRA_OK;
    snprintf(self->seen, sizeof(self->seen),
             "%dx%d color %d format %d alpha %d transfer %d threads %d icc %.*s scale %g frame %d radius %g",
             info.width, info.height, info.color, info.format, info.alpha_mode, info.transfer, info.threads,
             (int)info.icc_bytes, info.icc == NULL ? "" : (const char *)info.icc, info.scale, (int)info.frame,
             radius.real);
    return MIRRA_OK;
}

static mirra_status process(void *instance, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    described *self = instance;
    const char *const texts[] = {self->seen, self->host->plugin_folder(self->host)};
    const char *const names[] = {"seen", "folder"};
    MIRRA_STRUCT(mirra_value, value);
    mirra_status status = MIRRA_OK;
    int i;
    (void)tile;
    value.type = MIRRA_TYPE_STRING;
    for (i = 0; i < 2 && !status; ++i) {
        value.text = texts[i];
        status = self->host->set_result(context, names[i], &value, error);
    }
    value.type = MIRRA_TYPE_INT;
    value.integer = self->configured;
    if (!status) status = self->host->set_result(context, "configured", &value, error);
    *output = self->host->tensor_retain(input);
    return status;
}

static mirra_port_info ports[4];
static mirra_param_info params[6];
static const char *const modes[] = {"plain", "shaded"};

static void describe_ports(void) {
    static const char *const names[] = {"image", "output", "style", "statistics"};
    int i;
    for (i = 0; i < 4; ++i) {
        ports[i].struct_size = sizeof(mirra_port_info);
        ports[i].type = i == 3 ? MIRRA_TYPE_TENSOR : MIRRA_TYPE_IMAGE;
        ports[i].direction = i == 1 ? MIRRA_PORT_OUTPUT : MIRRA_PORT_INPUT;
        ports[i].name = names[i];
        if (i < 2) continue;
        ports[i].series = "styles";
        ports[i].max_count = 3;
    }
    ports[2].label = "Style";
    ports[3].flags = MIRRA_PORT_OPTIONAL;
}

static void describe_params(void) {
    static const char *const names[] = {"mode", "radius", "tint", "table", "weight", "soft"};
    static const mirra_type types[] = {MIRRA_TYPE_ENUM, MIRRA_TYPE_FLOAT, MIRRA_TYPE_COLOR,
                                       MIRRA_TYPE_FILE, MIRRA_TYPE_FLOAT, MIRRA_TYPE_BOOL};
    int i;
    for (i = 0; i < 6; ++i) {
        params[i].struct_size = sizeof(mirra_param_info);
        params[i].name = names[i];
        params[i].type = types[i];
        params[i].maximum = 8;
        params[i].default_value = i == 5 ? 1 : 4;
    }
    params[0].choices = modes;
    params[0].choice_count = 2;
    params[0].default_text = "plain";
    params[1].flags = MIRRA_PARAM_PIXELS;
    params[2].default_text = "#AABBCC";
    params[2].visible_if = "mode=shaded|plain";
    params[4].series = "styles";
    params[4].max_count = 3;
}

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    static mirra_task task, taken;
    mirra_status status;
    (void)abi;
    describe_ports();
    describe_params();
    task.struct_size = sizeof(task);
    task.name = "described";
    task.ports = ports;
    task.port_count = 4;
    task.params = params;
    task.param_count = 6;
    task.create = create;
    task.destroy = destroy;
    task.configure = configure;
    task.process = process;
    status = host->register_task(host, &task, error);
    if (status) return status;
    taken = task;
    taken.name = "denoise";
    return host->register_task(host, &taken, error);
}

MIRRA_PLUGIN_EXPORT mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info);
mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    info->abi_min = info->abi_max = 1;
    info->id = "org.example.described";
    info->version = "2.1";
    info->init = init;
    return MIRRA_OK;
}
