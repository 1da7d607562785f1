/* dialog_plugin.c - a plugin for the tests: a task "everything" with every kind of parameter that a dialog
 * has. It multiplies every pixel by the gain, or by the number in a file. */
#define MIRRA_PLUGIN_IMPLEMENTATION
#include <mirra/mirra_plugin.h>
#include <stdio.h>

typedef struct instance {
    const mirra_host_api *host;
    double gain;
} instance;

static const mirra_port_info ports[] = {
    {
        .struct_size = sizeof(mirra_port_info),
        .direction = MIRRA_PORT_INPUT,
        .type = MIRRA_TYPE_IMAGE,
        .name = "image",
        .label = "Image",
        .doc = "The image to change.",
    },
    {
        .struct_size = sizeof(mirra_port_info),
        .direction = MIRRA_PORT_OUTPUT,
        .type = MIRRA_TYPE_IMAGE,
        .name = "output",
        .label = "Output",
        .doc = "The image, changed.",
    },
};

static const char *const automatic[] = {"auto"};
static const char *const automatic_labels[] = {"Automatic"};
static const char *const modes[] = {"plain", "from-file"};
static const char *const mode_labels[] = {"<b>Plain</b>",
                                          "From a file"}; /* markup is to be seen, not obeyed */

static const mirra_param_info params[] = {
    {
        .struct_size = sizeof(mirra_param_info),
        .type = MIRRA_TYPE_FLOAT,
        .name = "gain",
        .label = "Gain",
        .doc = "What every pixel is multiplied by.",
        .default_text = "auto",
        .choices = automatic,
        .choice_labels = automatic_labels,
        .choice_count = 1,
        .maximum = 8,
        .soft_maximum = 2,
        .step = 0.25,
    },
    {
        .struct_size = sizeof(mirra_param_info),
        .type = MIRRA_TYPE_ENUM,
        .name = "mode",
        .label = "Mode",
        .doc = "Where the gain comes from.",
        .default_text = "plain",
        .choices = modes,
        .choice_labels = mode_labels,
        .choice_count = 2,
    },
    {
        .struct_size = sizeof(mirra_param_info),
        .type = MIRRA_TYPE_FILE,
        .name = "source",
        .label = "File with the gain",
        .doc = "A text file with one number.",
        .default_text = "",
        .visible_if = "mode=from-file",
    },
    {
        .struct_size = sizeof(mirra_param_info),
        .type = MIRRA_TYPE_COLOR,
        .name = "tint",
        .label = "Tint",
        .doc = "A colour, which does nothing.",
        .default_text = "#ff8000",
    },
    {
        .struct_size = sizeof(mirra_param_info),
        .type = MIRRA_TYPE_BOOL,
        .name = "fast",
        .label = "Fast",
        .doc = "A switch, which does nothing.",
        .default_value = 1,
    },
    {
        .struct_size = sizeof(mirra_param_info),
        .flags = MIRRA_PARAM_ADVANCED,
        .type = MIRRA_TYPE_INT,
        .name = "passes",
        .label = "Passes",
        .doc = "A whole number, which does nothing.",
        .group = "Fine",
        .default_value = 3,
        .minimum = 1,
        .maximum = 100,
        .soft_minimum = 1,
        .soft_maximum = 10,
    },
    {
        .struct_size = sizeof(mirra_param_info),
        .flags = MIRRA_PARAM_ADVANCED,
        .type = MIRRA_TYPE_STRING,
        .name = "note",
        .label = "Note",
        .doc = "A text, which does nothing.",
        .group = "Fine",
        .default_text = "",
    },
};

static mirra_status create(void *user, const mirra_host_api *host, void **out, mirra_error **error) {
    (void)user;
    (void)error;
    instance *made = host->allocate(host, sizeof(instance));
    if (made == NULL) return MIRRA_E_OUT_OF_MEMORY;
    made->host = host;
    made->gain = 1;
    *out = made;
    return MIRRA_OK;
}

static void destroy(void *self) {
    instance *all = self;
    all->host->release(all->host, all);
}

static mirra_status read_gain(instance *all, const char *path, mirra_error **error) {
    FILE *file = fopen(path, "r");
    const int read = file == NULL ? 0 : fscanf(file, "%lf", &all->gain);
    if (file != NULL) fclose(file);
    if (read == 1) return MIRRA_OK;
    *error = all->host->error_create(all->host, MIRRA_E_CORRUPT, "the file holds no number", path,
                                     "Write one number into it.");
    return MIRRA_E_CORRUPT;
}

static mirra_status configure(void *self, mirra_context *context, mirra_setup *setup, mirra_error **error) {
    instance *all = self;
    MIRRA_STRUCT(mirra_value, value);
    mirra_status status = all->host->param(context, "gain", &value, error);
    if (status != MIRRA_OK) return status;
    all->gain = value.type == MIRRA_TYPE_FLOAT ? value.real : 1.5;
    setup->extra_bytes_per_pixel = 0;
    status = all->host->param(context, "source", &value, error);
    if (status != MIRRA_OK || value.text[0] == '\0') return status;
    return read_gain(all, value.text, error);
}

static mirra_status process(void *self, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const instance *all = self;
    (void)tile;
    return all->host->tensor_affine(context, input, all->gain, 0, output, error);
}

static const mirra_task task = {
    .struct_size = sizeof(mirra_task),
    .flags = MIRRA_TASK_NO_NETWORK,
    .name = "everything",
    .label = "Everything",
    .doc = "Has every kind of parameter.",
    .ports = ports,
    .params = params,
    .port_count = sizeof(ports) / sizeof(ports[0]),
    .param_count = sizeof(params) / sizeof(params[0]),
    .create = create,
    .destroy = destroy,
    .configure = configure,
    .process = process,
};

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    (void)abi;
    return host->register_task(host, &task, error);
}

mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    info->abi_min = 1;
    info->abi_max = MIRRA_PLUGIN_ABI;
    info->id = "org.example.everything";
    info->version = "1.0.0";
    info->init = init;
    return MIRRA_OK;
}
