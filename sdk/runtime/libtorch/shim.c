/* What the private LibTorch calls in place of the C library's functions of these names; see
 * docs/explanation/decisions/libtorch.md. It must stay a process's guest: no thread of its takes the host's
 * signals or waits busily, nothing of it is destroyed while others may run it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SHARED __attribute__((visibility("default")))

/* The tool that prepares LibTorch renames what this file defines, so that these names mean the C library's.
 */
#define NEXT(name) (__extension__(__typeof__(&(name))) dlsym(RTLD_DEFAULT, #name))

/* Threads look out for the next piece of work for about a tenth of a millisecond, which the pieces of one run
 * follow each other in, and then sleep; with the library's own 300,000 turns they would take the processors
 * from others. */
static const char *const kShortWait = "3000";

/* Of OpenMP's settings those that concern the host's own threads (their processors, output) are kept from it.
 */
static const char *openmp_setting(const char *name, char *value) {
    static const char *const passed[] = {"OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_STACKSIZE",
                                         "OMP_DYNAMIC",     "OMP_WAIT_POLICY",  "GOMP_SPINCOUNT"};
    if (value == NULL && strcmp(name, "GOMP_SPINCOUNT") == 0)
        return NEXT(getenv)("OMP_WAIT_POLICY") == NULL ? kShortWait : NULL;
    for (size_t i = 0; i < sizeof passed / sizeof *passed; ++i)
        if (strcmp(name, passed[i]) == 0) return value;
    return NULL;
}

static char *setting(const char *name, char *value) {
    if (strncmp(name, "OMP_", 4) != 0 && strncmp(name, "GOMP_", 5) != 0) return value;
    return (char *)openmp_setting(name, value);
}

/* Both, since libraries keep the one's name as the end of the other's: they change together or not at all. */
SHARED char *getenv(const char *name) {
    return setting(name, NEXT(getenv)(name));
}

SHARED char *secure_getenv(const char *name) {
    return setting(name, NEXT(secure_getenv)(name));
}

/* The order in which a process ends is not known here, and threads may be at work: memory is left to the
 * system. */
/* NOLINTNEXTLINE(readability-identifier-naming): the C library's name */
SHARED int __cxa_atexit(void (*function)(void *), void *argument, void *library) {
    (void)function, (void)argument, (void)library;
    return 0;
}

/* oneMKL ends the process where the working directory was removed. */
SHARED char *getcwd(char *buffer, size_t size) {
    char *path = NEXT(getcwd)(buffer, size);
    if (path != NULL || (errno != ENOENT && errno != EACCES)) return path;
    if (buffer == NULL) return strdup("/");
    if (size < 2) return errno = ERANGE, NULL;
    return strcpy(buffer, "/");
}

SHARED int pthread_create(pthread_t *thread, const pthread_attr_t *given, void *(*start)(void *),
                          void *argument) {
    const size_t least = (size_t)4 << 20;
    sigset_t all, before;
    pthread_attr_t own;
    size_t size = 0;
    const int made = given == NULL && pthread_attr_init(&own) == 0;
    pthread_attr_t *attributes = made ? &own : (pthread_attr_t *)given;
    if (attributes != NULL && pthread_attr_getstacksize(attributes, &size) == 0 && size < least)
        pthread_attr_setstacksize(attributes, least);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int status = NEXT(pthread_create)(thread, attributes, start, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (made) pthread_attr_destroy(&own);
    return status;
}
