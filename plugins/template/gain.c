/* gain.c - the smallest plugin: a task "gain" that multiplies every pixel. Copy this file and change it.
 * docs/tutorials/write-a-plugin.md explains its parts.
 *   cc -shared -fPIC -fvisibility=hidden gain.c $(pkg-config --cflags mirra) -o gain.so */
#define MIRRA_PLUGIN_IMPLEMENTATION
#include <mirra/mirra_plugin.h>

/* What one session needs. The host calls the functions of one instance one at a time. */
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

static const mirra_param_info params[] = {{
    .struct_size = sizeof(mirra_param_info),
    .type = MIRRA_TYPE_FLOAT,
    .since = 1,
    .name = "gain",
    .label = "Gain",
    .doc = "What every pixel is multiplied by.",
    .default_value = 1,
    .minimum = 0,
    .maximum = 8,
    .soft_minimum = 0,
    .soft_maximum = 2,
    .step = 0.05,
}};

static mirra_status create(void *user, const mirra_host_api *host, void **out, mirra_error **error) {
    (void)user;
    instance *made = host->allocate(host, sizeof(instance));
    if (made == NULL) {
        *error =
            host->error_create(host, MIRRA_E_OUT_OF_MEMORY, "no memory for a session of 'gain'", NULL, NULL);
        return MIRRA_E_OUT_OF_MEMORY;
    }
    made->host = host;
    made->gain = 1;
    *out = made;
    return MIRRA_OK;
}

static void destroy(void *self) {
    instance *gain = self;
    gain->host->release(gain->host, gain);
}

/* Reads the parameters. With a network, it would set setup->graph here. */
static mirra_status configure(void *self, mirra_context *context, mirra_setup *setup, mirra_error **error) {
    instance *gain = self;
    MIRRA_STRUCT(mirra_value, value);
    const mirra_status status = gain->host->param(context, "gain", &value, error);
    if (status != MIRRA_OK) return status;
    gain->gain = value.real;
    setup->extra_bytes_per_pixel = 0;
    return MIRRA_OK;
}

/* One tile: a tensor {1, 3, height, width} in, one of the same shape out. */
static mirra_status process(void *self, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const instance *gain = self;
    (void)tile;
    return gain->host->tensor_affine(context, input, gain->gain, 0, output, error);
}

static const mirra_task task = {
    .struct_size = sizeof(mirra_task),
    .flags = MIRRA_TASK_NO_NETWORK, /* with a network, leave this line out */
    .name = "gain",
    .label = "Gain",
    .doc = "Makes an image brighter or darker.",
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
    info->id = "org.example.gain";
    info->version = "1.0.0";
    info->init = init;
    return MIRRA_OK;
}
