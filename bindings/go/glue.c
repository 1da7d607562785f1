#include "glue.h"

#include "_cgo_export.h"

static void on_log(void *user, mirra_log_level level, const char *message) {
    mirraGoLog((uintptr_t)user, level, (char *)message);
}

static void on_log_end(void *user) {
    mirraGoLogEnd((uintptr_t)user);
}

static void on_loading(void *user, const char *path) {
    mirraGoLoading((uintptr_t)user, (char *)path);
}

static int32_t on_progress(void *user, const mirra_progress *progress) {
    return mirraGoProgress((uintptr_t)user, (mirra_progress *)progress);
}

static int32_t on_tile(void *user, const mirra_rect *rect, const mirra_image *pixels) {
    (void)pixels;
    return mirraGoTile((uintptr_t)user, (mirra_rect *)rect);
}

static void on_done(void *user, mirra_status status) {
    (void)status;
    mirraGoDone((uintptr_t)user);
}

static void on_run_end(void *user) {
    mirraGoRunEnd((uintptr_t)user);
}

static mirra_status on_read(void *user, const mirra_rect *rect, const mirra_image *pixels) {
    return mirraGoRead((uintptr_t)user, (mirra_rect *)rect, (mirra_image *)pixels);
}

static mirra_status on_write(void *user, const mirra_rect *rect, const mirra_image *pixels) {
    return mirraGoWrite((uintptr_t)user, (mirra_rect *)rect, (mirra_image *)pixels);
}

static void on_release(void *user) {
    mirraGoRelease((uintptr_t)user);
}

mirra_status mirra_go_engine_create(mirra_engine_options *options, uintptr_t log, uintptr_t loading,
                                    mirra_engine **engine, mirra_error **error) {
    if (log) {
        options->log = on_log;
        options->log_user = (void *)log;
        options->log_user_free = on_log_end;
    }
    if (loading) {
        options->loading = on_loading;
        options->loading_user = (void *)loading;
    }
    return mirra_engine_create(options, engine, error);
}

static void set_events(mirra_run_options *options, int events, uintptr_t user) {
    options->user = (void *)user;
    if (events & MIRRA_GO_PROGRESS) options->progress = on_progress;
    if (events & MIRRA_GO_TILE) options->tile = on_tile;
}

mirra_status mirra_go_run(mirra_session *session, const mirra_port_value *values, size_t count,
                          mirra_run_options *options, int events, uintptr_t user, mirra_result **result,
                          mirra_error **error) {
    set_events(options, events, user);
    return mirra_session_run(session, values, count, options, result, error);
}

mirra_status mirra_go_submit(mirra_session *session, const mirra_port_value *values, size_t count,
                             mirra_run_options *options, int events, uintptr_t user, mirra_job **job,
                             mirra_error **error) {
    set_events(options, events, user);
    options->done = on_done;
    options->user_free = on_run_end;
    return mirra_session_submit(session, values, count, options, job, error);
}

void mirra_go_set_source(mirra_source *source, uintptr_t user) {
    source->read = on_read;
    source->user = (void *)user;
}

void mirra_go_set_sink(mirra_sink *sink, uintptr_t user) {
    sink->write = on_write;
    sink->user = (void *)user;
}

mirra_status mirra_go_picture_wrap(const mirra_image *image, uintptr_t user, mirra_picture **picture,
                                   mirra_error **error) {
    return mirra_picture_wrap(image, on_release, (void *)user, picture, error);
}

void mirra_go_set_log(mirra_write_options *options, uintptr_t user) {
    options->log = on_log;
    options->log_user = (void *)user;
}

void mirra_go_delete_tensor(DLManagedTensorVersioned *tensor) {
    tensor->deleter(tensor);
}
