/* plugin_zoo.c - bad plugins, one for each value of ZOO, to see that each is passed over with its reason. */
#include "mirra/mirra_plugin.h"
#include <string.h>

enum {
    NO_SYMBOL = 1,
    ABI_TOO_NEW,
    ABI_TOO_OLD,
    INIT_FAILS,
    SCRIBBLES_SIZE,
    SCRIBBLES_BEYOND,
    SAME_ID,
    NULL_FUNCTIONS,
    NO_INIT,
    NO_TASKS,
    DECLINES,
    SAME_TASK,
    BAD_DEFAULT,
    BAD_NAME,
    TWO_OUTPUTS,
    NO_TILE,
    WRONG_SHAPE,
    FAILS_SILENTLY,
    STATISTICS,
    INPUT_AS_OUTPUT,
    FAILS_WITH_OUTPUT,
    MISMATCHED_SHAPES,
    UNKNOWN_TASK_FLAG,
    UNKNOWN_PORT_FLAG,
    UNKNOWN_PARAM_FLAG,
    RESERVED_PARAM,
    OPTIONAL_FIRST_INPUT,
    NO_INPUT,
    RESAMPLES_TO_NOTHING,
    HALF_EXTENTS,
    WIDE_HALO,
    WIDE_MARGIN,
    MANY_PASSES,
    TWO_TRANSFERS,
    UNKNOWN_SETUP_FLAG,
    SERIES_WITHOUT_COUNT,
    COUNT_WITHOUT_SERIES,
    NUMBERED_SERIES,
    STATED_PLACE,
    ENDLESS_SERIES,
    SERIES_MEETS_NAME,
    PIXELS_OF_TEXT,
    CONDITION_OF_NONE,
    CONDITION_OF_ITSELF,
    CONDITION_OF_NO_VALUE,
    NAMES_ALIKE,
    DIGIT_FIRST,
    BAD_COLOR,
    WILD_SCALE,
    SIZED_TILES
};

#if ZOO != 1 /* NO_SYMBOL */

static mirra_status create(void *user, const mirra_host_api *host, void **instance, mirra_error **error) {
    (void)user;
    (void)error;
    *instance = (void *)host;
    return MIRRA_OK;
}

static void destroy(void *instance) {
    (void)instance;
}

static mirra_status configure(void *instance, mirra_context *context, mirra_setup *setup,
                              mirra_error **error) {
    static mirra_graph_use use;
    (void)instance;
    (void)context;
    (void)error;
    use.struct_size = sizeof(use);
    use.graph = "net";
    use.batch = 2;
    if (setup->width == 0) return MIRRA_OK;
    if (ZOO == HALF_EXTENTS) {
        setup->uses = &use;
        setup->use_count = 1;
    }
    if (ZOO == WIDE_HALO) setup->halo = 1025;
    if (ZOO == WIDE_MARGIN) setup->margin = 1025;
    if (ZOO == MANY_PASSES) setup->measure_passes = 65;
    if (ZOO == WILD_SCALE) setup->scale_numerator = 100, setup->scale_denominator = 1;
    if (ZOO == SIZED_TILES) setup->output_width = 4, setup->output_height = 3;
    if (ZOO == TWO_TRANSFERS) setup->flags = MIRRA_SETUP_ENCODED | MIRRA_SETUP_LINEAR;
    if (ZOO == UNKNOWN_SETUP_FLAG) setup->flags = 1U << 20;
    return MIRRA_OK;
}

static mirra_status process(void *instance, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
    const mirra_host_api *host = instance;
    (void)input;
    (void)tile;
    if (ZOO == FAILS_SILENTLY) return -4242;
    if (ZOO == RESAMPLES_TO_NOTHING) return host->tensor_resample(context, input, 0, 4, output, error);
    if (ZOO == WRONG_SHAPE) {
        const int64_t shape[4] = {1, 1, 1, 1};
        return host->tensor_full(context, shape, 4, 0, output, error);
    }
    if (ZOO == MISMATCHED_SHAPES) {
        const int64_t shape[4] = {1, 3, 2, 2};
        mirra_tensor *other = NULL;
        mirra_status status = host->tensor_full(context, shape, 4, 0, &other, error);
        if (!status) status = host->tensor_binary(context, MIRRA_BINARY_ADD, input, other, output, error);
        host->tensor_release(other);
        return status;
    }
    if (ZOO == INPUT_AS_OUTPUT) *output = (mirra_tensor *)input;
    if (ZOO == STATISTICS || ZOO == FAILS_WITH_OUTPUT) *output = host->tensor_retain(input);
    return ZOO == FAILS_WITH_OUTPUT ? MIRRA_E_DEVICE : MIRRA_OK;
}

static mirra_status measure(void *instance, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_error **error) {
    const mirra_host_api *host = instance;
    MIRRA_STRUCT(mirra_value, mean);
    mean.type = MIRRA_TYPE_FLOAT;
    (void)tile;
    mirra_status status = host->tensor_reduce(context, MIRRA_REDUCE_MEAN, input, &mean.real, error);
    if (!status) status = host->set_result(context, "mean", &mean, error);
    return status ? status : host->set_result_tensor(context, "last_tile", input, error);
}

