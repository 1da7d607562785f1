/* plugin_described.c - tasks that say much of themselves. "described" has a series and parameters of all
 * kinds; what it is told of its run comes as results. "denoise" is the same under a name that another plugin
 * may have brought. "describes" says in `configure` what its parameters can be; "act" says how. */
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

static mirra_status describe(void *instance, mirra_context *context, mirra_setup *setup,
                             mirra_error **error) {
    static const char *const layers[] = {"conv1", "conv5"}, *const labels[] = {"The first", "The last"};
    const mirra_host_api *host = ((described *)instance)->host;
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

static mirra_status describe_late(void *instance, mirra_context *context, const mirra_tile *tile,
                                  const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const mirra_host_api *host = ((described *)instance)->host;
    const mirra_param_info described = levels("");
    (void)tile;
    *output = host->tensor_retain(input);
    return strcmp(act_of(host, context), "process") ? MIRRA_OK
                                                    : host->describe_param(context, &described, error);
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

/* Those of "describes". */
static mirra_param_info own_params[4];

static void describe_own_params(void) {
    static const char *const names[] = {"act", "layer", "levels", "mode"}, *const letters[] = {"a", "b"};
    int i;
    for (i = 0; i < 4; ++i) {
        own_params[i].struct_size = sizeof(mirra_param_info);
        own_params[i].name = names[i];
        own_params[i].type = i == 2 ? MIRRA_TYPE_INT : i == 3 ? MIRRA_TYPE_ENUM : MIRRA_TYPE_STRING;
    }
    own_params[1].label = "Layer";
    own_params[2].minimum = 1;
    own_params[2].maximum = 8;
    own_params[2].default_value = 5;
    own_params[3].default_text = "a";
    own_params[3].choices = letters;
    own_params[3].choice_count = 2;
}

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    static mirra_task task, taken, own;
    mirra_status status;
    (void)abi;
    describe_ports();
    describe_params();
    describe_own_params();
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
    status = host->register_task(host, &taken, error);
    if (status) return status;
    own = task;
    own.name = "describes";
    own.port_count = 2;
    own.params = own_params;
    own.param_count = 4;
    own.configure = describe;
    own.process = describe_late;
    return host->register_task(host, &own, error);
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
