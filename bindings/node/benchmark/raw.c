/* What a run costs through mirra.h alone: runs(width, count) and jobs(width, count) give the seconds of each
 * call. */

#define NAPI_VERSION 8
#include <mirra/mirra.h>
#include <node_api.h>

#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static mirra_session *open_session(void) {
    static mirra_session *session;
    if (session != NULL) return session;
    mirra_engine *engine = NULL;
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    options.quality = "fast";
    options.threads = 1;
    if (mirra_engine_create(NULL, &engine, NULL) != MIRRA_OK ||
        mirra_session_create(engine, &options, &session, NULL) != MIRRA_OK ||
        mirra_session_set_text(session, "sigma", "25", NULL) != MIRRA_OK)
        abort();
    return session;
}

static mirra_image describe(void *data, int32_t width) {
    MIRRA_STRUCT(mirra_image, image);
    image.flags = MIRRA_IMAGE_PACKED;
    image.width = image.height = width;
    image.format = MIRRA_FORMAT_U8;
    image.color = MIRRA_COLOR_RGB;
    image.plane_count = 1;
    image.planes[0].data = data;
    return image;
}

static void run(mirra_session *session, const mirra_port_value *values, int as_job) {
    mirra_result *result = NULL;
    mirra_job *job = NULL;
    mirra_status status = as_job ? mirra_session_submit(session, values, 2, NULL, &job, NULL)
                                 : mirra_session_run(session, values, 2, NULL, &result, NULL);
    if (as_job && status == MIRRA_OK) status = mirra_job_wait(job, -1, &result, NULL);
    if (status != MIRRA_OK) abort();
    mirra_job_destroy(job);
    mirra_result_destroy(result);
}

/* measure(input, output, width, seconds, as_job): fills the Float64Array `seconds`. */
static napi_value measure(napi_env env, napi_callback_info info) {
    napi_value given[5];
    size_t count = 5, length = 0;
    void *input = NULL, *output = NULL, *seconds = NULL;
    int32_t width = 0, as_job = 0;
    napi_get_cb_info(env, info, &count, given, NULL, NULL);
    napi_get_typedarray_info(env, given[0], NULL, NULL, &input, NULL, NULL);
    napi_get_typedarray_info(env, given[1], NULL, NULL, &output, NULL, NULL);
    napi_get_value_int32(env, given[2], &width);
    napi_get_typedarray_info(env, given[3], NULL, &length, &seconds, NULL, NULL);
    napi_get_value_int32(env, given[4], &as_job);
    const mirra_image from = describe(input, width), to = describe(output, width);
    mirra_port_value values[2] = {{.struct_size = sizeof *values, .name = "image", .image = &from},
                                  {.struct_size = sizeof *values, .name = "output", .image = &to}};
    mirra_session *session = open_session();
    for (size_t i = 0; i < length; ++i) {
        const double start = now();
        run(session, values, as_job);
        ((double *)seconds)[i] = now() - start;
    }
    return NULL;
}

NAPI_MODULE_INIT() {
    napi_value function = NULL;
    napi_create_function(env, "measure", NAPI_AUTO_LENGTH, measure, NULL, &function);
    return function;
}
