/* plugin_tensors.c - a plugin that looks at what the host's tensor functions give, and says what is wrong as
 * the result "failures". Two tasks: "tensors", and "tensors-plain", which runs no network. */
#define _GNU_SOURCE
#include "mirra/mirra_plugin.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMostThreads = 64, kIndices = 1000 };

typedef struct {
    const mirra_host_api *host;
    mirra_context *context;
    const mirra_tensor *input;
    char failures[2048];
    pthread_mutex_t mutex;
    pthread_t threads[kMostThreads];
    int thread_count;
    int visits[kIndices];
    int calls;
    const char *action;
} checker;

static void expect(checker *self, int holds, const char *what) {
    if (holds) return;
    strncat(self->failures, what, sizeof(self->failures) - strlen(self->failures) - 1);
    strncat(self->failures, "; ", sizeof(self->failures) - strlen(self->failures) - 1);
}

static mirra_status create(void *user, const mirra_host_api *host, void **instance, mirra_error **error) {
    checker *self = calloc(1, sizeof(checker));
    (void)user;
    (void)error;
    if (self == NULL) return MIRRA_E_OUT_OF_MEMORY;
    self->host = host;
    pthread_mutex_init(&self->mutex, NULL);
    *instance = self;
    return MIRRA_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static int is_action(checker *self, mirra_context *context, const char *action) {
    MIRRA_STRUCT(mirra_value, value);
    return self->host->param(context, "action", &value, NULL) == MIRRA_OK && !strcmp(value.text, action);
}

static mirra_status configure(void *instance, mirra_context *context, mirra_setup *setup,
                              mirra_error **error) {
    (void)error;
    if (is_action(instance, context, "graph")) setup->graph = "net";
    return MIRRA_OK;
}

/* {{1, 2, 3}, {4, 5, 6}}, written where it lies. */
static mirra_tensor *six(checker *self) {
    const int64_t shape[] = {2, 3};
    float *values = NULL;
    mirra_tensor *made = NULL;
    int i;
    expect(self, !self->host->tensor_create(self->context, shape, 2, &values, &made, NULL), "create");
    for (i = 0; i < 6 && values != NULL; ++i) {
        expect(self, values[i] == 0, "zeros");
        values[i] = (float)(i + 1);
    }
    return made;
}

/* Takes `made`, and looks whether it has those values, row-major. */
static void expect_values(checker *self, mirra_tensor *made, int rows, int columns, const float *wanted,
                          const char *what) {
    float values[32] = {0};
    int64_t shape[8] = {0};
    int i, same;
    expect(self, self->host->tensor_shape(made, shape, 8) == 2, what);
    same = shape[0] == rows && shape[1] == columns;
    expect(self, same, what);
    if (same) {
        self->host->tensor_download(self->context, made, values, (uint64_t)(rows * columns), NULL);
        for (i = 0; i < rows * columns; ++i) expect(self, fabsf(values[i] - wanted[i]) < 1e-5F, what);
    }
    self->host->tensor_release(made);
}

static void check_maps(checker *self) {
    const mirra_host_api *host = self->host;
    mirra_tensor *made = six(self);
    const float *values = NULL;
    int64_t strides[8] = {0}, shape[4] = {0};
    float *copy;
    int64_t c, y, x, at = 0;
    int same = 1;
    expect(self, !host->tensor_map(self->context, made, &values, strides, NULL), "map");
    expect(self, values != NULL && values[4] == 5 && strides[0] == 3 && strides[1] == 1, "strides");
    expect(self, host->tensor_map(self->context, made, NULL, strides, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "map to NULL");
    expect(self, host->tensor_map(self->context, made, &values, NULL, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "strides to NULL");
    expect(self, host->tensor_map(self->context, NULL, &values, strides, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "map of NULL");
    host->tensor_release(made);
    host->tensor_shape(self->input, shape, 4);
    copy = malloc((size_t)(shape[1] * shape[2] * shape[3]) * sizeof(float));
    host->tensor_download(self->context, self->input, copy, (uint64_t)(shape[1] * shape[2] * shape[3]), NULL);
    expect(self, !host->tensor_map(self->context, self->input, &values, strides, NULL), "map of the input");
    for (c = 0; c < shape[1]; ++c)
        for (y = 0; y < shape[2]; ++y)
            for (x = 0; x < shape[3]; ++x)
                same = same && values[c * strides[1] + y * strides[2] + x * strides[3]] == copy[at++];
    expect(self, same, "values of the input");
    free(copy);
}

static void check_parts(checker *self) {
    static const struct {
        int32_t axis;
        int64_t first, count;
        mirra_status status;
    } bad[] = {{1, 2, 2, MIRRA_E_MISMATCH},         {1, 0, 4, MIRRA_E_MISMATCH},
               {1, -1, 1, MIRRA_E_MISMATCH},        {0, 0, 0, MIRRA_E_MISMATCH},
               {0, INT64_MAX, 1, MIRRA_E_MISMATCH}, {0, 1, INT64_MAX, MIRRA_E_MISMATCH},
               {2, 0, 1, MIRRA_E_INVALID_ARGUMENT}, {-1, 0, 1, MIRRA_E_INVALID_ARGUMENT}};
    static const float right[] = {2, 3, 5, 6}, below[] = {4, 5, 6};
    mirra_tensor *all = six(self), *part = NULL;
    size_t i;
    expect(self, !self->host->tensor_part(self->context, all, 1, 1, 2, &part, NULL), "part");
    expect_values(self, part, 2, 2, right, "right part");
    expect(self, !self->host->tensor_part(self->context, all, 0, 1, 1, &part, NULL), "part");
    expect_values(self, part, 1, 3, below, "part below");
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        expect(self,
               self->host->tensor_part(self->context, all, bad[i].axis, bad[i].first, bad[i].count, &part,
                                       NULL) == bad[i].status,
               "part beyond");
    self->host->tensor_release(all);
}

static void check_joins(checker *self) {
    const mirra_host_api *host = self->host;
    static const float beside[] = {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}, below[] = {1, 2, 3, 4, 5, 6, 4, 5, 6};
    mirra_tensor *all = six(self), *row = NULL, *joined = NULL;
    const mirra_tensor *two[] = {all, all}, *uneven[] = {all, NULL}, *none[] = {all, NULL};
    host->tensor_part(self->context, all, 0, 1, 1, &row, NULL);
    uneven[1] = row;
    expect(self, !host->tensor_concat(self->context, two, 2, 1, &joined, NULL), "concat");
    expect_values(self, joined, 2, 6, beside, "beside");
    expect(self, !host->tensor_concat(self->context, uneven, 2, 0, &joined, NULL), "concat");
    expect_values(self, joined, 3, 3, below, "below");
    expect(self, host->tensor_concat(self->context, uneven, 2, 1, &joined, NULL) == MIRRA_E_MISMATCH,
           "uneven");
    expect(self, host->tensor_concat(self->context, two, 2, 2, &joined, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "axis");
    expect(self, host->tensor_concat(self->context, two, 0, 0, &joined, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "none");
    expect(self,
           host->tensor_concat(self->context, two, UINT32_MAX, 0, &joined, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "too many");
    expect(self, host->tensor_concat(self->context, NULL, 2, 0, &joined, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "NULL");
    expect(self, host->tensor_concat(self->context, none, 2, 0, &joined, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "NULL inside");
    host->tensor_release(row);
    host->tensor_release(all);
}

static void check_functions(checker *self) {
    static const float given[] = {-1, 0.25F, 4};
    static const int64_t shape[] = {1, 3};
    mirra_tensor *x = NULL, *y = NULL;
    int op, i;
    self->host->tensor_upload(self->context, given, shape, 2, &x, NULL);
    for (op = MIRRA_UNARY_ABS; op <= MIRRA_UNARY_RELU; ++op) {
        float wanted[3], values[3] = {0};
        expect(self, !self->host->tensor_unary(self->context, op, x, &y, NULL), "unary");
        self->host->tensor_download(self->context, y, values, 3, NULL);
        self->host->tensor_release(y);
        for (i = 0; i < 3; ++i) {
            const float v = given[i];
            wanted[i] = op == MIRRA_UNARY_ABS       ? fabsf(v)
                        : op == MIRRA_UNARY_SQRT    ? sqrtf(v)
                        : op == MIRRA_UNARY_EXP     ? expf(v)
                        : op == MIRRA_UNARY_LOG     ? logf(v)
                        : op == MIRRA_UNARY_TANH    ? tanhf(v)
                        : op == MIRRA_UNARY_SIGMOID ? 1 / (1 + expf(-v))
                                                    : fmaxf(v, 0);
            expect(self, isnan(wanted[i]) ? isnan(values[i]) : fabsf(values[i] - wanted[i]) < 1e-5F,
                   "function");
        }
    }
    expect(self, self->host->tensor_unary(self->context, 7, x, &y, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "unary 7");
    expect(self, self->host->tensor_unary(self->context, -1, x, &y, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "unary -1");
    expect(self, self->host->tensor_unary(self->context, 0, NULL, &y, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "of NULL");
    self->host->tensor_release(x);
}

static void check_reductions(checker *self) {
    static const float sums[] = {5, 7, 9}, mean[] = {3.5F}, least[] = {1, 4}, most[] = {3, 6};
    static const uint32_t bad[] = {0, 4, 7, 1U << 31, UINT32_MAX};
    mirra_tensor *all = six(self), *y = NULL;
    size_t i;
    expect(self, !self->host->tensor_reduce_axes(self->context, MIRRA_REDUCE_SUM, all, 1, &y, NULL), "sum");
    expect_values(self, y, 1, 3, sums, "sums");
    expect(self, !self->host->tensor_reduce_axes(self->context, MIRRA_REDUCE_MEAN, all, 3, &y, NULL), "mean");
    expect_values(self, y, 1, 1, mean, "mean of all");
    expect(self, !self->host->tensor_reduce_axes(self->context, MIRRA_REDUCE_MINIMUM, all, 2, &y, NULL),
           "min");
    expect_values(self, y, 2, 1, least, "least");
    expect(self, !self->host->tensor_reduce_axes(self->context, MIRRA_REDUCE_MAXIMUM, all, 2, &y, NULL),
           "max");
    expect_values(self, y, 2, 1, most, "most");
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
        expect(self,
               self->host->tensor_reduce_axes(self->context, MIRRA_REDUCE_SUM, all, bad[i], &y, NULL) ==
                   MIRRA_E_INVALID_ARGUMENT,
               "axes that are not there");
    expect(self,
           self->host->tensor_reduce_axes(self->context, 4, all, 1, &y, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "op 4");
    self->host->tensor_release(all);
}

static void check_shapes(checker *self) {
    static const int64_t none[] = {2, 0}, negative[] = {-1, 4}, huge[] = {INT64_MAX, INT64_MAX};
    const int64_t *const shapes[] = {none, negative, huge, NULL};
    float *values = NULL;
    mirra_tensor *made = NULL;
    int i;
    for (i = 0; i < 4; ++i)
        expect(self,
               self->host->tensor_create(self->context, shapes[i], 2, &values, &made, NULL) ==
                   MIRRA_E_INVALID_ARGUMENT,
               "an impossible shape");
    expect(self,
           self->host->tensor_create(self->context, none, 9, &values, &made, NULL) ==
               MIRRA_E_INVALID_ARGUMENT,
           "rank 9");
    expect(self,
           self->host->tensor_create(self->context, none, 0, NULL, &made, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "values to NULL");
}

/* What the first axes of the input and a number give, over both orders of memory. */
static void check_broadcast(checker *self) {
    const mirra_host_api *host = self->host;
    mirra_tensor *mean = NULL, *less = NULL;
    double sum = 1;
    expect(self, !host->tensor_reduce_axes(self->context, MIRRA_REDUCE_MEAN, self->input, 12, &mean, NULL),
           "mean");
    expect(self, !host->tensor_binary(self->context, MIRRA_BINARY_SUBTRACT, self->input, mean, &less, NULL),
           "difference");
    host->tensor_reduce(self->context, MIRRA_REDUCE_SUM, less, &sum, NULL);
    expect(self, fabs(sum) < 1e-2, "what is left of the mean");
    host->tensor_release(mean);
    host->tensor_release(less);
}

static mirra_status count_inside(void *user, uint64_t index) {
    checker *self = user;
    (void)index;
    ++self->calls; /* nested calls stay on one thread */
    return MIRRA_OK;
}

static mirra_status visit(void *user, uint64_t index) {
    checker *self = user;
    mirra_tensor *made = NULL;
    const mirra_status status =
        self->host->tensor_affine(self->context, self->input, 1, (double)index, &made, NULL);
    int i;
    self->host->tensor_release(made);
    pthread_mutex_lock(&self->mutex);
    ++self->visits[index];
    for (i = 0; i < self->thread_count && !pthread_equal(self->threads[i], pthread_self()); ++i) {
    }
    if (i == self->thread_count && i < kMostThreads) self->threads[self->thread_count++] = pthread_self();
    if (index == 0) self->host->parallel_for(self->context, 10, count_inside, self, NULL);
    pthread_mutex_unlock(&self->mutex);
    return status;
}

static mirra_status fail_at_seven(void *user, uint64_t index) {
    (void)user;
    return index == 7 ? MIRRA_E_DEVICE : MIRRA_OK;
}

static mirra_status idle(void *user, uint64_t index) {
    (void)user;
    (void)index;
    return MIRRA_OK;
}

static void check_threads(checker *self) {
    const mirra_host_api *host = self->host;
    MIRRA_STRUCT(mirra_run_info, info);
    int i, once = 1;
    host->run_info(self->context, &info, NULL);
    expect(self, !host->parallel_for(self->context, kIndices, visit, self, NULL), "parallel_for");
    for (i = 0; i < kIndices; ++i) once = once && self->visits[i] == 1;
    expect(self, once, "each once");
    expect(self, self->thread_count >= 1 && self->thread_count <= info.threads, "too many threads");
    expect(self, self->calls == 10, "nested calls");
    expect(self, !host->parallel_for(self->context, 0, visit, self, NULL), "none");
    expect(self, host->parallel_for(self->context, 1000000, fail_at_seven, self, NULL) == MIRRA_E_DEVICE,
           "failure");
    expect(self, host->parallel_for(self->context, 1, NULL, self, NULL) == MIRRA_E_INVALID_ARGUMENT,
           "NULL body");
}

/* Forty tensors of a megabyte. */
static mirra_status fill_memory(checker *self, mirra_error **error) {
    const int64_t shape[] = {250000};
    mirra_tensor *made[40] = {0};
    float *values = NULL;
    mirra_status status = MIRRA_OK;
    int i;
    for (i = 0; i < 40 && !status; ++i)
        status = self->host->tensor_create(self->context, shape, 1, &values, &made[i], error);
    for (i = 0; i < 40; ++i) self->host->tensor_release(made[i]);
    return status;
}

static mirra_status process(void *instance, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    checker *self = instance;
    MIRRA_STRUCT(mirra_value, value);
    (void)tile;
    self->context = context;
    self->input = input;
    *output = self->host->tensor_retain(input);
    if (is_action(self, context, "endless"))
        return self->host->parallel_for(context, UINT64_MAX / 2, idle, self, error);
    if (is_action(self, context, "fill")) return fill_memory(self, error);
    check_maps(self);
    check_parts(self);
    check_joins(self);
    check_functions(self);
    check_reductions(self);
    check_shapes(self);
    check_broadcast(self);
    check_threads(self);
    value.type = MIRRA_TYPE_STRING;
    value.text = self->failures;
    return self->host->set_result(context, "failures", &value, error);
}

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    static mirra_port_info ports[2];
    static mirra_param_info action;
    static mirra_task tasks[2];
    mirra_status status = MIRRA_OK;
    int i;
    (void)abi;
    for (i = 0; i < 2; ++i) {
        ports[i].struct_size = sizeof(mirra_port_info);
        ports[i].type = MIRRA_TYPE_IMAGE;
        ports[i].direction = i == 0 ? MIRRA_PORT_INPUT : MIRRA_PORT_OUTPUT;
        ports[i].name = i == 0 ? "image" : "output";
    }
    action.struct_size = sizeof(action);
    action.type = MIRRA_TYPE_STRING;
    action.name = "action";
    for (i = 0; i < 2 && !status; ++i) {
        tasks[i].struct_size = sizeof(mirra_task);
        tasks[i].name = i == 0 ? "tensors" : "tensors-plain";
        tasks[i].flags = i == 0 ? 0 : MIRRA_TASK_NO_NETWORK;
        tasks[i].ports = ports;
        tasks[i].port_count = 2;
        tasks[i].params = &action;
        tasks[i].param_count = 1;
        tasks[i].create = create;
        tasks[i].destroy = destroy;
        tasks[i].configure = configure;
        tasks[i].process = process;
        status = host->register_task(host, &tasks[i], error);
    }
    return status;
}

MIRRA_PLUGIN_EXPORT mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info);
mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    info->abi_min = info->abi_max = 1;
    info->id = "org.example.tensors";
    info->version = "1";
    info->init = init;
    return MIRRA_OK;
}
