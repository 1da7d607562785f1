/* plugin_rogues.c - plugins that use the host's functions against the rules, one for each value of ROGUE:
 * each gets an error code from the host, or is passed over, and nothing of the host's is harmed. What they
 * were answered comes as the result "answers", a text of status names. */
#define _GNU_SOURCE
#include "mirra/mirra_plugin.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RELEASES_INPUT = 1,
    GIVES_TWICE,
    RELEASES_TWICE,
    MADE_UP_HANDLES,
    KEEPS_CONTEXT,
    KEEPS_INPUT,
    FOREIGN_ERROR,
    FREED_ERROR,
    WRONG_RESULTS,
    NOT_SET,
    PART_AT_THE_END,
    HUGE_RESULT,
    OWN_THREADS,
    LOUD_INIT_FAILS,
    LOUD_TASK_TAKEN,
    LOUD_ID_TAKEN,
    ROUNDS_UP,
    LATIN_TEXTS,
    NAME_DASH,
    NAME_HELP,
    PARAM_DASH,
    PARAM_UNDERSCORE,
    PARAM_TRAILING,
    NULL_CHOICE,
    SAME_CHOICE,
    NAN_RANGE,
    INFINITE_RANGE,
    LONG_TEXT,
    LATE_TASK,
    RUN_FUNCTION_IN_CONFIGURE,
    THROUGH_THREAD,
    SAYS_TABLE,
    CRASHES_IN_INIT,
    HANGS_IN_INIT,
    EXITS_IN_INIT,
    NAMED_AS_COMMAND,
    CLOSES_DESCRIPTORS,
    OVERFLOWS_IN_INIT,
    LOUD
};

typedef struct {
    const mirra_host_api *host;
    mirra_tensor *kept;
    mirra_context *context;
    const mirra_tensor *input;
    char answers[256];
    mirra_status registered;
} rogue;

static void note(rogue *self, mirra_status status) {
    char *end = self->answers + strlen(self->answers);
    if (end != self->answers) *end++ = ' ';
    strcpy(end, status == MIRRA_OK                   ? "ok"
                : status == MIRRA_E_INVALID_ARGUMENT ? "invalid_argument"
                : status == MIRRA_E_MISMATCH         ? "mismatch"
                : status == MIRRA_E_PLUGIN           ? "plugin"
                : status == MIRRA_E_OUT_OF_MEMORY    ? "out_of_memory"
                : status == MIRRA_E_BUDGET           ? "budget"
                                                     : "other");
}

static uint64_t own_object[32];
static mirra_port_info ports[4];
static mirra_param_info param;
static mirra_task task;

static mirra_status create(void *user, const mirra_host_api *host, void **instance, mirra_error **error) {
    rogue *self = calloc(1, sizeof(rogue));
    (void)user;
    (void)error;
    self->host = host;
    if (ROGUE == LATE_TASK) {
        static mirra_task late;
        late = task;
        late.name = "late";
        self->registered = host->register_task(host, &late, NULL);
    }
    *instance = self;
    return MIRRA_OK;
}

static void destroy(void *instance) {
    free(instance);
}

static mirra_status configure(void *instance, mirra_context *context, mirra_setup *setup,
                              mirra_error **error) {
    rogue *self = instance;
    (void)error;
    self->context = context;
    if (ROGUE == OWN_THREADS) setup->extra_bytes_per_pixel = 24;
    if (ROGUE == RUN_FUNCTION_IN_CONFIGURE) {
        double sigma = 0;
        self->registered = self->host->estimate_noise(context, &sigma, NULL);
    }
    return MIRRA_OK;
}

