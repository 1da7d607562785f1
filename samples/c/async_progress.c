/* async_progress.c - denoises a photograph in the background, and shows how far it is
 *   flags="$(pkg-config --cflags --libs mirra) -Wl,-rpath,$(pkg-config --variable=libdir mirra)"
 *   cc async_progress.c $flags -o async_progress */
#define _POSIX_C_SOURCE 200809L /* sigaction */
#include <mirra/mirra.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int usage(FILE *to, int status) {
    fputs(
        "Usage: async_progress INPUT OUTPUT [SIGMA]\n"
        "\n"
        "Takes the noise out of INPUT as a job on a thread of its own. A bar shows how far it is; "
        "afterwards\n"
        "the program says how the run went. SIGMA is the noise of the picture in steps of 1/255; without it\n"
        "the noise is measured. Ctrl-C stops the job, and OUTPUT stays as it was.\n"
        "\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped.\n",
        to);
    return status;
}

static volatile sig_atomic_t stopped;

static void on_interrupt(int signal) {
    (void)signal;
    stopped = 1;
}

/* While the handler is there, a job can be stopped. Outside of that time Ctrl-C ends the program as usual. */
static void handle_interrupts(int on) {
    struct sigaction action = {0};
    action.sa_handler = on ? on_interrupt : SIG_DFL;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* A bar that is drawn anew on a terminal; a line for each tenth elsewhere. */
static void show(const mirra_job_status *job, int *shown) {
    static const char full[] = "##############################";
    const int wide = (int)sizeof(full) - 1;
    if (isatty(STDERR_FILENO)) {
        const int filled = (int)(job->fraction * wide);
        fprintf(stderr, "\r%-8s [%-*.*s] %3.0f %%  tile %llu of %llu ", job->stage, wide, filled, full,
                100 * job->fraction, (unsigned long long)job->tile, (unsigned long long)job->tile_count);
        if (job->state != MIRRA_JOB_RUNNING) fputc('\n', stderr);
    } else if ((int)(10 * job->fraction) > *shown) {
        *shown = (int)(10 * job->fraction);
        fprintf(stderr, "%s %d %%\n", job->stage, 10 * *shown);
    }
}

/* Looks at the job every twentieth of a second until it is over. */
static mirra_status watch(mirra_job *job, mirra_result **result, mirra_error **error) {
    MIRRA_STRUCT(mirra_job_status, now);
    int shown = 0;
    mirra_status status = MIRRA_E_TIMEOUT;
    while (status == MIRRA_E_TIMEOUT) {
        if (stopped) mirra_job_cancel(job);
        status = mirra_job_wait(job, 0.05, result, NULL);
        if (!mirra_job_poll(job, &now, NULL)) show(&now, &shown);
    }
    /* Once more for the reason: until now a timeout was the usual answer, and no error. */
    return status ? mirra_job_wait(job, -1, NULL, error) : MIRRA_OK;
}

/* How the run went, and the values that it gave ("sigma_estimated", ...). */
static mirra_status report(const mirra_result *result, mirra_error **error) {
    MIRRA_STRUCT(mirra_result_info, info);
    mirra_status status = mirra_result_get_info(result, &info, error);
    if (status) return status;
    printf("%.2f s on %s in %s, %llu tiles, at most %.0f MB of tensors\n", info.seconds, info.device,
           mirra_precision_name(info.precision), (unsigned long long)info.tile_count,
           (double)info.peak_bytes / 1e6);
    for (uint32_t i = 0; !status && i < info.value_count; ++i) {
        const char *name = NULL;
        MIRRA_STRUCT(mirra_value, value);
        status = mirra_result_value(result, i, &name, &value, error);
        if (status) continue;
        if (value.type == MIRRA_TYPE_FLOAT) {
            printf("%s %.4g\n", name, value.real);
        } else if (value.text) {
            printf("%s %s\n", name, value.text);
        } else {
            printf("%s %lld\n", name, (long long)value.integer);
        }
    }
    return status;
}

static mirra_status run(mirra_session *session, mirra_picture *picture, mirra_result **result,
                        mirra_error **error) {
    mirra_job *job = NULL;
    const uint32_t size = sizeof(mirra_port_value);
    const mirra_port_value ports[2] = {{.struct_size = size, .name = "image", .picture = picture},
                                       {.struct_size = size, .name = "output", .picture = picture}};
    mirra_status status = mirra_session_submit(session, ports, 2, NULL, &job, error);
    if (!status) status = watch(job, result, error);
    mirra_job_destroy(job);
    return status;
}

static mirra_status denoise(const char *from, const char *to, const char *sigma, mirra_error **error) {
    mirra_engine *engine = NULL;
    mirra_session *session = NULL;
    mirra_picture *picture = NULL;
    mirra_result *result = NULL;
    MIRRA_STRUCT(mirra_image, pixels);
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "denoise";
    mirra_status status = mirra_image_check_write(to, NULL, NULL, error); /* before long work */
    if (!status) status = mirra_engine_create(NULL, &engine, error);
    if (!status) status = mirra_session_create(engine, &options, &session, error);
    if (!status) status = mirra_session_set_text(session, "sigma", sigma, error);
    if (!status) status = mirra_image_read(from, NULL, &picture, error);
    handle_interrupts(1);
    if (!status) status = run(session, picture, &result, error);
    if (!status) status = mirra_picture_view(picture, &pixels, error);
    if (!status) status = mirra_image_write(to, &pixels, picture, NULL, error);
    handle_interrupts(0);
    if (!status) status = report(result, error);
    mirra_result_destroy(result);
    mirra_picture_destroy(picture);
    mirra_session_destroy(session);
    mirra_engine_destroy(engine);
    return status;
}

static int fail(mirra_error *error) {
    const int cancelled = mirra_error_code(error) == MIRRA_E_CANCELLED;
    fprintf(stderr, "error: %s", mirra_error_message(error));
    if (*mirra_error_subject(error)) fprintf(stderr, " (%s)", mirra_error_subject(error));
    if (*mirra_error_hint(error)) fprintf(stderr, "\n%s", mirra_error_hint(error));
    fputc('\n', stderr);
    mirra_error_destroy(error);
    return cancelled ? 130 : 1;
}

int main(int argc, char **argv) {
    mirra_error *error = NULL;
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) return usage(stdout, 0);
    if (argc < 3 || argc > 4) return usage(stderr, 2);
    if (denoise(argv[1], argv[2], argc > 3 ? argv[3] : "auto", &error)) return fail(error);
    return 0;
}
