/* Tasks whose outputs are not what the input is: of other sizes, several, from nothing, with alpha, beyond 1.
 * Each takes means over 3 x 3 pixels, so that tiles need their surroundings. */
#define MIRRA_PLUGIN_IMPLEMENTATION
#include "mirra/mirra_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { DOUBLE, THIRDS, CROP, RAMP, SPLIT, LIGHT, VEIL, LANES, FAILS, COUNT };

struct instance {
    enum kind kind;
    const mirra_host_api *host;
};

static mirra_status create(void *user, const mirra_host_api *host, void **instance, mirra_error **error) {
    struct instance *made = malloc(sizeof *made);
    (void)error;
    if (made == NULL) return MIRRA_E_OUT_OF_MEMORY;
    made->kind = *(const enum kind *)user;
    made->host = host;
    *instance = made;
    return MIRRA_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static mirra_status configure(void *instance, mirra_context *context, mirra_setup *setup,
                              mirra_error **error) {
    const struct instance *self = instance;
    (void)context;
    (void)error;
    setup->halo = 1;
    if (self->kind == DOUBLE) {
        setup->scale_numerator = 2;
        setup->scale_denominator = 1;
    } else if (self->kind == THIRDS) {
        setup->scale_numerator = 2;
        setup->scale_denominator = 3;
    } else if (self->kind == CROP) {
        setup->flags = MIRRA_SETUP_WHOLE_IMAGE;
        setup->output_width = 5;
        setup->output_height = 4;
    } else if (self->kind == LIGHT) {
        setup->flags = MIRRA_SETUP_UNBOUNDED;
    }
    return MIRRA_OK;
}

/* Mean of the pixels around that the tensor has; edges count as what lies at them. */
static float mean_at(const float *plane, int64_t width, int64_t height, int64_t x, int64_t y) {
    float sum = 0;
    for (int64_t j = y - 1; j <= y + 1; ++j)
        for (int64_t i = x - 1; i <= x + 1; ++i) {
            const int64_t row = j < 0 ? 0 : j >= height ? height - 1 : j;
            const int64_t column = i < 0 ? 0 : i >= width ? width - 1 : i;
            sum += plane[row * width + column];
        }
    return sum / 9;
}

static float value_at(enum kind kind, const mirra_tile *tile, const float *input, const int64_t *shape,
                      int64_t channel, int64_t x, int64_t y) {
    const float *plane = input == NULL ? NULL : input + channel * shape[2] * shape[3];
    switch (kind) {
    case DOUBLE:
        return mean_at(plane, shape[3], shape[2], x / 2, y / 2);
    case THIRDS:
        return mean_at(plane, shape[3], shape[2], x * 3 / 2, y * 3 / 2);
    case RAMP:
        return (float)(tile->output_x + x) / 64 + (float)(tile->output_y + y) / 128;
    case LIGHT:
        return 3 * mean_at(plane, shape[3], shape[2], x, y) - 1;
    case VEIL:
        return channel == 3 ? 1 - plane[y * shape[3] + x] : plane[y * shape[3] + x];
    default:
        return mean_at(plane, shape[3], shape[2], x, y);
    }
}

/* A tensor with the size of the tile's output. */
static mirra_status make(const struct instance *self, mirra_context *context, const mirra_tile *tile,
                         const float *input, const int64_t *shape, float factor, mirra_tensor **tensor,
                         mirra_error **error) {
    const int64_t out[4] = {1, shape[1], tile->output_height, tile->output_width};
    float *values = malloc((size_t)(out[1] * out[2] * out[3]) * sizeof *values);
    mirra_status status;
    if (values == NULL) return MIRRA_E_OUT_OF_MEMORY;
    for (int64_t c = 0; c < out[1]; ++c)
        for (int64_t y = 0; y < out[2]; ++y)
            for (int64_t x = 0; x < out[3]; ++x)
                values[(c * out[2] + y) * out[3] + x] =
                    factor * value_at(self->kind, tile, input, shape, c, x, y);
    status = self->host->tensor_upload(context, values, out, 4, tensor, error);
    free(values);
    return status;
}

static mirra_status process(void *instance, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const struct instance *self = instance;
    const mirra_host_api *host = self->host;
    int64_t shape[4] = {1, 3, 0, 0};
    float *values = NULL;
    mirra_status status = MIRRA_OK;
    if (self->kind == FAILS && tile->index == 1) return MIRRA_E_IO;
    if (input != NULL) {
        host->tensor_shape(input, shape, 4);
        const size_t count = (size_t)(shape[1] * shape[2] * shape[3]);
        values = malloc(count * sizeof *values);
        if (values == NULL) return MIRRA_E_OUT_OF_MEMORY;
        status = host->tensor_download(context, input, values, count, error);
    }
    if (status == MIRRA_OK) status = make(self, context, tile, values, shape, 1, output, error);
    if (status == MIRRA_OK && self->kind == SPLIT) {
        mirra_tensor *second = NULL;
        status = make(self, context, tile, values, shape, 0.5f, &second, error);
        if (status == MIRRA_OK) status = host->set_output(context, "second", second, error);
        host->tensor_release(second);
    }
    free(values);
    return status;
}

static mirra_status begin(void *instance, mirra_context *context, mirra_error **error) {
    (void)instance;
    (void)context;
    (void)error;
    return MIRRA_OK;
}

static void end(void *instance, mirra_context *context, mirra_outcome outcome) {
    const struct instance *self = instance;
    char text[32];
    (void)context;
    snprintf(text, sizeof text, "ended %d", (int)outcome);
    self->host->log(self->host, MIRRA_LOG_INFO, text);
}

static mirra_port_info image(mirra_direction direction, const char *name, mirra_port_flags flags) {
    MIRRA_STRUCT(mirra_port_info, port);
    port.direction = direction;
    port.type = MIRRA_TYPE_IMAGE;
    port.flags = flags;
    port.name = port.label = name;
    return port;
}

static const char *const kNames[COUNT] = {"double", "thirds", "crop",  "ramp", "split",
                                          "light",  "veil",   "lanes", "fails"};

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    static enum kind kinds[COUNT];
    static mirra_port_info ports[COUNT][3];
    mirra_status status = MIRRA_OK;
    (void)abi;
    for (int i = 0; i < COUNT && status == MIRRA_OK; ++i) {
        MIRRA_STRUCT(mirra_task, task);
        const mirra_port_flags flags = i == VEIL ? MIRRA_PORT_WITH_ALPHA : 0;
        uint32_t count = 0;
        kinds[i] = (enum kind)i;
        if (i != RAMP) ports[i][count++] = image(MIRRA_PORT_INPUT, "image", flags);
        ports[i][count++] = image(MIRRA_PORT_OUTPUT, "output", flags);
        if (i == SPLIT) ports[i][count++] = image(MIRRA_PORT_OUTPUT, "second", MIRRA_PORT_OPTIONAL);
        task.flags = i == LANES ? MIRRA_TASK_CONCURRENT_TILES : 0;
        task.name = kNames[i];
        task.ports = ports[i];
        task.port_count = count;
        task.user = &kinds[i];
        task.create = create;
        task.destroy = destroy;
        task.configure = configure;
        task.begin = begin;
        task.process = process;
        task.end = end;
        status = host->register_task(host, &task, error);
    }
    return status;
}

mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    info->abi_min = info->abi_max = MIRRA_PLUGIN_ABI;
    info->id = "org.example.outputs";
    info->version = "1";
    info->init = init;
    return MIRRA_OK;
}