static void make_up_handles(rogue *self, mirra_context *context, const mirra_tensor *input) {
    const mirra_host_api *host = self->host;
    uintptr_t numbers[] = {1, 42, UINTPTR_MAX, (uintptr_t)input + 1, (uintptr_t)input ^ ((uintptr_t)1 << 40)};
    size_t i;
    int64_t shape[4];
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i) {
        mirra_tensor *none = (mirra_tensor *)numbers[i], *made = NULL;
        note(self, host->tensor_affine(context, none, 1, 0, &made, NULL));
        host->tensor_release(none);
        if (made != NULL || host->tensor_retain(none) != NULL || host->tensor_shape(none, shape, 4) != 0)
            strcpy(self->answers, "taken for a tensor");
    }
    note(self, host->tensor_affine((mirra_context *)numbers[1], input, 1, 0, &self->kept, NULL));
    if (host->cancelled((mirra_context *)numbers[1]) ||
        strcmp(host->manifest_json((mirra_context *)numbers[2]), ""))
        strcpy(self->answers, "taken for a context");
}

static void set_wrong_results(rogue *self, mirra_context *context, const mirra_tensor *input) {
    const mirra_host_api *host = self->host;
    MIRRA_STRUCT(mirra_value, value);
    value.type = MIRRA_TYPE_FLOAT;
    value.real = 1;
    note(self, host->set_result(context, "no such port", &value, NULL));
    note(self, host->set_result(context, "image", &value, NULL));
    note(self, host->set_result(context, "output", &value, NULL));
    note(self, host->set_result_tensor(context, "output", input, NULL));
    note(self, host->set_result_tensor(context, "score", input, NULL));
    value.type = MIRRA_TYPE_STRING;
    value.text = "text in the port of a number";
    note(self, host->set_result(context, "score", &value, NULL));
    value.type = MIRRA_TYPE_INT;
    value.integer = 7;
    note(self, host->set_result(context, "score", &value, NULL));
}

typedef struct {
    rogue *self;
    mirra_context *context;
    const mirra_tensor *input;
    mirra_status status;
} work;

/* Forty tensors of the tile's size, all alive at once. */
static void *make_many(void *given) {
    work *at = given;
    mirra_tensor *all[40] = {0};
    int i;
    for (i = 0; i < 40 && !at->status; ++i)
        at->status = at->self->host->tensor_affine(at->context, at->input, 1.5, 0, &all[i], NULL);
    for (i = 0; i < 40; ++i) at->self->host->tensor_release(all[i]);
    return NULL;
}

/* Everything that may be called during a run, over and over. */
static void *call_all(void *given) {
    work *at = given;
    const mirra_host_api *host = at->self->host;
    int i;
    for (i = 0; i < 200; ++i) {
        mirra_tensor *made = NULL;
        double number = 0;
        MIRRA_STRUCT(mirra_value, value);
        value.type = MIRRA_TYPE_INT;
        value.integer = i;
        host->cancelled(at->context);
        host->log(host, MIRRA_LOG_INFO, "in a thread");
        host->estimate_noise(at->context, &number, NULL);
        host->set_result(at->context, "visits", &value, NULL);
        host->param(at->context, "level", &value, NULL);
        if (!host->tensor_affine(at->context, at->input, 1.5, 0, &made, NULL)) {
            host->set_result_tensor(at->context, "last", made, NULL);
            host->preview(at->context, made, NULL);
        }
        host->tensor_release(made);
        host->progress(at->context, 0.5, NULL);
    }
    return NULL;
}

static mirra_status in_threads(void *(*function)(void *), work *at, int count) {
    pthread_t threads[8];
    int i;
    for (i = 0; i < count; ++i) pthread_create(&threads[i], NULL, function, at);
    for (i = 0; i < count; ++i) pthread_join(threads[i], NULL);
    return at->status;
}

static mirra_status set_part(rogue *self, mirra_context *context, const mirra_tensor *input, int64_t extent,
                             int64_t x, int64_t y) {
    const int64_t shape[4] = {1, 3, extent, extent};
    MIRRA_STRUCT(mirra_rect, rect);
    rect.width = rect.height = 2;
    return self->host->set_result_part(context, "part", shape, input, &rect, x, y, NULL);
}

