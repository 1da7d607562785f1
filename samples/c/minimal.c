/* minimal.c - denoises a photograph: minimal INPUT OUTPUT [SIGMA]
 *   cc minimal.c -o minimal $(pkg-config --cflags --libs mirra) */
#include <mirra/mirra.h>
#include <stdio.h>

static mirra_status denoise(const char *from, const char *to, const char *sigma, mirra_error **error) {
    mirra_engine *engine = NULL;
    mirra_session *session = NULL;
    mirra_picture *picture = NULL;
    MIRRA_STRUCT(mirra_image, pixels);
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    const uint32_t size = sizeof(mirra_port_value);
    const mirra_port_value ports[2] = {{.struct_size = size, .name = "image", .image = &pixels},
                                       {.struct_size = size, .name = "output", .image = &pixels}};
    mirra_status status = mirra_engine_create(NULL, &engine, error);
    if (!status) status = mirra_session_create(engine, &options, &session, error);
    if (!status) status = mirra_session_set_text(session, "sigma", sigma, error);
    if (!status) status = mirra_image_read(from, NULL, &picture, error);
    if (!status) status = mirra_picture_view(picture, &pixels, error);
    if (!status) status = mirra_session_run(session, ports, 2, NULL, NULL, error);
    if (!status) status = mirra_image_write(to, &pixels, picture, NULL, error);
    mirra_picture_destroy(picture);
    mirra_session_destroy(session);
    mirra_engine_destroy(engine);
    return status;
}

int main(int argc, char **argv) {
    mirra_error *error = NULL;
    if (argc < 3 || argc > 4) return fprintf(stderr, "usage: minimal INPUT OUTPUT [SIGMA]\n"), 2;
    if (!denoise(argv[1], argv[2], argc > 3 ? argv[3] : "auto", &error)) return 0;
    fprintf(stderr, "error: %s (%s)\n%s\n", mirra_error_message(error), mirra_error_subject(error),
            mirra_error_hint(error));
    mirra_error_destroy(error);
    return 1;
}
