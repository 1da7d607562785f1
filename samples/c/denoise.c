/* denoise.c - denoises a photograph: denoise INPUT OUTPUT [SIGMA]
 *   flags="$(pkg-config --cflags --libs mirra) -Wl,-rpath,$(pkg-config --variable=libdir mirra)"
 *   cc denoise.c $flags -o denoise */
#include <mirra/mirra.h>
#include <stdio.h>

static int fail(mirra_error *error) {
    fprintf(stderr, "error: %s", mirra_error_message(error));
    if (*mirra_error_subject(error)) fprintf(stderr, " (%s)", mirra_error_subject(error));
    if (*mirra_error_hint(error)) fprintf(stderr, "\n%s", mirra_error_hint(error));
    fputc('\n', stderr);
    mirra_error_destroy(error);
    return 1;
}

/* A line for each tenth of the work. */
static int32_t show(void *user, const mirra_progress *progress) {
    int *shown = user;
    const int tenths = (int)(10 * progress->fraction);
    if (tenths > *shown) fprintf(stderr, "%s %d %%\n", progress->stage, 10 * tenths);
    if (tenths > *shown) *shown = tenths;
    return 0; /* go on */
}

static mirra_status denoise(const char *from, const char *to, const char *sigma, mirra_error **error) {
    mirra_engine *engine = NULL;
    mirra_session *session = NULL;
    mirra_picture *picture = NULL;
    MIRRA_STRUCT(mirra_image, pixels);
    MIRRA_STRUCT(mirra_session_options, options);
    MIRRA_STRUCT(mirra_run_options, run);
    options.task = "denoise";
    options.memory_limit = 2000000000;
    int shown = 0;
    run.progress = show;
    run.user = &shown;
    mirra_port_value ports[2] = {{0}, {0}};
    ports[0].struct_size = ports[1].struct_size = sizeof(mirra_port_value);
    ports[0].name = "image";
    ports[1].name = "output";
    ports[0].image = ports[1].image = &pixels; /* in place */

    mirra_status status = mirra_engine_create(NULL, &engine, error);
    if (!status) status = mirra_session_create(engine, &options, &session, error);
    if (!status) status = mirra_session_set_text(session, "sigma", sigma, error);
    if (!status) status = mirra_image_read(from, NULL, &picture, error);
    if (!status) status = mirra_picture_view(picture, &pixels, error);
    if (!status) status = mirra_session_run(session, ports, 2, &run, NULL, error);
    if (!status) status = mirra_image_write(to, &pixels, picture, NULL, error);
    mirra_picture_destroy(picture);
    mirra_session_destroy(session);
    mirra_engine_destroy(engine);
    return status;
}

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "usage: denoise INPUT OUTPUT [SIGMA]\n"), 2;
    mirra_error *error = NULL;
    if (denoise(argv[1], argv[2], argc > 3 ? argv[3] : "auto", &error)) return fail(error);
    fprintf(stderr, "wrote %s\n", argv[2]);
    return 0;
}
