/* unsharp_mask.c - a plugin in one file of C: the task "unsharp-mask", which sharpens pictures. It needs no
 * network.
 *
 * The picture is blurred by a Gaussian, and what the blur took away is added. The blur looks at the pixels
 * around a pixel: `configure` asks for that many around each tile (halo), and `process` blurs rows first,
 * then columns. */
#define MIRRA_PLUGIN_IMPLEMENTATION
#include <mirra/mirra_plugin.h>

#include <math.h>
#include <string.h>

enum {
    MAX_RADIUS = 100,
    MAX_REACH = 3 * MAX_RADIUS, /* beyond three standard deviations a Gaussian is next to nothing */
    LANES = 8,                  /* values that are computed in one instruction */
    BLOCK = 4 * LANES           /* and in one go */
};

/* What one session needs. Tiles that are computed at once read it. */
typedef struct instance {
    const mirra_host_api *host;
    float amount, threshold;
    int reach;                    /* pixels on each side that the blur looks at */
    float weights[MAX_REACH + 1]; /* of the pixel itself, of its neighbours, of theirs */
} instance;

/* ---- What the task says of itself ---- */

static const mirra_port_info ports[] = {
    {
        .struct_size = sizeof(mirra_port_info),
        .direction = MIRRA_PORT_INPUT,
        .type = MIRRA_TYPE_IMAGE,
        .flags = MIRRA_PORT_AS_IS, /* gray pictures come with one channel: a third of the work */
        .name = "image",
        .label = "Image",
        .doc = "The image to sharpen.",
    },
    {
        .struct_size = sizeof(mirra_port_info),
        .direction = MIRRA_PORT_OUTPUT,
        .type = MIRRA_TYPE_IMAGE,
        .flags = MIRRA_PORT_AS_IS,
        .name = "output",
        .label = "Output",
        .doc = "The image, sharpened.",
    },
};

static const mirra_param_info params[] = {
    {
        .struct_size = sizeof(mirra_param_info),
        .type = MIRRA_TYPE_FLOAT,
        .flags = MIRRA_PARAM_PIXELS, /* a preview of half the size takes half of it */
        .since = 1,
        .name = "radius",
        .label = "Radius",
        .doc = "Standard deviation of the blur: how wide the edges are that become sharper.",
        .unit = "pixels",
        .default_value = 1.5,
        .minimum = 0.1,
        .maximum = MAX_RADIUS,
        .soft_minimum = 0.1,
        .soft_maximum = 10,
        .step = 0.1,
    },
    {
        .struct_size = sizeof(mirra_param_info),
        .type = MIRRA_TYPE_FLOAT,
        .since = 1,
        .name = "amount",
        .label = "Amount",
        .doc = "How much of the difference to the blurred image is added. 0 leaves the image as it is.",
        .default_value = 0.8,
        .minimum = 0,
        .maximum = 10,
        .soft_minimum = 0,
        .soft_maximum = 3,
        .step = 0.05,
    },
    {
        .struct_size = sizeof(mirra_param_info),
        .type = MIRRA_TYPE_FLOAT,
        .since = 1,
        .name = "threshold",
        .label = "Threshold",
        .doc =
            "Differences up to it are left alone, larger ones count by what they are larger: so noise is not "
            "sharpened. A share of the range from black to white.",
        .default_value = 0,
        .minimum = 0,
        .maximum = 1,
        .soft_minimum = 0,
        .soft_maximum = 0.1,
        .step = 0.001,
    },
};

/* ---- A session ---- */

static mirra_status no_memory(const mirra_host_api *host, mirra_error **error) {
    *error = host->error_create(host, MIRRA_E_OUT_OF_MEMORY, "no memory for 'unsharp-mask'", NULL, NULL);
    return MIRRA_E_OUT_OF_MEMORY;
}

static mirra_status create(void *user, const mirra_host_api *host, void **out, mirra_error **error) {
    (void)user;
    instance *made = host->allocate(host, sizeof(instance));
    if (made == NULL) return no_memory(host, error);
    memset(made, 0, sizeof(instance));
    made->host = host;
    *out = made;
    return MIRRA_OK;
}

static void destroy(void *self) {
    instance *unsharp = self;
    unsharp->host->release(unsharp->host, unsharp);
}

