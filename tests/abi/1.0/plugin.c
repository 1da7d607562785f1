/* A plugin as it could be written when ABI 1.0 was frozen: every kind of port and parameter, every field of a
 * setup that a plugin states, every function of the host. It is compiled against the headers beside it, never
 * against today's, and gives what it found as results. client.c runs it. */
#define MIRRA_PLUGIN_IMPLEMENTATION
#include "mirra/mirra_plugin.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NOTES = 64 };

typedef struct instance {
    const mirra_host_api *host;
    const char *names[MAX_NOTES]; /* of results, with their values */
    double values[MAX_NOTES];
    int count;
    int measured[2];
    double strength;
} instance;

static void note(instance *self, const char *name, double value) {
    if (self->count == MAX_NOTES) return;
    self->names[self->count] = name;
    self->values[self->count++] = value;
}

static mirra_status create(void *user, const mirra_host_api *host, void **out, mirra_error **error) {
    instance *made = host->allocate(host, sizeof *made);
    (void)user;
    if (made == NULL) {
        *error = host->error_create(host, MIRRA_E_OUT_OF_MEMORY, "no memory", NULL, NULL);
        return MIRRA_E_OUT_OF_MEMORY;
    }
    memset(made, 0, sizeof *made);
    made->host = host;
    *out = made;
    return MIRRA_OK;
}

static void destroy(void *self) {
    const mirra_host_api *host = ((instance *)self)->host;
    host->release(host, self);
}

static mirra_status give_notes(instance *self, mirra_context *context, mirra_error **error) {
    mirra_status status = MIRRA_OK;
    for (int i = 0; i < self->count && status == MIRRA_OK; ++i) {
        MIRRA_STRUCT(mirra_value, value);
        value.type = MIRRA_TYPE_FLOAT;
        value.real = self->values[i];
        status = self->host->set_result(context, self->names[i], &value, error);
    }
    return status;
}

/* ---- the task "frozen": a network, tiles, all ports and parameters, all functions ---- */

#define PORT(direction_, type_, flags_, name_)                                                               \
    {.struct_size = sizeof(mirra_port_info),                                                                 \
     .direction = direction_,                                                                                \
     .type = type_,                                                                                          \
     .flags = flags_,                                                                                        \
     .name = name_,                                                                                          \
     .label = name_,                                                                                         \
     .doc = "A port.",                                                                                       \
     .unit = ""}

static const mirra_port_info frozen_ports[] = {
    PORT(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, "image"),
    PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, 0, "output"),
    PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_OPTIONAL | MIRRA_PORT_COLORED, "second"),
    PORT(MIRRA_PORT_INPUT, MIRRA_TYPE_BOOL, MIRRA_PORT_OPTIONAL, "truth"),
    PORT(MIRRA_PORT_INPUT, MIRRA_TYPE_INT, MIRRA_PORT_OPTIONAL, "whole"),
    PORT(MIRRA_PORT_INPUT, MIRRA_TYPE_FLOAT, MIRRA_PORT_OPTIONAL, "number"),
    PORT(MIRRA_PORT_INPUT, MIRRA_TYPE_STRING, MIRRA_PORT_OPTIONAL, "text"),
    PORT(MIRRA_PORT_INPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, "matrix"),
    {.struct_size = sizeof(mirra_port_info),
     .direction = MIRRA_PORT_INPUT,
     .type = MIRRA_TYPE_IMAGE,
     .flags = MIRRA_PORT_OPTIONAL,
     .name = "other",
     .label = "Other",
     .doc = "One of a series.",
     .unit = "",
     .series = "other",
     .max_count = 3},
    PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_FLOAT, 0, "mean"),
    PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_STRING, MIRRA_PORT_OPTIONAL, "said"),
    PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, "map"),
    PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, "parts"),
};

