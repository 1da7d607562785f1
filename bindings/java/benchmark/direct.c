/* What a run costs by the C interface alone: the fastest of N, in microseconds. */
#include <mirra/mirra.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void check(mirra_status status, mirra_error *error) {
    if (status != MIRRA_OK) {
        fprintf(stderr, "%s\n", mirra_error_message(error));
        exit(1);
    }
}

static mirra_image image_of(int size, unsigned char *pixels) {
    MIRRA_STRUCT(mirra_image, image);
    image.width = image.height = size;
    image.format = MIRRA_FORMAT_U8;
    image.color = MIRRA_COLOR_RGB;
    image.plane_count = 1;
    image.flags = MIRRA_IMAGE_PACKED;
    image.planes[0].data = pixels;
    return image;
}

int main(int count, char **arguments) {
    if (count != 5) {
        return 2;
    }
    int size = atoi(arguments[3]), runs = atoi(arguments[4]);
    mirra_error *error = NULL;
    mirra_engine *engine = NULL;
    MIRRA_STRUCT(mirra_engine_options, options);
    options.plugin_path = arguments[1];
    check(mirra_engine_create(&options, &engine, &error), error);
    MIRRA_STRUCT(mirra_session_options, how);
    how.task = arguments[2];
    how.threads = 1;
    mirra_session *session = NULL;
    check(mirra_session_create(engine, &how, &session, &error), error);
    unsigned char *pixels = malloc(2u * 3 * size * size);
    for (int i = 0; i < 3 * size * size; ++i) {
        pixels[i] = (unsigned char)(i * 7919 >> 3);
    }
    mirra_image in = image_of(size, pixels), out = image_of(size, pixels + 3 * size * size);
    mirra_port_value values[2] = {{0}, {0}};
    values[0].struct_size = values[1].struct_size = sizeof(values[0]);
    values[0].name = "image";
    values[0].image = &in;
    values[1].name = "output";
    values[1].image = &out;
    double fastest = 1e18;
    for (int i = 0; i < runs; ++i) {
        double start = now();
        mirra_result *result = NULL;
        check(mirra_session_run(session, values, 2, NULL, &result, &error), error);
        mirra_result_destroy(result);
        double time = now() - start;
        fastest = time < fastest ? time : fastest;
    }
    printf("%.1f\n", fastest);
    free(pixels);
    mirra_session_destroy(session);
    mirra_engine_destroy(engine);
    return 0;
}
