/* A program as it could be written when ABI 1.0 was frozen: every function and struct of mirra.h. It is
 * compiled against the headers beside it, never against today's, and linked with today's library. It prints a
 * line for each call, which check_client.sh compares with expected.txt. Messages, times and sizes in bytes
 * are not promised and not printed.
 *
 * client PLUGINS RUNTIME BUNDLES WORK */
#include "mirra/mirra.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 40, HEIGHT = 30, CHANNELS = 3, SAMPLES = WIDTH * HEIGHT * CHANNELS };

static mirra_error *error;

/* Prints the function's name and what became of it. What the error says goes to stderr alone. */
static mirra_status report(const char *call, mirra_status status) {
    printf("%.*s: %s\n", (int)strcspn(call, "("), call, mirra_status_name(status));
    if (status != MIRRA_OK)
        fprintf(stderr, "%s | %s | %s\n", mirra_error_message(error), mirra_error_subject(error),
                mirra_error_hint(error));
    if (mirra_error_code(error) != status) printf("FAIL: the error's code is another\n");
    mirra_error_destroy(error);
    error = NULL;
    return status;
}

#define CALL(call) report(#call, call)
/* Without its result the program cannot go on. */
#define NEED(call)                                                                                           \
    do {                                                                                                     \
        if (CALL(call) != MIRRA_OK) exit(EXIT_FAILURE);                                                      \
    } while (0)

static void show(const char *name, double value) {
    printf("  %s = %.4g\n", name, value);
}

static void show_text(const char *name, const char *text) {
    printf("  %s = \"%s\"\n", name, text == NULL ? "(null)" : text);
}

/* ---- what callbacks count ---- */

typedef struct counts {
    int ends, logged, freed, loaded;
} counts;

static void on_log(void *user, mirra_log_level level, const char *message) {
    counts *seen = user;
    seen->logged += level >= MIRRA_LOG_WARNING;
    seen->ends += strncmp(message, "frozen: end", 11) == 0;
}

static void on_log_free(void *user) {
    ++((counts *)user)->freed;
}

static void on_loading(void *user, const char *path) {
    ((counts *)user)->loaded += path[0] == '/';
}

typedef struct run_counts {
    double fraction;
    int64_t area; /* of the tiles */
    int progressed, done, freed, stop, released;
    mirra_status status;
} run_counts;

static int32_t on_progress(void *user, const mirra_progress *progress) {
    run_counts *seen = user;
    seen->progressed += progress->stage != NULL && progress->fraction >= seen->fraction &&
                        progress->tile <= progress->tile_count && progress->step <= progress->step_count;
    seen->fraction = progress->fraction;
    return seen->stop;
}

static int32_t on_tile(void *user, const mirra_rect *rect, const mirra_image *pixels) {
    if (pixels->width == rect->width && pixels->height == rect->height)
        ((run_counts *)user)->area += rect->width * rect->height;
    return 0;
}

static void on_done(void *user, mirra_status status) {
    ++((run_counts *)user)->done;
    ((run_counts *)user)->status = status;
}

static void on_free(void *user) {
    ++((run_counts *)user)->freed;
}

static void on_release(void *user) {
    ++((run_counts *)user)->released;
}

/* ---- pictures of the program's ---- */

static unsigned char pixels[SAMPLES], output[4 * SAMPLES], second[SAMPLES];

static void fill(void) {
    for (int i = 0; i < SAMPLES; ++i) {
        const int pixel = i / CHANNELS;
        pixels[i] = (unsigned char)(60 + pixel % WIDTH * 2 + pixel / WIDTH + i % CHANNELS * 20);
    }
}

static mirra_image describe(void *data, int32_t width, int32_t height, mirra_format format,
                            mirra_color color) {
    MIRRA_STRUCT(mirra_image, image);
    image.flags = MIRRA_IMAGE_PACKED;
    image.width = width;
    image.height = height;
    image.format = format;
    image.color = color;
    image.alpha_mode = MIRRA_ALPHA_STRAIGHT;
    image.transfer = MIRRA_TRANSFER_ENCODED;
    image.plane_count = 1;
    image.planes[0].data = data;
    return image;
}

static mirra_port_value port(const char *name, const mirra_image *image) {
    MIRRA_STRUCT(mirra_port_value, value);
    value.name = name;
    value.image = image;
    return value;
}

static double mean(const unsigned char *samples, int count) {
    double sum = 0;
    for (int i = 0; i < count; ++i) sum += samples[i];
    return sum / count;
}

/* The largest difference between the output, a rectangle of the doubled picture, and the doubled picture. */
static int doubled_difference(int64_t x0, int64_t y0, int width, int height) {
    int worst = 0;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < CHANNELS; ++c) {
                const int64_t from = ((y0 + y) / 2 * WIDTH + (x0 + x) / 2) * CHANNELS + c;
                const int difference = abs(pixels[from] - output[(y * width + x) * CHANNELS + c]);
                if (difference > worst) worst = difference;
            }
    return worst;
}