static const char *const level_choices[] = {"auto"};
static const char *const level_labels[] = {"Automatic"};
static const char *const mode_choices[] = {"plain", "fancy"};
static const char *const mode_labels[] = {"Plain", "Fancy"};

#define PARAM(type_, flags_, name_)                                                                          \
    .struct_size = sizeof(mirra_param_info), .type = type_, .flags = flags_, .since = 1, .name = name_,      \
    .label = name_, .doc = "A parameter.", .group = "", .unit = ""

static const mirra_param_info frozen_params[] = {
    {PARAM(MIRRA_TYPE_BOOL, 0, "enabled"), .default_value = 1},
    {PARAM(MIRRA_TYPE_INT, MIRRA_PARAM_PIXELS, "radius"), .default_value = 8, .minimum = 0, .maximum = 64,
     .soft_maximum = 32, .step = 1},
    {PARAM(MIRRA_TYPE_FLOAT, 0, "level"), .minimum = 0, .maximum = 100, .soft_maximum = 50, .step = 0.5,
     .default_text = "auto", .choices = level_choices, .choice_labels = level_labels, .choice_count = 1},
    {PARAM(MIRRA_TYPE_STRING, MIRRA_PARAM_ADVANCED, "title"), .default_text = "none"},
    {PARAM(MIRRA_TYPE_ENUM, 0, "mode"), .default_text = "plain", .choices = mode_choices,
     .choice_labels = mode_labels, .choice_count = 2},
    {PARAM(MIRRA_TYPE_FILE, 0, "table"), .default_text = ""},
    {PARAM(MIRRA_TYPE_COLOR, 0, "tint"), .default_text = "#ff8000", .visible_if = "mode=fancy"},
    {PARAM(MIRRA_TYPE_FLOAT, 0, "share"), .default_value = 1, .minimum = 0, .maximum = 1, .soft_maximum = 1,
     .step = 0.1, .series = "other", .max_count = 3},
    {PARAM(MIRRA_TYPE_BOOL, MIRRA_PARAM_DEPRECATED, "old"), .default_value = 0},
};

static mirra_status frozen_configure(void *instance_, mirra_context *context, mirra_setup *setup,
                                     mirra_error **error) {
    static const mirra_graph_use uses[] = {{.struct_size = sizeof(mirra_graph_use),
                                            .flags = MIRRA_GRAPH_USE_GRADIENT,
                                            .graph = "denoiser",
                                            .batch = 1,
                                            .height = 16,
                                            .width = 16}};
    instance *self = instance_;
    const mirra_host_api *host = self->host;
    MIRRA_STRUCT(mirra_value, value);
    mirra_status status = host->param(context, "mode", &value, error);
    if (status != MIRRA_OK) return status;
    self->strength = strcmp(value.text, "fancy") == 0 ? 0.5 : 1;
    if (host->graph_input_channels(context, "denoiser", "image") != 3 ||
        host->manifest_json(context)[0] == '\0') {
        *error =
            host->error_create(host, MIRRA_E_MISMATCH, "another bundle", "denoiser", "take frozen.mirra");
        return MIRRA_E_MISMATCH;
    }
    MIRRA_STRUCT(mirra_value, absent);
    if (host->manifest_default(context, "no-such-default", &absent, NULL) != MIRRA_E_NOT_FOUND)
        return MIRRA_E_INTERNAL;
    if (MIRRA_HOST_HAS(host, describe_param)) {
        mirra_param_info level = frozen_params[2];
        level.maximum = 25;
        level.soft_maximum = 25;
        status = host->describe_param(context, &level, error);
        if (status != MIRRA_OK) return status;
    }
    setup->graph = "denoiser";
    setup->uses = uses;
    setup->use_count = 1;
    setup->measure_passes = 2;
    setup->margin = 2;
    setup->halo = 1;
    setup->extra_bytes_per_pixel = 64;
    setup->extra_bytes = 1 << 20;
    setup->flags = MIRRA_SETUP_ENCODED;
    return MIRRA_OK;
}