static mirra_status misuse(rogue *self, mirra_context *context, const mirra_tensor *input,
                           mirra_tensor **output, mirra_error **error) {
    const mirra_host_api *host = self->host;
    work at = {self, context, input, MIRRA_OK};
    switch (ROGUE) {
    case RELEASES_INPUT:
        host->tensor_release((mirra_tensor *)input);
        return MIRRA_OK;
    case GIVES_TWICE:
        if (self->kept == NULL) self->kept = host->tensor_retain(input);
        *output = self->kept;
        return MIRRA_OK;
    case RELEASES_TWICE:
        self->kept = host->tensor_retain(input);
        host->tensor_release(self->kept);
        host->tensor_release(self->kept);
        note(self, host->tensor_affine(context, self->kept, 1, 0, output, NULL));
        return MIRRA_OK;
    case MADE_UP_HANDLES:
        make_up_handles(self, context, input);
        return MIRRA_OK;
    case KEEPS_CONTEXT:
        if (self->context != context) { /* that of configure */
            double sigma = 0;
            MIRRA_STRUCT(mirra_value, value);
            note(self, host->param(self->context, "level", &value, NULL));
            note(self, host->estimate_noise(self->context, &sigma, NULL));
        }
        return MIRRA_OK;
    case KEEPS_INPUT:
        if (self->input != NULL)
            note(self, host->tensor_affine(context, self->input, 1, 0, &self->kept, NULL));
        self->input = input;
        return MIRRA_OK;
    case FOREIGN_ERROR:
        *error = (mirra_error *)own_object;
        return MIRRA_E_INVALID_ARGUMENT;
    case FREED_ERROR:
        *error = host->error_create(host, MIRRA_E_DEVICE, "freed", NULL, NULL);
        host->error_destroy(host, *error);
        return MIRRA_E_DEVICE;
    case WRONG_RESULTS:
        set_wrong_results(self, context, input);
        return MIRRA_OK;
    case PART_AT_THE_END:
        note(self, set_part(self, context, input, 8, 0, INT64_MAX - 1));
        note(self, set_part(self, context, input, 8, INT64_MAX, 0));
        note(self, set_part(self, context, input, INT64_MIN, 0, 0));
        note(self, set_part(self, context, input, 8, 6, 6));
        return MIRRA_OK;
    case HUGE_RESULT:
        note(self, set_part(self, context, input, (int64_t)1 << 20, 0, 0));
        return MIRRA_OK;
    case OWN_THREADS:
        return in_threads(make_many, &at, 1);
    case THROUGH_THREAD:
        return in_threads(call_all, &at, 4);
    case ROUNDS_UP:
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x4000U | 0x8040U);
        return MIRRA_OK;
    case LATIN_TEXTS: {
        MIRRA_STRUCT(mirra_value, value);
        value.type = MIRRA_TYPE_STRING;
        value.text = "caf\xe9";
        host->log(host, 99, "caf\xe9");
        return host->set_result(context, "latin", &value, error);
    }
    case LATE_TASK:
    case RUN_FUNCTION_IN_CONFIGURE:
        note(self, self->registered);
        return MIRRA_OK;
    default:
        return MIRRA_OK;
    }
}

static mirra_status process(void *instance, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    rogue *self = instance;
    mirra_status status;
    (void)tile;
    self->answers[0] = '\0';
    if (ROGUE == CLOSES_DESCRIPTORS) close_range(3, ~0U, 0);
    status = misuse(self, context, input, output, error);
    if (!status && *output == NULL) *output = self->host->tensor_retain(input);
    return status;
}

static mirra_status finish(void *instance, mirra_context *context, mirra_error **error) {
    rogue *self = instance;
    MIRRA_STRUCT(mirra_value, value);
    value.type = MIRRA_TYPE_STRING;
    value.text = self->answers;
    return self->host->set_result(context, "answers", &value, error);
}

/* Goes on logging after the engine has passed the plugin over, and is gone. */
static void *loud(void *given) {
    const mirra_host_api *host = given;
    int i;
    for (i = 0; i < 100; ++i) {
        host->log(host, MIRRA_LOG_INFO, "still here");
        host->register_task(host, &task, NULL);
        usleep(1000);
    }
    return NULL;
}