static mirra_status read_param(const instance *unsharp, mirra_context *context, const char *name,
                               double *number, mirra_error **error) {
    MIRRA_STRUCT(mirra_value, value);
    const mirra_status status = unsharp->host->param(context, name, &value, error);
    if (status == MIRRA_OK) *number = value.real;
    return status;
}

/* A Gaussian whose weights sum up to 1, those of the neighbours counted twice. */
static void set_radius(instance *unsharp, double radius) {
    unsharp->reach = (int)ceil(3 * radius);
    double sum = 0;
    for (int i = 0; i <= unsharp->reach; ++i) sum += (i == 0 ? 1 : 2) * exp(-0.5 * i * i / (radius * radius));
    for (int i = 0; i <= unsharp->reach; ++i)
        unsharp->weights[i] = (float)(exp(-0.5 * i * i / (radius * radius)) / sum);
}

static mirra_status configure(void *self, mirra_context *context, mirra_setup *setup, mirra_error **error) {
    instance *unsharp = self;
    double radius = 1, amount = 0, threshold = 0;
    mirra_status status = read_param(unsharp, context, "radius", &radius, error);
    if (status == MIRRA_OK) status = read_param(unsharp, context, "amount", &amount, error);
    if (status == MIRRA_OK) status = read_param(unsharp, context, "threshold", &threshold, error);
    if (status != MIRRA_OK) return status;
    set_radius(unsharp, radius);
    unsharp->amount = (float)amount;
    unsharp->threshold = (float)threshold;
    setup->halo = (uint32_t)unsharp->reach;
    setup->extra_bytes_per_pixel = 3 * sizeof(float); /* a `work` has fewer values than three channels */
    setup->flags = MIRRA_SETUP_UNBOUNDED;
    return MIRRA_OK;
}

/* ---- A tile ---- */

/* Values without bounds of alignment, LANES of them. */
typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

/* One channel of a tile. */
typedef struct plane {
    const float *values;
    int64_t width, height;
    int64_t pixel, row; /* from one to the next */
} plane;

/* Memory for one channel. */
typedef struct work {
    int64_t stride; /* values of a row, whole blocks */
    int64_t slots;  /* rows of `blurred`: source row y is in row y % slots */
    float *line, *blurred, *result;
} work;

static int64_t within(int64_t at, int64_t count) {
    return at < 0 ? 0 : at < count ? at : count - 1;
}

/* out[i] = weights[0] * rows[reach][i] + the sum of weights[t] * (rows[reach - t][i] + rows[reach + t][i]) */
#if defined(__x86_64__) && defined(__gnu_linux__)
__attribute__((target_clones("avx2", "default"))) /* the processor's own choice when the plugin is loaded */
#endif
static void
weigh(const float *const *rows, const float *weights, int reach, int64_t count, float *out) {
    for (int64_t i = 0; i < count; i += BLOCK) {
        const lanes *middle = (const lanes *)(rows[reach] + i);
        lanes a = weights[0] * middle[0], b = weights[0] * middle[1];
        lanes c = weights[0] * middle[2], d = weights[0] * middle[3];
        for (int t = 1; t <= reach; ++t) {
            const lanes *before = (const lanes *)(rows[reach - t] + i);
            const lanes *after = (const lanes *)(rows[reach + t] + i);
            a += weights[t] * (before[0] + after[0]);
            b += weights[t] * (before[1] + after[1]);
            c += weights[t] * (before[2] + after[2]);
            d += weights[t] * (before[3] + after[3]);
        }
        lanes *to = (lanes *)(out + i);
        to[0] = a, to[1] = b, to[2] = c, to[3] = d;
    }
}

/* Row y from column x on, with what lies `reach` before and behind it, into a row of `blurred`. */
static void blur_row(const instance *unsharp, const plane *from, int64_t x, int64_t y, const work *at) {
    const float *rows[2 * MAX_REACH + 1];
    const float *source = from->values + y * from->row;
    const int64_t count = at->stride + 2 * unsharp->reach, first = x - unsharp->reach;
    const int64_t begin = first < 0 ? -first : 0;
    const int64_t end = first + count > from->width ? from->width - first : count;
    for (int64_t i = 0; i < begin; ++i) at->line[i] = source[0];
    for (int64_t i = begin; i < end; ++i) at->line[i] = source[(first + i) * from->pixel];
    for (int64_t i = end; i < count; ++i) at->line[i] = source[(from->width - 1) * from->pixel];
    for (int t = 0; t <= 2 * unsharp->reach; ++t) rows[t] = at->line + t;
    weigh(rows, unsharp->weights, unsharp->reach, at->stride, at->blurred + y % at->slots * at->stride);
}