static mirra_status read_pixels(void *user, const mirra_rect *rect, const mirra_image *to) {
    (void)user;
    for (int64_t y = 0; y < rect->height; ++y)
        for (int64_t x = 0; x < rect->width; ++x) {
            unsigned char *pixel = (unsigned char *)to->planes[0].data + y * to->planes[0].row_stride +
                                   x * to->planes[0].pixel_stride;
            memcpy(pixel, pixels + ((rect->y + y) * WIDTH + rect->x + x) * CHANNELS, CHANNELS);
        }
    return MIRRA_OK;
}

static mirra_status write_pixels(void *user, const mirra_rect *rect, const mirra_image *from) {
    (void)user;
    for (int64_t y = 0; y < rect->height; ++y)
        for (int64_t x = 0; x < rect->width; ++x) {
            const unsigned char *pixel = (const unsigned char *)from->planes[0].data +
                                         y * from->planes[0].row_stride + x * from->planes[0].pixel_stride;
            memcpy(output + ((rect->y + y) * 2 * WIDTH + rect->x + x) * CHANNELS, pixel, CHANNELS);
        }
    return MIRRA_OK;
}

/* ---- version, errors, texts ---- */

static void try_basics(const char *work) {
    char path[1024], *text = NULL;
    puts("# basics");
    show("version", mirra_version() >= MIRRA_VERSION);
    show("version_string", strlen(mirra_version_string()) >= 5);
    show("abi", mirra_abi_version());
    show_text("status", mirra_status_name(MIRRA_E_TIMEOUT));
    show_text("unknown status", mirra_status_name(-12345));
    show_text("precision", mirra_precision_name(MIRRA_PRECISION_BF16));
    show_text("no error", mirra_error_message(NULL));
    NEED(mirra_text_printable("a\x1b[1mb\n", &text, &error));
    show_text("printable", text);
    mirra_string_free(text);
    snprintf(path, sizeof path, "%s/bytes.txt", work);
    CALL(mirra_file_check_write(path, &error));
    CALL(mirra_file_write(path, "bytes", 5, &error));
    CALL(mirra_file_check_write("/no/such/folder/file.txt", &error));
}

/* ---- introspection ---- */

static void show_param(const mirra_param_info *param) {
    printf("  param %s: type %d flags %u group \"%s\" unit \"%s\" default %.4g \"%s\" range %.4g %.4g soft "
           "%.4g %.4g "
           "step %.4g choices %u%s%s visible_if \"%s\" series \"%s\" %u %u\n",
           param->name, param->type, param->flags, param->group, param->unit, param->default_value,
           param->default_text == NULL ? "(null)" : param->default_text, param->minimum, param->maximum,
           param->soft_minimum, param->soft_maximum, param->step, param->choice_count,
           param->choice_count > 0 ? " " : "", param->choice_count > 0 ? param->choices[0] : "",
           param->visible_if, param->series, param->series_place, param->max_count);
}

static void show_task(mirra_engine *engine, const char *name) {
    MIRRA_STRUCT(mirra_task_info, task);
    NEED(mirra_engine_find_task(engine, name, &task, &error));
    printf("  task %s: flags %u label \"%s\" doc \"%s\" bundle \"%s\" plugin %s %s\n", task.name, task.flags,
           task.label, task.doc, task.default_bundle, task.plugin_id, task.plugin_version);
    for (uint32_t i = 0; i < task.quality_count; ++i) show_text("quality", task.qualities[i]);
    for (uint32_t i = 0; i < task.port_count; ++i) {
        MIRRA_STRUCT(mirra_port_info, info);
        if (mirra_engine_port(engine, name, i, &info, NULL)) puts("FAIL: a port is missing");
        printf("  port %s: direction %d type %d flags %u unit \"%s\" series \"%s\" %u %u\n", info.name,
               info.direction, info.type, info.flags, info.unit, info.series, info.series_place,
               info.max_count);
    }
    for (uint32_t i = 0; i < task.param_count; ++i) {
        MIRRA_STRUCT(mirra_param_info, info);
        if (mirra_engine_param(engine, name, i, &info, NULL)) puts("FAIL: a parameter is missing");
        show_param(&info);
    }
}