static double sum(const mirra_host_api *host, mirra_context *context, mirra_tensor *tensor,
                  mirra_reduce_op op) {
    double value = -1;
    if (tensor == NULL || host->tensor_reduce(context, op, tensor, &value, NULL) != MIRRA_OK) value = -1;
    host->tensor_release(tensor);
    return value;
}

/* Each function that gives a tensor, on {{1, 2}, {3, 4}}. */
static void try_tensors(instance *self, mirra_context *context) {
    const mirra_host_api *host = self->host;
    static const float values[4] = {1, 2, 3, 4}, symmetric[4] = {2, 1, 1, 2};
    static const int64_t image_shape[4] = {1, 1, 2, 2}, matrix_shape[2] = {2, 2};
    int64_t shape[4] = {0, 0, 0, 0};
    mirra_tensor *x = NULL, *matrix = NULL, *y = NULL, *z = NULL;
    if (host->tensor_upload(context, values, image_shape, 4, &x, NULL) != MIRRA_OK) return;
    if (host->tensor_upload(context, values, matrix_shape, 2, &matrix, NULL) != MIRRA_OK) return;
    note(self, "rank", host->tensor_shape(x, shape, 4));
    note(self, "extent", (double)shape[3]);

    if (host->tensor_binary(context, MIRRA_BINARY_MULTIPLY, x, x, &y, NULL)) y = NULL;
    note(self, "squares", sum(host, context, y, MIRRA_REDUCE_SUM));
    if (host->tensor_affine(context, x, 2, 1, &y, NULL)) y = NULL;
    note(self, "affine", sum(host, context, y, MIRRA_REDUCE_SUM));
    if (host->tensor_clamp(context, x, 2, 3, &y, NULL)) y = NULL;
    note(self, "clamped", sum(host, context, y, MIRRA_REDUCE_SUM));
    if (host->tensor_full(context, image_shape, 4, 0.25, &y, NULL)) y = NULL;
    note(self, "full", sum(host, context, y, MIRRA_REDUCE_MEAN));
    if (host->tensor_resample(context, x, 4, 4, &y, NULL)) y = NULL;
    note(self, "resampled", sum(host, context, y, MIRRA_REDUCE_MEAN));
    if (host->tensor_product(context, MIRRA_PRODUCT_TRANSPOSE_B, matrix, matrix, &y, NULL)) y = NULL;
    note(self, "product", sum(host, context, y, MIRRA_REDUCE_SUM));
    if (host->tensor_unary(context, MIRRA_UNARY_SQRT, x, &y, NULL)) y = NULL;
    note(self, "roots", sum(host, context, y, MIRRA_REDUCE_SUM));
    if (host->tensor_part(context, x, 3, 1, 1, &y, NULL)) y = NULL;
    note(self, "part", sum(host, context, y, MIRRA_REDUCE_SUM));
    const mirra_tensor *both[2] = {x, x};
    if (host->tensor_concat(context, both, 2, 1, &y, NULL)) y = NULL;
    note(self, "joined", sum(host, context, y, MIRRA_REDUCE_SUM));
    if (host->tensor_reduce_axes(context, MIRRA_REDUCE_MAXIMUM, x, 1u << 3, &y, NULL)) y = NULL;
    note(self, "rows", sum(host, context, y, MIRRA_REDUCE_SUM));

    host->tensor_release(matrix);
    if (host->tensor_upload(context, symmetric, matrix_shape, 2, &matrix, NULL) == MIRRA_OK &&
        host->tensor_eigen(context, matrix, &y, &z, NULL) == MIRRA_OK) {
        note(self, "eigenvalue", sum(host, context, y, MIRRA_REDUCE_MAXIMUM));
        host->tensor_release(z);
    }
    host->tensor_release(matrix);
    host->tensor_release(host->tensor_retain(x));
    host->tensor_release(x);
}