static void describe_params(mirra_param_info *params) {
    mirra_param_info *level = &params[0], *other = &params[1];
    level->struct_size = other->struct_size = sizeof(mirra_param_info);
    if (ZOO == UNKNOWN_PARAM_FLAG) level->flags = 1U << 20;
    if (ZOO == RESERVED_PARAM) level->reserved = 1;
    level->type = MIRRA_TYPE_FLOAT;
    level->name = ZOO == DIGIT_FIRST ? "2level" : ZOO == NUMBERED_SERIES ? "level_2" : "level";
    level->maximum = 1;
    level->default_value = ZOO == BAD_DEFAULT ? 7 : 0.5;
    if (ZOO == SERIES_WITHOUT_COUNT || ZOO == NUMBERED_SERIES || ZOO == SERIES_MEETS_NAME ||
        ZOO == ENDLESS_SERIES)
        level->series = "levels";
    if (ZOO == COUNT_WITHOUT_SERIES || ZOO == NUMBERED_SERIES || ZOO == SERIES_MEETS_NAME)
        level->max_count = 3;
    if (ZOO == ENDLESS_SERIES) level->max_count = UINT32_MAX;
    if (ZOO == STATED_PLACE) level->series_place = 1;
    if (ZOO == CONDITION_OF_NONE) level->visible_if = "nothing=1";
    if (ZOO == CONDITION_OF_ITSELF) level->visible_if = "level=1";
    if (ZOO == CONDITION_OF_NO_VALUE) level->visible_if = "some_text=#000000|green";
    other->type = ZOO == PIXELS_OF_TEXT ? MIRRA_TYPE_STRING : MIRRA_TYPE_COLOR;
    if (ZOO == PIXELS_OF_TEXT) other->flags = MIRRA_PARAM_PIXELS;
    other->name = ZOO == SERIES_MEETS_NAME ? "level-3" : "some_text";
    if (ZOO == BAD_COLOR) other->default_text = "#12345";
    if (ZOO == NAMES_ALIKE) {
        level->name = "a_b";
        other->name = "a-b";
    }
}

static mirra_status init(const mirra_host_api *host, uint32_t abi, mirra_error **error) {
    static mirra_port_info ports[3];
    static mirra_param_info params[2];
    static mirra_task task, second;
    const uint32_t inputs = ZOO == OPTIONAL_FIRST_INPUT ? 2 : ZOO == NO_INPUT ? 0 : 1;
    const uint32_t outputs = ZOO == TWO_OUTPUTS ? 2 : 1;
    uint32_t i;
    (void)abi;
    if (ZOO == INIT_FAILS) {
        *error = host->error_create(host, MIRRA_E_DEVICE, "the zoo is closed", "zoo", "Come back tomorrow.");
        return MIRRA_E_DEVICE;
    }
    if (ZOO == NO_TASKS) return MIRRA_OK;
    for (i = 0; i < inputs + outputs; ++i) {
        ports[i].struct_size = sizeof(mirra_port_info);
        ports[i].type = MIRRA_TYPE_IMAGE;
        ports[i].direction = i < inputs ? MIRRA_PORT_INPUT : MIRRA_PORT_OUTPUT;
        ports[i].name = i == inputs ? "output" : i == 0 ? "image" : "other";
    }
    if (ZOO == OPTIONAL_FIRST_INPUT) ports[0].flags = MIRRA_PORT_OPTIONAL;
    if (ZOO == UNKNOWN_PORT_FLAG) ports[0].flags = 1U << 20;
    describe_params(params);
    task.struct_size = sizeof(task);
    task.name = ZOO == BAD_NAME ? "Not A Name" : ZOO == SAME_TASK ? "denoise" : ZOO_NAME;
    task.ports = ports;
    task.port_count = inputs + outputs;
    task.params = params;
    task.param_count = ZOO >= SERIES_WITHOUT_COUNT ? 2 : 1;
    task.create = create;
    task.destroy = destroy;
    task.configure = configure;
    if (ZOO != NULL_FUNCTIONS) task.process = process;
    if (ZOO == STATISTICS) {
        task.flags = MIRRA_TASK_GLOBAL_STATISTICS;
        task.measure = measure;
    }
    if (ZOO == UNKNOWN_TASK_FLAG) task.flags = 1U << 20;
    if (ZOO == SAME_TASK) {
        second = task;
        second.name = "invert";
        if (host->register_task(host, &second, error)) return MIRRA_E_PLUGIN;
    }
    return host->register_task(host, &task, error);
}

MIRRA_PLUGIN_EXPORT mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info);
mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info) {
    (void)host;
    if (ZOO == DECLINES) return MIRRA_E_UNSUPPORTED;
    info->abi_min = ZOO == ABI_TOO_NEW ? 7 : ZOO == ABI_TOO_OLD ? 0 : 1;
    info->abi_max = ZOO == ABI_TOO_NEW ? 9 : ZOO == ABI_TOO_OLD ? 0 : 1;
    info->id = ZOO == SAME_ID ? "org.mirra.denoiser" : "org.example.zoo." ZOO_NAME;
    info->version = "1";
    if (ZOO != NO_INIT) info->init = init;
    if (ZOO == SCRIBBLES_SIZE) info->struct_size = 4096;
    if (ZOO == SCRIBBLES_BEYOND) memset(info + 1, 0x55, 64);
    return MIRRA_OK;
}

#else
MIRRA_PLUGIN_EXPORT int mirra_no_plugin_at_all(void);
int mirra_no_plugin_at_all(void) {
    return 0;
}
#endif
