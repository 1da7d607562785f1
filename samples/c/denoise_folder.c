/* denoise_folder.c - takes the noise out of the pictures of a folder: denoise_folder PICTURES CLEAN
 *   flags="$(pkg-config --cflags --libs mirra) -Wl,-rpath,$(pkg-config --variable=libdir mirra)"
 *   cc denoise_folder.c $flags -o denoise_folder */
#define _DEFAULT_SOURCE /* scandir */
#include <dirent.h>
#include <errno.h>
#include <mirra/mirra.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static volatile sig_atomic_t stopped;

static void on_interrupt(int signal) {
    (void)signal;
    stopped = 1;
}

/* The library calls this during a run, at least once a tile. */
static int32_t show(void *name, const mirra_progress *progress) {
    fprintf(stderr, "\r%s %3.0f %%", (const char *)name, 100 * progress->fraction);
    return stopped; /* other than 0 stops the run */
}

static mirra_status denoise(mirra_session *session, const char *from, const char *to, mirra_error **error) {
    mirra_picture *picture = NULL;
    MIRRA_STRUCT(mirra_image, pixels);
    MIRRA_STRUCT(mirra_run_options, options);
    options.progress = show;
    options.user = (void *)from;
    mirra_port_value ports[2] = {{0}, {0}};
    ports[0].struct_size = ports[1].struct_size = sizeof(mirra_port_value);
    ports[0].name = "image";
    ports[1].name = "output";
    ports[0].image = ports[1].image = &pixels; /* in place */
    mirra_status status = mirra_image_read(from, NULL, &picture, error);
    if (!status) status = mirra_picture_view(picture, &pixels, error);
    if (!status) status = mirra_session_run(session, ports, 2, &options, NULL, error);
    if (!status) status = mirra_image_write(to, &pixels, picture, NULL, error);
    mirra_picture_destroy(picture);
    return status;
}

static int is_picture(const struct dirent *entry) {
    const char *ending = strrchr(entry->d_name, '.');
    return ending &&
           (!strcasecmp(ending, ".png") || !strcasecmp(ending, ".jpg") || !strcasecmp(ending, ".jpeg"));
}

static int report(mirra_error *error) {
    fprintf(stderr, "\nerror: %s: %s. %s\n", mirra_error_subject(error), mirra_error_message(error),
            mirra_error_hint(error));
    mirra_error_destroy(error);
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: denoise_folder PICTURES CLEAN\n"), 2;
    struct dirent **files = NULL;
    const int count = scandir(argv[1], &files, is_picture, alphasort);
    if (count < 0) return perror(argv[1]), 1;
    if (mkdir(argv[2], 0777) && errno != EEXIST) return perror(argv[2]), 1;
    signal(SIGINT, on_interrupt);

    mirra_engine *engine = NULL;
    mirra_session *session = NULL;
    mirra_error *error = NULL;
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    int failed = 0;
    if (mirra_engine_create(NULL, &engine, &error) ||
        mirra_session_create(engine, &options, &session, &error))
        failed = report(error);
    for (int i = 0; i < count; free(files[i++])) {
        char from[4096], to[4096];
        snprintf(from, sizeof(from), "%s/%s", argv[1], files[i]->d_name);
        snprintf(to, sizeof(to), "%s/%s", argv[2], files[i]->d_name);
        if (session == NULL || stopped) continue;
        if (denoise(session, from, to, &error)) failed = report(error);
        fputc('\n', stderr);
    }
    free(files);
    mirra_session_destroy(session);
    mirra_engine_destroy(engine);
    return stopped ? 130 : failed;
}