/* Values in and out of tensors, in each way there is. */
static void try_memory(instance *self, mirra_context *context) {
    const mirra_host_api *host = self->host;
    static const int64_t shape[4] = {1, 1, 2, 2};
    float values[4] = {0, 0, 0, 0}, *written = NULL;
    const float *mapped = NULL;
    int64_t strides[4] = {0, 0, 0, 0};
    mirra_tensor *x = NULL, *y = NULL;
    DLManagedTensorVersioned *copy = NULL;
    if (host->tensor_create(context, shape, 4, &written, &x, NULL) != MIRRA_OK) return;
    for (int i = 0; i < 4; ++i) written[i] = (float)(i + 1);
    if (host->tensor_download(context, x, values, 4, NULL) == MIRRA_OK) note(self, "downloaded", values[3]);
    if (host->tensor_map(context, x, &mapped, strides, NULL) == MIRRA_OK)
        note(self, "mapped", mapped[strides[2] + strides[3]]);
    if (host->tensor_to_dlpack(context, x, &copy, NULL) == MIRRA_OK) {
        note(self, "dlpack_rank", copy->dl_tensor.ndim);
        if (host->tensor_from_dlpack(context, &copy->dl_tensor, &y, NULL) == MIRRA_OK)
            note(self, "dlpack", sum(host, context, y, MIRRA_REDUCE_SUM));
        copy->deleter(copy);
    }
    host->tensor_release(x);
}

static mirra_status ones(void *user, mirra_context *context, const mirra_tensor *output,
                         mirra_tensor **upstream, mirra_error **error) {
    const mirra_host_api *host = user;
    int64_t shape[4];
    const int32_t rank = host->tensor_shape(output, shape, 4);
    return host->tensor_full(context, shape, rank, 1, upstream, error);
}

/* The bundle's graph and its gradient, on 16 x 16. */
static void try_graphs(instance *self, mirra_context *context) {
    const mirra_host_api *host = self->host;
    const int64_t image_shape[4] = {1, 3, 16, 16}, level_shape[4] = {1, 1, 16, 16};
    int64_t shape[4] = {0, 0, 0, 0};
    mirra_named_tensor inputs[2];
    memset(inputs, 0, sizeof inputs);
    inputs[0].struct_size = inputs[1].struct_size = sizeof inputs[0];
    inputs[0].name = "image";
    inputs[1].name = "noise_level";
    const char *name = host->graph_name(context, 0);
    note(self, "graph_named",
         name != NULL && strcmp(name, "denoiser") == 0 && host->graph_name(context, 1) == NULL);
    note(self, "aligned", host->graph_alignment(context, "denoiser") >= 1);
    if (host->graph_output_shape(context, "denoiser", "image", 16, 16, shape, NULL) == MIRRA_OK)
        note(self, "output_channels", (double)shape[1]);
    if (host->tensor_full(context, image_shape, 4, 0.5, &inputs[0].tensor, NULL) ||
        host->tensor_full(context, level_shape, 4, 0, &inputs[1].tensor, NULL))
        return;
    MIRRA_STRUCT(mirra_gradient_request, request);
    request.graph = "denoiser";
    request.inputs = inputs;
    request.input_count = 2;
    request.output = request.input = "image";
    request.upstream = ones;
    request.user = (void *)(uintptr_t)host;
    mirra_tensor *gradient = NULL;
    if (host->graph_gradient(context, &request, &gradient, NULL) == MIRRA_OK)
        note(self, "gradient", sum(host, context, gradient, MIRRA_REDUCE_MAXIMUM));
    host->tensor_release(inputs[0].tensor);
    host->tensor_release(inputs[1].tensor);
}