static void try_introspection(mirra_engine *engine) {
    puts("# introspection");
    show("tasks", mirra_engine_task_count(engine));
    MIRRA_STRUCT(mirra_task_info, task);
    CALL(mirra_engine_task(engine, 0, &task, &error));
    CALL(mirra_engine_task(engine, 1000, &task, &error));
    CALL(mirra_engine_find_task(engine, "no-such-task", &task, &error));
    show_task(engine, "frozen");
    CALL(mirra_engine_find_task(engine, "org.example.frozen:frozen-double", &task, &error));
    show("schema", strstr(mirra_engine_schema_json(engine), "\"frozen-through\"") != NULL);

    show("plugins", mirra_engine_plugin_count(engine));
    MIRRA_STRUCT(mirra_plugin_record, plugin);
    NEED(mirra_engine_plugin(engine, 0, &plugin, &error));
    printf("  plugin %s %s: loaded %d abi %u tasks %u reason \"%s\" taken %u\n", plugin.id, plugin.version,
           plugin.loaded, plugin.abi, plugin.task_count, plugin.reason, plugin.taken_task_count);

    for (uint32_t i = 0; i < mirra_engine_bundle_count(engine); ++i) {
        MIRRA_STRUCT(mirra_bundle_record, record);
        if (mirra_engine_bundle(engine, i, &record, NULL)) puts("FAIL: a bundle is missing");
        if (strcmp(record.task, "frozen") != 0) continue; /* of the system's folders */
        printf("  bundle \"%s\" of \"%s\": usable %d quality \"%s\" reason \"%s\" %d\n", record.name,
               record.task, record.usable, record.quality, record.reason, record.bytes > 0);
    }
    MIRRA_STRUCT(mirra_device_info, device);
    show("devices", mirra_engine_device_count(engine) >= 1);
    NEED(mirra_engine_device(engine, 0, &device, &error));
    printf("  device %s: usable %d named %d reason \"%s\" fp32 %d\n", device.id, device.usable,
           device.name[0] != '\0', device.reason, (device.precisions & (1u << MIRRA_PRECISION_FP32)) != 0);
    MIRRA_STRUCT(mirra_runtime_info, runtime);
    NEED(mirra_engine_runtime(engine, &runtime, &error));
    double peak = 0;
    NEED(mirra_engine_measure_peak(engine, "cpu", MIRRA_PRECISION_FP32, 1, &peak, &error));
    show("it computes", peak > 0);
    show("runtime usable", runtime.usable);
    show("runtime path", runtime.path[0] == '/');
}

/* ---- bundles, tensors, networks ---- */

static void *read_file(const char *path, size_t *size) {
    static unsigned char bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    *size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return bytes;
}

static mirra_bundle *try_bundles(mirra_engine *engine) {
    mirra_bundle *bundle = NULL, *again = NULL;
    char *path = NULL;
    size_t size = 0;
    puts("# bundles");
    NEED(mirra_engine_find_bundle(engine, "frozen.mirra", &path, &error));
    NEED(mirra_bundle_open(path, &bundle, &error));
    void *bytes = read_file(path, &size);
    mirra_string_free(path);
    NEED(mirra_bundle_open_memory(bytes, size, "frozen", &again, &error));
    mirra_bundle_destroy(again);
    CALL(mirra_bundle_open_memory(bytes, size / 2, NULL, &again, &error));
    CALL(mirra_bundle_open("/no/such/file.mirra", &again, &error));
    MIRRA_STRUCT(mirra_bundle_info, info);
    NEED(mirra_bundle_get_info(bundle, &info, &error));
    printf(
        "  bundle %s of %s: graphs %u tensors %d of %d bytes licence \"%s\" architecture \"%s\" sha256 %s\n",
        info.name, info.task, info.graph_count, (int)info.tensor_count, (int)info.tensor_bytes, info.licence,
        info.architecture, info.sha256);
    show("manifest", strstr(mirra_bundle_manifest_json(bundle), "denoiser") != NULL);
    MIRRA_STRUCT(mirra_graph_info, graph);
    NEED(mirra_bundle_graph(bundle, 0, &graph, &error));
    printf("  graph %s: tileable %d inputs %u (%s %d, %s %d) outputs %u (%s) parameters %d alignment %d\n",
           graph.name, graph.tileable, graph.input_count, graph.inputs[0], (int)graph.input_channels[0],
           graph.inputs[1], (int)graph.input_channels[1], graph.output_count, graph.outputs[0],
           (int)graph.parameter_count, (int)graph.alignment);
    printf("  minimum %d halo %d %d %d %d\n", (int)graph.minimum_extent, (int)graph.halo_left,
           (int)graph.halo_top, (int)graph.halo_right, (int)graph.halo_bottom);
    return bundle;
}

static DLTensor dense(float *values, int64_t *shape, int32_t rank) {
    DLTensor tensor;
    memset(&tensor, 0, sizeof tensor);
    tensor.data = values;
    tensor.device.device_type = kDLCPU;
    tensor.ndim = rank;
    tensor.dtype.code = kDLFloat;
    tensor.dtype.bits = 32;
    tensor.dtype.lanes = 1;
    tensor.shape = shape;
    return tensor;
}

