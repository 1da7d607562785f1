/* plugin_stray.c - plugins that keep every rule that the library sees to, and are wrong all the same, one for
 * each value of STRAY: `mirra plugin-check` must find each. */
#define MIRRA_PLUGIN_IMPLEMENTATION
#include <mirra/mirra_plugin.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BY_TILE = 1,   /* what a pixel becomes hangs on the tile that it is in */
    GREEDY,        /* holds more than it states */
    DEAF,          /* works for long and never asks whether it shall stop */
    SHARED,        /* keeps a parameter in a static */
    ONCE,          /* brings its task to the first engine of a process only */
    COUNTS,        /* gives something else in each run */
    NO_SCORE,      /* gives a result that is no number */
    SLOW_TO_BEGIN, /* never returns when a session is made */
    CRASHES_GRAY,  /* on a small picture of one colour channel */
    ON_REQUEST,    /* as BY_TILE, in a picture that is given to who asks for it */
    CLEARS_AWAY    /* removes the empty folder STRAY_FOLDER, as another command may; no fault of a plugin */
};

typedef struct instance {
    const mirra_host_api *host;
    double level;
    int runs;
} instance;

static double shared_level;
static int engines;

static mirra_status create(void *user, const mirra_host_api *host, void **out, mirra_error **error) {
    (void)user;
    (void)error;
    instance *made = host->allocate(host, sizeof(instance));
    if (made == NULL) return MIRRA_E_OUT_OF_MEMORY;
    memset(made, 0, sizeof(*made));
    while (STRAY == SLOW_TO_BEGIN) sleep(1);
    made->host = host;
    *out = made;
    return MIRRA_OK;
}

static void destroy(void *self) {
    instance *stray = self;
    stray->host->release(stray->host, stray);
}

static mirra_status configure(void *self, mirra_context *context, mirra_setup *setup, mirra_error **error) {
    instance *stray = self;
    (void)setup;
    MIRRA_STRUCT(mirra_value, value);
    const mirra_status status = stray->host->param(context, "level", &value, error);
    if (status != MIRRA_OK) return status;
    stray->level = shared_level = value.real;
    return MIRRA_OK;
}

/* Far more than a tile needs. */
static mirra_status hold_much(const instance *stray, mirra_context *context, mirra_error **error) {
    const int64_t shape[4] = {1, 16, 1024, 1024};
    mirra_tensor *much = NULL;
    const mirra_status status = stray->host->tensor_full(context, shape, 4, 1, &much, error);
    stray->host->tensor_release(much);
    return status;
}

static mirra_status process(void *self, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    instance *stray = self;
    double level = stray->level, offset = 0;
    int64_t shape[4] = {0, 0, 0, 0};
    stray->host->tensor_shape(input, shape, 4);
    if (STRAY == GREEDY && tile->input_width >= 140) {
        const mirra_status status = hold_much(stray, context, error);
        if (status != MIRRA_OK) return status;
    }
    if (STRAY == CRASHES_GRAY && shape[1] == 1 && shape[3] == 17) abort();
    if (STRAY == DEAF && tile->input_width >= 140) sleep(4);
    if (STRAY == CLEARS_AWAY && getenv("STRAY_FOLDER") != NULL) rmdir(getenv("STRAY_FOLDER"));
    if (STRAY == SHARED) level = shared_level;
    if (STRAY == BY_TILE || STRAY == ON_REQUEST) offset = (double)tile->index / 16;
    if (STRAY == COUNTS) offset = (double)(stray->runs++ % 8) / 16;
    return stray->host->tensor_affine(context, input, level, offset, output, error);
}

static mirra_status finish(void *self, mirra_context *context, mirra_error **error) {
    instance *stray = self;
    MIRRA_STRUCT(mirra_value, value);
    value.type = MIRRA_TYPE_FLOAT;
    value.real = STRAY == NO_SCORE ? NAN : 1;
    return stray->host->set_result(context, "score", &value, error);
}

static const mirra_port_info ports[] = {
    {.struct_size = sizeof(mirra_port_info),
     .direction = MIRRA_PORT_INPUT,
     .type = MIRRA_TYPE_IMAGE,
     .flags = STRAY == CRASHES_GRAY ? MIRRA_PORT_AS_IS : 0,
     .name = "image",
     .label = "Image",
     .doc = "The image to change."},
    {.struct_size = sizeof(mirra_port_info),
     .direction = MIRRA_PORT_OUTPUT,
     .type = MIRRA_TYPE_IMAGE,
     .flags = STRAY == CRASHES_GRAY ? MIRRA_PORT_AS_IS
              : STRAY == ON_REQUEST ? MIRRA_PORT_OPTIONAL
                                    : 0,
     .name = "output",
     .label = "Output",
     .doc = "The image, changed."},
    {.struct_size = sizeof(mirra_port_info),
     .direction = MIRRA_PORT_OUTPUT,
     .type = MIRRA_TYPE_FLOAT,
     .name = "score",
     .label = "Score",
     .doc = "A number."},
};

static const mirra_param_info params[] = {{
    .struct_size = sizeof(mirra_param_info),
    .type = MIRRA_TYPE_FLOAT,
    .since = 1,
    .name = "level",
    .label = "Level",
    .doc = "What every pixel is multiplied by.",
    .default_value = 0.5,
    .maximum = 1,
}};

static const mirra_task task = {
    .struct_size = sizeof(mirra_task),
    .flags = MIRRA_TASK_NO_NETWORK,
    .name = "stray",
    .label = "Stray",
    .doc = "Goes wrong in one way.",
    .ports = ports,
    .params = params,
    .port_count = 3,
    .param_count = 1,
    .create = create,
    .destroy = destroy,
    .configure = configure,
    .process = process,
    .finish = finish,
};

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    (void)abi;
    if (STRAY == ONCE && engines++ > 0) return MIRRA_OK;
    return host->register_task(host, &task, error);
}

mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    info->abi_min = 1;
    info->abi_max = MIRRA_PLUGIN_ABI;
    info->id = "org.example.stray";
    info->version = "1.0.0";
    info->init = init;
    return MIRRA_OK;
}