/* What the run was given. */
static void try_ports(instance *self, mirra_context *context) {
    const mirra_host_api *host = self->host;
    int64_t shape[4] = {0, 0, 0, 0};
    int32_t width = 0, height = 0;
    mirra_tensor *tensor = NULL;
    MIRRA_STRUCT(mirra_value, value);
    MIRRA_STRUCT(mirra_rect, rect);
    rect.width = rect.height = 2;
    if (host->port_value(context, "truth", &value, NULL) == MIRRA_OK)
        note(self, "got_truth", (double)value.integer);
    if (host->port_value(context, "whole", &value, NULL) == MIRRA_OK)
        note(self, "got_whole", (double)value.integer);
    if (host->port_value(context, "number", &value, NULL) == MIRRA_OK) note(self, "got_number", value.real);
    if (host->port_value(context, "text", &value, NULL) == MIRRA_OK)
        note(self, "text_length", (double)strlen(value.text));
    note(self, "given", host->port_given(context, "other_2"));
    note(self, "not_given", host->port_given(context, "other_3"));
    note(self, "matrix_rank", host->port_tensor_shape(context, "matrix", shape, 4));
    if (host->port_tensor(context, "matrix", &tensor, NULL)) tensor = NULL;
    note(self, "got_matrix", sum(host, context, tensor, MIRRA_REDUCE_SUM));
    if (host->port_tensor_part(context, "matrix", &rect, &tensor, NULL)) tensor = NULL;
    note(self, "matrix_part", sum(host, context, tensor, MIRRA_REDUCE_SUM));
    if (host->port_image_size(context, "other", &width, &height, NULL) == MIRRA_OK)
        note(self, "other_width", width);
    if (host->port_image(context, "other", &rect, &tensor, NULL)) tensor = NULL;
    note(self, "got_other", sum(host, context, tensor, MIRRA_REDUCE_MEAN));
    if (host->port_image_scaled(context, "other", 4, 4, &rect, &tensor, NULL)) tensor = NULL;
    note(self, "other_scaled", sum(host, context, tensor, MIRRA_REDUCE_MEAN));
    tensor = NULL;
    note(self, "alpha_asked", host->port_alpha(context, "image", 4, 4, &rect, &tensor, NULL));
    note(self, "alpha", tensor == NULL ? -1 : sum(host, context, tensor, MIRRA_REDUCE_MEAN));
}

static mirra_status add_index(void *user, uint64_t index) {
    ((double *)user)[index] = (double)index;
    return MIRRA_OK;
}

static mirra_status frozen_begin(void *instance_, mirra_context *context, mirra_error **error) {
    instance *self = instance_;
    const mirra_host_api *host = self->host;
    self->count = self->measured[0] = self->measured[1] = 0;
    MIRRA_STRUCT(mirra_run_info, info);
    mirra_status status = host->run_info(context, &info, error);
    if (status != MIRRA_OK) return status;
    note(self, "info_width", info.width);
    note(self, "info_output_height", info.output_height);
    note(self, "info_color", info.color);
    note(self, "info_format", info.format);
    note(self, "info_alpha_mode", info.alpha_mode);
    note(self, "info_transfer", info.transfer);
    note(self, "info_precision", info.precision);
    note(self, "info_frame", (double)info.frame);
    note(self, "info_scale", info.scale);
    note(self, "info_icc", info.icc != NULL);
    note(self, "info_threads", info.threads >= 1);
    note(self, "info_padded", info.padded_width >= info.width && info.padded_height >= info.height);
    double sigma = -1, variances[MIRRA_NOISE_PARTS] = {-1};
    if (host->estimate_noise(context, &sigma, NULL) == MIRRA_OK) note(self, "noise_found", sigma >= 0);
    if (host->explained_noise(context, variances, NULL) == MIRRA_OK)
        note(self, "noise_explained", variances[0] >= 0);
    double squares[8] = {0};
    if (host->parallel_for(context, 8, add_index, squares, NULL) == MIRRA_OK)
        note(self, "parallel", squares[7]);
    note(self, "folder", host->plugin_folder(host)[0] == '/');
    note(self, "cancelled", host->cancelled(context));
    try_tensors(self, context);
    try_memory(self, context);
    try_graphs(self, context);
    try_ports(self, context);
    return MIRRA_OK;
}