static void try_tensors(const char *work) {
    float values[4] = {1, 2, 3, 4};
    int64_t shape[2] = {2, 2};
    const DLTensor tensor = dense(values, shape, 2);
    mirra_tensors *tensors = NULL, *again = NULL;
    DLManagedTensorVersioned *view = NULL;
    DLManagedTensor *copy = NULL;
    char path[1024];
    void *bytes = NULL;
    size_t size = 0;
    puts("# tensors");
    NEED(mirra_tensors_create(&tensors, &error));
    NEED(mirra_tensors_add(tensors, "b", &tensor, &error));
    NEED(mirra_tensors_add(tensors, "a", &tensor, &error));
    show("count", mirra_tensors_count(tensors));
    show_text("first", mirra_tensors_name(tensors, 0));
    show_text("none", mirra_tensors_name(tensors, 2));
    NEED(mirra_tensors_get_versioned(tensors, "a", &view, &error));
    printf("  view: version %u rank %d flags %d last %g\n", view->version.major, view->dl_tensor.ndim,
           (int)view->flags, (double)((const float *)view->dl_tensor.data)[3]);
    NEED(mirra_tensors_copy(tensors, "a", &copy, &error));
    ((float *)copy->dl_tensor.data)[3] = 9;
    show("after a write to the copy", ((const float *)view->dl_tensor.data)[3]);
    copy->deleter(copy);
    CALL(mirra_tensors_get_versioned(tensors, "c", &view, &error));
    snprintf(path, sizeof path, "%s/tensors.safetensors", work);
    NEED(mirra_tensors_write(tensors, path, &error));
    NEED(mirra_tensors_read(path, &again, &error));
    show("read", mirra_tensors_count(again));
    mirra_tensors_destroy(again);
    NEED(mirra_tensors_write_memory(tensors, &bytes, &size, &error));
    NEED(mirra_tensors_read_memory(bytes, size, &again, &error));
    show("read from memory", mirra_tensors_count(again));
    mirra_memory_free(bytes);
    mirra_tensors_destroy(again);
    mirra_tensors_destroy(tensors);
    show("view outlives its set", ((const float *)view->dl_tensor.data)[3]);
    view->deleter(view);
}

static void try_graph(mirra_engine *engine, const mirra_bundle *bundle) {
    static float image[3 * 8 * 8], level[8 * 8];
    int64_t image_shape[4] = {1, 3, 8, 8}, level_shape[4] = {1, 1, 8, 8};
    mirra_tensors *inputs = NULL, *outputs = NULL;
    DLManagedTensorVersioned *view = NULL;
    puts("# a network as it is");
    for (int i = 0; i < 3 * 8 * 8; ++i) image[i] = 0.5F;
    const DLTensor given[2] = {dense(image, image_shape, 4), dense(level, level_shape, 4)};
    NEED(mirra_tensors_create(&inputs, &error));
    NEED(mirra_tensors_add(inputs, "image", &given[0], &error));
    MIRRA_STRUCT(mirra_graph_options, options);
    options.precision = MIRRA_PRECISION_FP32;
    options.device = "cpu";
    options.threads = 1;
    CALL(mirra_graph_run(engine, bundle, "denoiser", &options, inputs, &outputs, &error));
    NEED(mirra_tensors_add(inputs, "noise_level", &given[1], &error));
    CALL(mirra_graph_run(engine, bundle, "no-such-graph", &options, inputs, &outputs, &error));
    NEED(mirra_graph_run(engine, bundle, "denoiser", &options, inputs, &outputs, &error));
    NEED(mirra_tensors_get_versioned(outputs, "image", &view, &error));
    show("channels", (double)view->dl_tensor.shape[1]);
    show("centre", ((const float *)view->dl_tensor.data)[8 * 4 + 4]);
    view->deleter(view);
    uint64_t work = 0;
    NEED(mirra_graph_work(bundle, "denoiser", inputs, &work, &error));
    show("multiplications", (double)work);
    mirra_tensors_destroy(inputs);
    mirra_tensors_destroy(outputs);
}

/* ---- pictures ---- */

static void try_picture_files(const char *work, const mirra_picture *picture, const mirra_image *view) {
    char path[1024];
    void *bytes = NULL;
    size_t size = 0;
    mirra_picture *read = NULL;
    snprintf(path, sizeof path, "%s/picture.png", work);
    MIRRA_STRUCT(mirra_write_options, options);
    options.bit_depth = 8;
    CALL(mirra_image_check_write(path, view, &options, &error));
    NEED(mirra_image_write(path, view, picture, &options, &error));
    MIRRA_STRUCT(mirra_read_options, limits);
    limits.max_pixels = 100;
    CALL(mirra_image_read(path, &limits, &read, &error));
    NEED(mirra_image_read(path, NULL, &read, &error));
    MIRRA_STRUCT(mirra_picture_info, info);
    NEED(mirra_picture_get_info(read, &info, &error));
    printf("  picture: depth %d format %s icc %d exif %d notes %u\n", info.bit_depth, info.file_format,
           (int)info.icc_bytes, (int)info.exif_bytes, info.note_count);
    MIRRA_STRUCT(mirra_image, again);
    MIRRA_STRUCT(mirra_comparison, comparison);
    NEED(mirra_picture_view(read, &again, &error));
    NEED(mirra_image_compare(view, &again, &comparison, &error));
    printf("  compared: psnr %g ssim %g\n", comparison.psnr, comparison.ssim);
    mirra_picture_destroy(read);
    options.format = "jpeg";
    options.jpeg_quality = 90;
    NEED(mirra_image_write_memory(view, NULL, &options, &bytes, &size, &error));
    NEED(mirra_image_read_memory(bytes, size, NULL, &read, &error));
    NEED(mirra_picture_get_info(read, &info, &error));
    show_text("format", info.file_format);
    mirra_memory_free(bytes);
    mirra_picture_destroy(read);
}