static void describe_param(void) {
    static const char *null_choice[] = {"a", NULL}, *same_choice[] = {"a", "a"};
    static char *long_text;
    param.struct_size = sizeof(param);
    param.type = MIRRA_TYPE_FLOAT;
    param.name = ROGUE == PARAM_DASH         ? "-"
                 : ROGUE == PARAM_UNDERSCORE ? "_level"
                 : ROGUE == PARAM_TRAILING   ? "level-"
                                             : "level";
    param.maximum = 1;
    if (ROGUE == NAN_RANGE) param.minimum = param.maximum = NAN;
    if (ROGUE == INFINITE_RANGE) param.maximum = INFINITY;
    if (ROGUE == LATIN_TEXTS) param.doc = "caf\xe9";
    if (ROGUE == LONG_TEXT) {
        long_text = malloc(1 << 20);
        memset(long_text, 'd', (1 << 20) - 1);
        long_text[(1 << 20) - 1] = '\0';
        param.doc = long_text;
    }
    if (ROGUE == NULL_CHOICE || ROGUE == SAME_CHOICE) {
        param.type = MIRRA_TYPE_ENUM;
        param.choices = ROGUE == NULL_CHOICE ? null_choice : same_choice;
        param.choice_count = 2;
        param.default_text = "a";
    }
}

static int deeper(volatile char *at, int times) {
    volatile char block[4096];
    block[0] = at == NULL ? '\0' : at[0];
    return times == 0 ? block[0] : deeper(block, times - 1) + block[0];
}

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    int i;
    (void)abi;
    if (ROGUE == CRASHES_IN_INIT) {
        host->log(host, MIRRA_LOG_INFO, "loading the plugin /somebody/else.so");
        abort();
    }
    if (ROGUE == EXITS_IN_INIT) exit(0);
    if (ROGUE == OVERFLOWS_IN_INIT) return deeper(NULL, 1 << 30);
    while (ROGUE == HANGS_IN_INIT) sleep(1);
    for (i = 0; i < 3; ++i) {
        ports[i].struct_size = sizeof(mirra_port_info);
        ports[i].type = i == 2 ? MIRRA_TYPE_FLOAT : MIRRA_TYPE_IMAGE;
        ports[i].direction = i == 0 ? MIRRA_PORT_INPUT : MIRRA_PORT_OUTPUT;
        ports[i].name = i == 0 ? "image" : i == 1 ? "output" : "score";
        if (i == 2 && ROGUE == WRONG_RESULTS) ports[i].flags = 0;
    }
    describe_param();
    task.struct_size = sizeof(task);
    task.name = ROGUE == NAME_DASH          ? "-"
                : ROGUE == NAME_HELP        ? "--help"
                : ROGUE == NAMED_AS_COMMAND ? "tasks"
                : ROGUE == LOUD_TASK_TAKEN  ? "denoise"
                                            : ROGUE_NAME;
    if (ROGUE == SAYS_TABLE) {
        static char place[32];
        snprintf(place, sizeof(place), "%p", (const void *)host);
        task.doc = place;
    }
    task.ports = ports;
    task.port_count = ROGUE == WRONG_RESULTS || ROGUE == NOT_SET ? 3 : 2;
    task.params = &param;
    task.param_count = 1;
    task.create = create;
    task.destroy = destroy;
    task.configure = configure;
    task.process = process;
    task.finish = finish;
    const int fails = ROGUE == LOUD_INIT_FAILS;
    const mirra_status status = fails ? MIRRA_E_PLUGIN : host->register_task(host, &task, error);
    if (fails) *error = host->error_create(host, status, "the rogue is loud", NULL, NULL);
    if (fails || ROGUE == LOUD || ROGUE == LOUD_TASK_TAKEN || ROGUE == LOUD_ID_TAKEN) {
        pthread_t thread; /* after init's own registration, which it would race with */
        if (pthread_create(&thread, NULL, loud, (void *)host) == 0) pthread_detach(thread);
    }
    return status;
}

MIRRA_PLUGIN_EXPORT mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info);
mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    info->abi_min = info->abi_max = 1;
    info->id = ROGUE == LOUD_ID_TAKEN ? "org.mirra.denoiser" : "org.example.rogue." ROGUE_NAME;
    info->version = "1";
    info->init = init;
    return MIRRA_OK;
}