static mirra_status frozen_measure(void *instance_, mirra_context *context, const mirra_tile *tile,
                                   const mirra_tensor *input, mirra_error **error) {
    (void)context, (void)input, (void)error;
    ++((instance *)instance_)->measured[tile->pass & 1];
    return MIRRA_OK;
}

static mirra_status run_network(const instance *self, mirra_context *context, const mirra_tensor *input,
                                mirra_tensor **output, mirra_error **error) {
    const mirra_host_api *host = self->host;
    int64_t shape[4];
    host->tensor_shape(input, shape, 4);
    shape[1] = 1;
    mirra_named_tensor inputs[2], result;
    memset(inputs, 0, sizeof inputs);
    memset(&result, 0, sizeof result);
    result.struct_size = inputs[0].struct_size = inputs[1].struct_size = sizeof result;
    inputs[0].name = result.name = "image";
    inputs[0].tensor = (mirra_tensor *)(uintptr_t)input;
    inputs[1].name = "noise_level";
    mirra_status status = host->tensor_full(context, shape, 4, 0, &inputs[1].tensor, error);
    if (status != MIRRA_OK) return status;
    status = host->graph_run(context, "denoiser", inputs, 2, &result, 1, error);
    host->tensor_release(inputs[1].tensor);
    if (status == MIRRA_OK) *output = result.tensor;
    return status;
}

/* The core of the tile in a result as large as the image. */
static mirra_status put_part(const instance *self, mirra_context *context, const mirra_tile *tile,
                             const mirra_tensor *tensor, mirra_error **error) {
    MIRRA_STRUCT(mirra_run_info, info);
    MIRRA_STRUCT(mirra_rect, part);
    mirra_status status = self->host->run_info(context, &info, error);
    if (status != MIRRA_OK) return status;
    const int64_t shape[4] = {1, 3, info.padded_height, info.padded_width};
    part.x = tile->core_x - tile->input_x;
    part.y = tile->core_y - tile->input_y;
    part.width = tile->core_width;
    part.height = tile->core_height;
    return self->host->set_result_part(context, "parts", shape, tensor, &part, tile->core_x, tile->core_y,
                                       error);
}

static mirra_status frozen_process(void *instance_, mirra_context *context, const mirra_tile *tile,
                                   const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const instance *self = instance_;
    const mirra_host_api *host = self->host;
    mirra_tensor *smooth = NULL;
    mirra_status status = run_network(self, context, input, &smooth, error);
    if (status != MIRRA_OK) return status;
    status = host->tensor_affine(context, smooth, self->strength, 0, output, error);
    if (status == MIRRA_OK) status = host->preview(context, *output, error);
    if (status == MIRRA_OK) status = host->progress(context, 0.5, error);
    if (status == MIRRA_OK) status = host->set_output(context, "second", smooth, error);
    if (status == MIRRA_OK && host->port_given(context, "parts"))
        status = put_part(self, context, tile, smooth, error);
    host->tensor_release(smooth);
    return status;
}

static mirra_status frozen_finish(void *instance_, mirra_context *context, mirra_error **error) {
    instance *self = instance_;
    const mirra_host_api *host = self->host;
    static const int64_t shape[2] = {2, 3};
    mirra_tensor *map = NULL;
    note(self, "passes_alike", self->measured[0] > 0 && self->measured[0] == self->measured[1]);
    mirra_status status = give_notes(self, context, error);
    if (status != MIRRA_OK) return status;
    MIRRA_STRUCT(mirra_value, mean);
    mean.type = MIRRA_TYPE_FLOAT;
    mean.real = 0.75;
    status = host->set_result(context, "mean", &mean, error);
    if (status != MIRRA_OK) return status;
    MIRRA_STRUCT(mirra_value, said);
    said.type = MIRRA_TYPE_STRING;
    said.text = "done";
    status = host->set_result(context, "said", &said, error);
    if (status != MIRRA_OK || !host->port_given(context, "map")) return status;
    status = host->tensor_full(context, shape, 2, 7, &map, error);
    if (status != MIRRA_OK) return status;
    status = host->set_result_tensor(context, "map", map, error);
    host->tensor_release(map);
    return status;
}