static void try_pictures(const char *work) {
    mirra_picture *picture = NULL, *wrapped = NULL;
    const void *bytes = NULL;
    uint64_t size = 1;
    run_counts seen;
    memset(&seen, 0, sizeof seen);
    puts("# pictures");
    NEED(mirra_picture_create(WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB, &picture, &error));
    MIRRA_STRUCT(mirra_image, view);
    NEED(mirra_picture_view(picture, &view, &error));
    memcpy(view.planes[0].data, pixels, sizeof pixels);
    printf("  view: %d x %d format %d color %d planes %u strides %d %d\n", view.width, view.height,
           view.format, view.color, view.plane_count, (int)view.planes[0].pixel_stride,
           (int)view.planes[0].row_stride);
    try_picture_files(work, picture, &view);
    for (mirra_metadata kind = MIRRA_METADATA_ICC; kind <= MIRRA_METADATA_PHOTOSHOP; ++kind) {
        CALL(mirra_picture_metadata(picture, kind, &bytes, &size, &error));
        show("bytes", (double)size);
    }
    show("note", mirra_picture_note(picture, 0) != NULL);

    const mirra_image own = describe(pixels, WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    NEED(mirra_picture_wrap(&own, on_release, &seen, &wrapped, &error));
    CALL(mirra_picture_copy_color(wrapped, picture, &error));
    CALL(mirra_picture_to_srgb(wrapped, &error));
    show("same colour", mirra_picture_same_color(wrapped, wrapped));
    mirra_picture_destroy(wrapped);
    show("released", seen.released);
    mirra_picture_destroy(picture);

    NEED(mirra_image_extent(&own, 0, &bytes, &size, &error));
    printf("  extent: from the first %d, %d bytes\n", bytes == pixels, (int)size);
    CALL(mirra_image_extent(&own, 1, &bytes, &size, &error));
}

static void try_noise(void) {
    static unsigned char noisy[256 * 256];
    double sigma = 0;
    puts("# noise");
    memset(noisy, 128, sizeof noisy);
    const mirra_image image = describe(noisy, 256, 256, MIRRA_FORMAT_U8, MIRRA_COLOR_GRAY);
    NEED(mirra_image_add_noise(&image, 20, 1, &error));
    NEED(mirra_image_estimate_noise(&image, &sigma, &error));
    show("near 20", fabs(sigma - 20) < 2);
}

/* ---- sessions ---- */

static void try_params(mirra_session *session) {
    char *json = NULL;
    puts("# parameters");
    MIRRA_STRUCT(mirra_value, value);
    NEED(mirra_session_get(session, "level", &value, &error));
    printf("  level: type %d text \"%s\" NaN %d\n", value.type, value.text, isnan(value.real) != 0);
    memset(&value, 0, sizeof value);
    value.struct_size = sizeof value;
    value.type = MIRRA_TYPE_FLOAT;
    value.real = 12.5;
    NEED(mirra_session_set(session, "level", &value, &error));
    NEED(mirra_session_get(session, "level", &value, &error));
    printf("  level: type %d %g\n", value.type, value.real);
    value.real = 1000;
    CALL(mirra_session_set(session, "level", &value, &error));
    CALL(mirra_session_set(session, "no-such-parameter", &value, &error));
    NEED(mirra_session_set_text(session, "tint", "#00ff00", &error));
    CALL(mirra_session_set_text(session, "tint", "green", &error));
    NEED(mirra_session_set_json(session, "{\"mode\": \"fancy\", \"radius\": 4}", &error));
    CALL(mirra_session_set_json(session, "{\"radius\": 5, \"mode\": \"none\"}", &error));
    NEED(mirra_session_get(session, "radius", &value, &error));
    show("radius", (double)value.integer);
    NEED(mirra_session_get_json(session, &json, &error));
    show("mode in JSON", strstr(json, "fancy") != NULL);
    mirra_string_free(json);
    MIRRA_STRUCT(mirra_param_info, info);
    NEED(mirra_session_param(session, 2, &info, &error));
    show_param(&info);
    NEED(mirra_session_reset(session, "mode", &error));
    NEED(mirra_session_get(session, "mode", &value, &error));
    show_text("mode", value.text);
    NEED(mirra_session_reset(session, NULL, &error));
    NEED(mirra_session_get(session, "radius", &value, &error));
    show("radius", (double)value.integer);
}

static mirra_session *open_session(mirra_engine *engine, const char *task) {
    mirra_session *session = NULL;
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = task;
    options.precision = MIRRA_PRECISION_FP32;
    options.threads = 1;
    options.tile_size = 32;
    NEED(mirra_session_create(engine, &options, &session, &error));
    return session;
}

static void show_result(mirra_result *result) {
    MIRRA_STRUCT(mirra_result_info, info);
    NEED(mirra_result_get_info(result, &info, &error));
    printf("  result: precision %s device %s tiles %d tensors %u\n", mirra_precision_name(info.precision),
           info.device, info.tile_count > 1, info.tensor_count);
    for (uint32_t i = 0; i < info.value_count; ++i) {
        MIRRA_STRUCT(mirra_value, value);
        const char *name = NULL;
        if (mirra_result_value(result, i, &name, &value, NULL)) puts("FAIL: a value is missing");
        if (value.type == MIRRA_TYPE_STRING)
            show_text(name, value.text);
        else
            show(name, value.type == MIRRA_TYPE_FLOAT ? value.real : (double)value.integer);
    }
    MIRRA_STRUCT(mirra_value, found);
    CALL(mirra_result_find(result, "mean", &found, &error));
    CALL(mirra_result_find(result, "no-such-value", &found, &error));
    mirra_tensors *tensors = NULL;
    NEED(mirra_result_tensors(result, &tensors, &error));
    for (uint32_t i = 0; i < mirra_tensors_count(tensors); ++i)
        show_text("tensor", mirra_tensors_name(tensors, i));
    mirra_tensors_destroy(tensors);
}

/* The task with everything, with everything that can be given to it. */
static void try_frozen(mirra_session *session) {
    static float numbers[16];
    int64_t shape[4] = {1, 1, 4, 4};
    run_counts seen;
    memset(&seen, 0, sizeof seen);
    puts("# the task frozen");
    for (int i = 0; i < 16; ++i) numbers[i] = (float)i;
    const DLTensor matrix = dense(numbers, shape, 4);
    const mirra_image in = describe(pixels, WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    const mirra_image out = describe(output, WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    const mirra_image more = describe(second, WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    MIRRA_STRUCT(mirra_value, truth);
    truth.type = MIRRA_TYPE_BOOL;
    truth.integer = 1;
    MIRRA_STRUCT(mirra_value, whole);
    whole.type = MIRRA_TYPE_INT;
    whole.integer = 7;
    MIRRA_STRUCT(mirra_value, number);
    number.type = MIRRA_TYPE_FLOAT;
    number.real = 0.5;
    MIRRA_STRUCT(mirra_value, text);
    text.type = MIRRA_TYPE_STRING;
    text.text = "four";
    mirra_port_value values[12] = {port("image", &in),   port("output", &out), port("second", &more),
                                   port("other", &in),   port("other_2", &in), port("truth", NULL),
                                   port("whole", NULL),  port("number", NULL), port("text", NULL),
                                   port("matrix", NULL), port("map", NULL),    port("parts", NULL)};
    values[5].value = &truth;
    values[6].value = &whole;
    values[7].value = &number;
    values[8].value = &text;
    values[9].tensor = &matrix;
    MIRRA_STRUCT(mirra_run_options, options);
    options.progress = on_progress;
    options.user = &seen;
    options.user_free = on_free;
    options.tile = on_tile;
    options.frame = 3;
    mirra_result *result = NULL;
    NEED(mirra_session_run(session, values, 12, &options, &result, &error));
    show("progressed", seen.progressed > 0);
    show("tiles cover", (double)seen.area);
    show("freed", seen.freed);
    show("second", fabs(mean(second, SAMPLES) - mean(output, SAMPLES)) < 0.5);
    show("blurred", fabs(mean(output, SAMPLES) - mean(pixels, SAMPLES)) < 8);
    show_result(result);
    mirra_result_destroy(result);
    CALL(mirra_session_run(session, values, 1, NULL, NULL, &error));
}

static void try_session(mirra_engine *engine, const mirra_bundle *bundle) {
    mirra_session *session = open_session(engine, "frozen"), *clone = NULL;
    puts("# a session");
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "no-such-task";
    CALL(mirra_session_create(engine, &options, &clone, &error));
    options.task = "frozen";
    options.bundle = bundle;
    options.memory_limit = 1;
    options.device = "cpu";
    NEED(mirra_session_create(engine, &options, &clone, &error));
    MIRRA_STRUCT(mirra_plan, plan);
    NEED(mirra_session_plan(clone, WIDTH, HEIGHT, &plan, &error));
    printf("  plan: fits %d required %d limit %d\n", plan.fits, plan.required_bytes > 1,
           (int)plan.memory_limit);
    mirra_session_destroy(clone);
    options.bundle = NULL;
    options.memory_limit = 0;
    options.quality = "fast";
    NEED(mirra_session_create(engine, &options, &clone, &error));
    MIRRA_STRUCT(mirra_session_info, info);
    NEED(mirra_session_get_info(clone, &info, &error));
    printf("  session: task %s plugin %s bundle %s quality \"%s\" device %s precision %s sha256 %d\n",
           info.task, info.plugin_id, info.bundle_name, info.quality, info.device,
           mirra_precision_name(info.precision), (int)strlen(info.bundle_sha256));
    mirra_session_destroy(clone);

    NEED(mirra_session_plan(session, WIDTH, HEIGHT, &plan, &error));
    printf("  plan: fits %d tiles %d output %d x %d alignment %d precision %s\n", plan.fits,
           plan.tile_count > 1, (int)plan.output_width, (int)plan.output_height, (int)plan.alignment,
           mirra_precision_name(plan.precision));
    try_params(session);
    NEED(mirra_session_set_text(session, "radius", "3", &error));
    NEED(mirra_session_clone(session, &clone, &error));
    MIRRA_STRUCT(mirra_value, value);
    NEED(mirra_session_get(clone, "radius", &value, &error));
    show("radius of the clone", (double)value.integer);
    mirra_session_destroy(session);
    try_frozen(clone);
    mirra_session_destroy(clone);
}

/* ---- sizes, regions, sources, pictures, jobs ---- */

static void try_double(mirra_session *session) {
    run_counts seen;
    memset(&seen, 0, sizeof seen);
    puts("# twice the size");
    MIRRA_STRUCT(mirra_plan, plan);
    NEED(mirra_session_plan(session, WIDTH, HEIGHT, &plan, &error));
    printf("  output %d x %d\n", (int)plan.output_width, (int)plan.output_height);
    const mirra_image in = describe(pixels, WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    mirra_image out = describe(output, 2 * WIDTH, 2 * HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    mirra_port_value values[2] = {port("image", &in), port("output", &out)};
    NEED(mirra_session_run(session, values, 2, NULL, NULL, &error));
    show("difference", doubled_difference(0, 0, 2 * WIDTH, 2 * HEIGHT));

    MIRRA_STRUCT(mirra_rect, region);
    region.x = 11;
    region.y = 8;
    region.width = 20;
    region.height = 12;
    MIRRA_STRUCT(mirra_rect, required);
    NEED(mirra_session_required(session, WIDTH, HEIGHT, &region, &required, &error));
    printf("  required: holds %d within %d\n",
           required.x <= 5 && required.y <= 4 && required.x + required.width >= 16 &&
               required.y + required.height >= 10,
           required.x >= 0 && required.y >= 0 && required.x + required.width <= WIDTH &&
               required.y + required.height <= HEIGHT);
    MIRRA_STRUCT(mirra_run_options, options);
    options.region = &region;
    options.tile = on_tile;
    options.user = &seen;
    out.width = 20;
    out.height = 12;
    NEED(mirra_session_run(session, values, 2, &options, NULL, &error));
    show("difference in the region", doubled_difference(region.x, region.y, 20, 12));
    show("tiles cover", (double)seen.area);
    region.width = 1000;
    CALL(mirra_session_run(session, values, 2, &options, NULL, &error));

    options.region = NULL;
    options.scale = 0.5;
    out.width = WIDTH;
    out.height = HEIGHT;
    NEED(mirra_session_run(session, values, 2, &options, NULL, &error));
    show("mean of the preview is kept", fabs(mean(output, SAMPLES) - mean(pixels, SAMPLES)) < 1);
}

static void try_sources(mirra_session *session) {
    run_counts seen;
    memset(&seen, 0, sizeof seen);
    puts("# sources, sinks, pictures");
    mirra_image shape = describe(NULL, WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB), large = shape;
    shape.flags = large.flags = 0;
    large.width *= 2;
    large.height *= 2;
    MIRRA_STRUCT(mirra_source, source);
    source.image = &shape;
    source.read = read_pixels;
    MIRRA_STRUCT(mirra_sink, sink);
    sink.image = &large;
    sink.write = write_pixels;
    mirra_port_value values[2] = {port("image", NULL), port("output", NULL)};
    values[0].source = &source;
    values[1].sink = &sink;
    memset(output, 0, sizeof output);
    CALL(mirra_session_run(session, values, 2, NULL, NULL, &error));
    show("difference", doubled_difference(0, 0, 2 * WIDTH, 2 * HEIGHT));

    const mirra_image in = describe(pixels, WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    const mirra_image out = describe(output, 2 * WIDTH, 2 * HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    mirra_picture *picture = NULL;
    NEED(mirra_picture_wrap(&in, on_release, &seen, &picture, &error));
    values[0] = port("image", NULL);
    values[0].picture = picture;
    values[1] = port("output", &out);
    memset(output, 0, sizeof output);
    CALL(mirra_session_run(session, values, 2, NULL, NULL, &error));
    mirra_picture_destroy(picture);
    show("difference", doubled_difference(0, 0, 2 * WIDTH, 2 * HEIGHT));
    show("released", seen.released);
}

static void try_jobs(mirra_session *session) {
    run_counts seen;
    memset(&seen, 0, sizeof seen);
    puts("# jobs and cancelling");
    const mirra_image in = describe(pixels, WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    const mirra_image out = describe(output, 2 * WIDTH, 2 * HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    const mirra_port_value values[2] = {port("image", &in), port("output", &out)};
    MIRRA_STRUCT(mirra_run_options, options);
    options.done = on_done;
    options.user = &seen;
    options.user_free = on_free;
    mirra_job *job = NULL;
    mirra_result *result = NULL;
    NEED(mirra_session_submit(session, values, 2, &options, &job, &error));
    CALL(mirra_job_wait(job, -1, &result, &error));
    MIRRA_STRUCT(mirra_job_status, status);
    NEED(mirra_job_poll(job, &status, &error));
    printf("  job: state %d fraction %g tiles %d stage %d\n", status.state, status.fraction,
           status.tile == status.tile_count, status.stage != NULL);
    mirra_result_destroy(result);
    mirra_job_cancel(job);
    mirra_job_destroy(job);
    printf("  done %d with %s, freed %d\n", seen.done, mirra_status_name(seen.status), seen.freed);

    mirra_cancel *cancel = NULL;
    NEED(mirra_cancel_create(&cancel, &error));
    show("requested", mirra_cancel_requested(cancel));
    mirra_cancel_request(cancel);
    show("requested", mirra_cancel_requested(cancel));
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.cancel = cancel;
    CALL(mirra_session_run(session, values, 2, &options, NULL, &error));
    mirra_cancel_destroy(cancel);
    options.cancel = NULL;
    options.progress = on_progress;
    options.user = &seen;
    seen.stop = 1;
    CALL(mirra_session_run(session, values, 2, &options, NULL, &error));
}

static void try_others(mirra_engine *engine) {
    static float floats[WIDTH * HEIGHT * 4], through[WIDTH * HEIGHT * 4];
    puts("# other tasks");
    const mirra_image in = describe(pixels, WIDTH, HEIGHT, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    mirra_image out = describe(output, 8, 6, MIRRA_FORMAT_U8, MIRRA_COLOR_RGB);
    mirra_port_value values[2] = {port("image", &in), port("output", &out)};
    mirra_session *session = open_session(engine, "frozen-crop");
    NEED(mirra_session_run(session, values, 2, NULL, NULL, &error));
    show("crop", memcmp(output + 5 * 8 * CHANNELS, pixels + 5 * WIDTH * CHANNELS, 8 * CHANNELS) == 0);
    mirra_session_destroy(session);

    session = open_session(engine, "frozen-make");
    out.width = WIDTH;
    out.height = HEIGHT;
    NEED(mirra_session_run(session, values + 1, 1, NULL, NULL, &error));
    show("made", mean(output, SAMPLES));
    mirra_session_destroy(session);

    session = open_session(engine, "frozen-through");
    for (int i = 0; i < WIDTH * HEIGHT * 4; ++i) floats[i] = i % 4 == 3 ? 0.5F : (float)(i % 7) - 2;
    const mirra_image from = describe(floats, WIDTH, HEIGHT, MIRRA_FORMAT_F32, MIRRA_COLOR_RGBA);
    const mirra_image to = describe(through, WIDTH, HEIGHT, MIRRA_FORMAT_F32, MIRRA_COLOR_RGBA);
    values[0] = port("image", &from);
    values[1] = port("output", &to);
    NEED(mirra_session_run(session, values, 2, NULL, NULL, &error));
    double worst = 0;
    for (int i = 0; i < WIDTH * HEIGHT * 4; ++i) worst = fmax(worst, fabs((double)(floats[i] - through[i])));
    show("values beyond 0 and 1 go through", worst < 1e-4);
    mirra_session_destroy(session);

    session = open_session(engine, "frozen-fails");
    values[0] = port("image", &in);
    values[1] = port("output", &out);
    if (mirra_session_run(session, values, 2, NULL, NULL, &error) != MIRRA_OK) {
        show_text("the plugin's error", mirra_status_name(mirra_error_code(error)));
        show_text("its subject", mirra_error_subject(error));
        show_text("its hint", mirra_error_hint(error));
    }
    mirra_error_destroy(error);
    error = NULL;
    mirra_session_destroy(session);
}

int main(int argc, char **argv) {
    static counts seen;
    mirra_engine *engine = NULL;
    if (argc != 5) return EXIT_FAILURE;
    fill();
    try_basics(argv[4]);
    puts("# an engine");
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = argv[1];
    options.runtime_module = argv[2];
    options.bundle_path = argv[3];
    options.log = on_log;
    options.log_user = &seen;
    options.log_user_free = on_log_free;
    options.log_level = MIRRA_LOG_INFO;
    options.loading = on_loading;
    options.loading_user = &seen;
    options.plugin_skip = "skipped.so";
    NEED(mirra_engine_create(&options, &engine, &error));
    show("loaded", seen.loaded);
    try_introspection(engine);
    mirra_bundle *bundle = try_bundles(engine);
    try_tensors(argv[4]);
    try_graph(engine, bundle);
    try_pictures(argv[4]);
    try_noise();
    try_session(engine, bundle);
    mirra_session *session = open_session(engine, "frozen-double");
    try_double(session);
    try_sources(session);
    try_jobs(session);
    try_others(engine);
    puts("# the end");
    show("a process of its own", mirra_engine_process(engine) != 0);
    NEED(mirra_engine_shutdown(engine, 5, &error));
    mirra_engine_destroy(engine);
    mirra_bundle_destroy(bundle);
    show("the log is held", seen.freed);
    mirra_session_destroy(session);
    show("the log is let go", seen.freed);
    show("ends", seen.ends);
    return EXIT_SUCCESS;
}