/* pixels + amount * (pixels - blurred), where that is more than the threshold */
static void sharpen_row(const instance *unsharp, const float *pixels, int64_t pixel, const float *blurred,
                        int64_t count, float *out) {
    const float amount = unsharp->amount, threshold = unsharp->threshold;
    for (int64_t i = 0; i < count; ++i) {
        const float value = pixels[i * pixel], difference = value - blurred[i];
        const float more = fabsf(difference) - threshold;
        out[i] = value + amount * copysignf(more > 0 ? more : 0, difference);
    }
}

/* The core of a channel; what is around it is not kept. `out` has the extents of the tile. */
static mirra_status sharpen(const instance *unsharp, mirra_context *context, const plane *from,
                            const mirra_tile *tile, const work *at, float *out) {
    const float *rows[2 * MAX_REACH + 1];
    const int reach = unsharp->reach;
    const int64_t x = tile->core_x - tile->input_x, top = tile->core_y - tile->input_y;
    int64_t next = within(top - reach, from->height);
    for (int64_t y = top; y < top + tile->core_height; ++y) {
        if (unsharp->host->cancelled(context)) return MIRRA_E_CANCELLED;
        for (; next <= within(y + reach, from->height); ++next) blur_row(unsharp, from, x, next, at);
        for (int t = 0; t <= 2 * reach; ++t)
            rows[t] = at->blurred + within(y + t - reach, from->height) % at->slots * at->stride;
        weigh(rows, unsharp->weights, reach, at->stride, at->result);
        sharpen_row(unsharp, from->values + y * from->row + x * from->pixel, from->pixel, at->result,
                    tile->core_width, out + y * from->width + x);
    }
    return MIRRA_OK;
}

static mirra_status process(void *self, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const instance *unsharp = self;
    const mirra_host_api *host = unsharp->host;
    int64_t shape[4], strides[4];
    const float *values = NULL;
    float *made = NULL;
    host->tensor_shape(input, shape, 4);
    mirra_status status = host->tensor_map(context, input, &values, strides, error);
    if (status == MIRRA_OK) status = host->tensor_create(context, shape, 4, &made, output, error);
    if (status != MIRRA_OK) return status;

    const int64_t taps = 2 * unsharp->reach + 1;
    work at = {.stride = (tile->core_width + BLOCK - 1) / BLOCK * BLOCK,
               .slots = taps < shape[2] ? taps : shape[2]};
    const int64_t count = (at.stride + taps) + at.slots * at.stride + at.stride;
    at.line = host->allocate(host, (size_t)count * sizeof(float));
    if (at.line == NULL) return no_memory(host, error);
    at.blurred = at.line + at.stride + taps;
    at.result = at.blurred + at.slots * at.stride;
    for (int64_t c = 0; c < shape[1] && status == MIRRA_OK; ++c) {
        const plane from = {values + c * strides[1], shape[3], shape[2], strides[3], strides[2]};
        status = sharpen(unsharp, context, &from, tile, &at, made + c * shape[2] * shape[3]);
    }
    host->release(host, at.line);
    return status;
}

/* ---- The plugin ---- */

static const mirra_task task = {
    .struct_size = sizeof(mirra_task),
    .flags = MIRRA_TASK_NO_NETWORK | MIRRA_TASK_CONCURRENT_TILES,
    .name = "unsharp-mask",
    .label = "Unsharp mask",
    .doc = "Makes edges sharper: adds to the image what a Gaussian blur takes away from it.",
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
    if (!MIRRA_HOST_HAS(host, tensor_map)) {
        *error = host->error_create(host, MIRRA_E_UNSUPPORTED,
                                    "this version of Mirra lacks the function 'tensor_map'", NULL,
                                    "Install a newer Mirra.");
        return MIRRA_E_UNSUPPORTED;
    }
    return host->register_task(host, &task, error);
}

mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    info->abi_min = 1;
    info->abi_max = MIRRA_PLUGIN_ABI;
    info->id = "org.example.unsharp-mask";
    info->version = "1.0.0";
    info->init = init;
    return MIRRA_OK;
}