static void frozen_end(void *instance_, mirra_context *context, mirra_outcome outcome) {
    const instance *self = instance_;
    char text[32];
    (void)context;
    snprintf(text, sizeof text, "frozen: end %d", (int)outcome);
    self->host->log(self->host, MIRRA_LOG_WARNING, text);
}

/* ---- "frozen-double": no network, tiles at once, twice the size ---- */

static const mirra_port_info image_ports[] = {
    PORT(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, "image"),
    PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, 0, "output"),
};

static mirra_status double_configure(void *self, mirra_context *context, mirra_setup *setup,
                                     mirra_error **error) {
    (void)self, (void)context, (void)error;
    setup->scale_numerator = 2;
    setup->scale_denominator = 1;
    return MIRRA_OK;
}

/* Each pixel twice in both directions, between memory of the host's. */
static mirra_status double_process(void *instance_, mirra_context *context, const mirra_tile *tile,
                                   const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const mirra_host_api *host = ((instance *)instance_)->host;
    int64_t shape[4], strides[4];
    const float *from = NULL;
    float *to = NULL;
    host->tensor_shape(input, shape, 4);
    if (tile->output_width != 2 * tile->input_width) return MIRRA_E_INTERNAL;
    shape[2] *= 2;
    shape[3] *= 2;
    mirra_status status = host->tensor_map(context, input, &from, strides, error);
    if (status != MIRRA_OK) return status;
    status = host->tensor_create(context, shape, 4, &to, output, error);
    if (status != MIRRA_OK) return status;
    for (int64_t c = 0; c < shape[1]; ++c)
        for (int64_t y = 0; y < shape[2]; ++y)
            for (int64_t x = 0; x < shape[3]; ++x)
                *to++ = from[c * strides[1] + y / 2 * strides[2] + x / 2 * strides[3]];
    return MIRRA_OK;
}

/* ---- "frozen-crop": the whole image, an output of a stated size ---- */

static mirra_status crop_configure(void *self, mirra_context *context, mirra_setup *setup,
                                   mirra_error **error) {
    (void)self, (void)context, (void)error;
    setup->flags = MIRRA_SETUP_WHOLE_IMAGE;
    setup->output_width = 8;
    setup->output_height = 6;
    return MIRRA_OK;
}

static mirra_status crop_process(void *instance_, mirra_context *context, const mirra_tile *tile,
                                 const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const mirra_host_api *host = ((instance *)instance_)->host;
    mirra_tensor *rows = NULL;
    (void)tile;
    mirra_status status = host->tensor_part(context, input, 2, 0, 6, &rows, error);
    if (status != MIRRA_OK) return status;
    status = host->tensor_part(context, rows, 3, 0, 8, output, error);
    host->tensor_release(rows);
    return status;
}

/* ---- "frozen-make": an image from nothing ---- */

static const mirra_port_info make_ports[] = {PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, 0, "output")};

static mirra_status plain_configure(void *self, mirra_context *context, mirra_setup *setup,
                                    mirra_error **error) {
    (void)self, (void)context, (void)setup, (void)error;
    return MIRRA_OK;
}

static mirra_status make_process(void *instance_, mirra_context *context, const mirra_tile *tile,
                                 const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const mirra_host_api *host = ((instance *)instance_)->host;
    const int64_t shape[4] = {1, 3, tile->output_height, tile->output_width};
    (void)input;
    return host->tensor_full(context, shape, 4, 0.25, output, error);
}

/* ---- "frozen-through": alpha as a channel, values as they are ---- */

static const mirra_port_info through_ports[] = {
    PORT(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_WITH_ALPHA, "image"),
    PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_WITH_ALPHA, "output"),
};

static mirra_status through_configure(void *self, mirra_context *context, mirra_setup *setup,
                                      mirra_error **error) {
    (void)self, (void)context, (void)error;
    setup->flags = MIRRA_SETUP_UNBOUNDED | MIRRA_SETUP_LINEAR;
    return MIRRA_OK;
}

static mirra_status through_process(void *instance_, mirra_context *context, const mirra_tile *tile,
                                    const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    (void)context, (void)tile, (void)error;
    *output = ((instance *)instance_)->host->tensor_retain(input);
    return MIRRA_OK;
}

/* ---- "frozen-fails": an error of the plugin's ---- */

static const mirra_port_info gray_ports[] = {
    PORT(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_AS_IS, "image"),
    PORT(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_AS_IS, "output"),
};

static mirra_status fail_process(void *instance_, mirra_context *context, const mirra_tile *tile,
                                 const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const mirra_host_api *host = ((instance *)instance_)->host;
    (void)context, (void)tile, (void)input, (void)output;
    host->error_destroy(host, host->error_create(host, MIRRA_E_IO, "not this", NULL, NULL));
    *error = host->error_create(host, MIRRA_E_LIMIT, "too much", "pixels", "take less");
    return MIRRA_E_LIMIT;
}

#define TASK(name_, flags_, ports_, configure_, process_)                                                    \
    {.struct_size = sizeof(mirra_task),                                                                      \
     .flags = flags_,                                                                                        \
     .name = name_,                                                                                          \
     .label = name_,                                                                                         \
     .doc = "A task of the frozen plugin.",                                                                  \
     .ports = ports_,                                                                                        \
     .port_count = sizeof(ports_) / sizeof(ports_[0]),                                                       \
     .create = create,                                                                                       \
     .destroy = destroy,                                                                                     \
     .configure = configure_,                                                                                \
     .process = process_}

static const mirra_task tasks[] = {
    {.struct_size = sizeof(mirra_task),
     .flags = MIRRA_TASK_GLOBAL_STATISTICS,
     .name = "frozen",
     .label = "Frozen",
     .doc = "Uses all that there is.",
     .default_bundle = "frozen.mirra",
     .ports = frozen_ports,
     .params = frozen_params,
     .port_count = sizeof(frozen_ports) / sizeof(frozen_ports[0]),
     .param_count = sizeof(frozen_params) / sizeof(frozen_params[0]),
     .create = create,
     .destroy = destroy,
     .configure = frozen_configure,
     .begin = frozen_begin,
     .measure = frozen_measure,
     .process = frozen_process,
     .finish = frozen_finish,
     .end = frozen_end},
    TASK("frozen-double", MIRRA_TASK_NO_NETWORK | MIRRA_TASK_CONCURRENT_TILES, image_ports, double_configure,
         double_process),
    TASK("frozen-crop", 0, image_ports, crop_configure, crop_process),
    TASK("frozen-make", 0, make_ports, plain_configure, make_process),
    TASK("frozen-through", 0, through_ports, through_configure, through_process),
    TASK("frozen-fails", 0, gray_ports, plain_configure, fail_process),
};

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    mirra_status status = MIRRA_OK;
    if (abi != 1 || host->abi != 1) return MIRRA_E_UNSUPPORTED;
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0] && status == MIRRA_OK; ++i)
        status = host->register_task(host, &tasks[i], error);
    return status;
}

mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    if (host->abi_min > 1 || host->abi_max < 1 || host->version == NULL) return MIRRA_E_UNSUPPORTED;
    info->abi_min = info->abi_max = 1;
    info->id = "org.example.frozen";
    info->version = "1.0";
    info->init = init;
    return MIRRA_OK;
}
