/* Preloaded into a program under test: the n-th call on files that it writes below a folder fails.
 *   FAULTY_FOLDER   the folder; without it nothing is changed
 *   FAULTY_CALL     n, from 1; "n+": that one and all later ones; unset: none
 *   FAULTY_HOW      ENOSPC, EIO, EINTR, SHORT (half of a write), KILL (the process is gone before the call)
 *   FAULTY_MARK     a file that is made when a call has failed
 *   FAULTY_NAMED    set: the file system has no files without a name
 *   FAULTY_NAMELESS set: it has them, but gives them no name later */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS = 4096 };
static atomic_int watched[DESCRIPTORS];
static atomic_int calls;

static int below(const char *path) {
    const char *folder = getenv("FAULTY_FOLDER");
    return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_watched(int descriptor) {
    return descriptor >= 0 && descriptor < DESCRIPTORS && atomic_load(&watched[descriptor]);
}

static void leave_mark(void) {
    const char *mark = getenv("FAULTY_MARK");
    if (mark == NULL) return;
    syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT, 0600));
}

/* The errno with which this call fails, -1 for half a write, 0 for none. */
static int fault(void) {
    const char *at = getenv("FAULTY_CALL");
    const char *how = getenv("FAULTY_HOW");
    if (at == NULL || how == NULL) return 0;
    const int number = atomic_fetch_add(&calls, 1) + 1;
    const int wanted = atoi(at);
    if (number < wanted || (number > wanted && at[strlen(at) - 1] != '+')) return 0;
    leave_mark();
    if (strcmp(how, "KILL") == 0) syscall(SYS_kill, getpid(), SIGKILL);
    if (strcmp(how, "ENOSPC") == 0) return ENOSPC;
    if (strcmp(how, "EIO") == 0) return EIO;
    return strcmp(how, "EINTR") == 0 ? EINTR : -1;
}

static int fails(int error) {
    if (error <= 0) return 0;
    errno = error;
    return 1;
}

static int open_file(const char *path, int flags, mode_t mode) {
    const int writes = (flags & O_ACCMODE) != O_RDONLY && below(path);
    if (writes && (flags & O_TMPFILE) == O_TMPFILE && getenv("FAULTY_NAMED") != NULL) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if (writes && fails(fault())) return -1;
    const int opened = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (writes && opened >= 0 && opened < DESCRIPTORS) atomic_store(&watched[opened], 1);
    return opened;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_file(path, flags, mode);
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
    const int error = is_watched(descriptor) ? fault() : 0;
    if (fails(error)) return -1;
    return syscall(SYS_write, descriptor, bytes, error < 0 ? (size + 1) / 2 : size);
}

int fsync(int descriptor) {
    if (is_watched(descriptor) && fails(fault())) return -1;
    return (int)syscall(SYS_fsync, descriptor);
}

int fchmod(int descriptor, mode_t mode) {
    if (is_watched(descriptor) && fails(fault())) return -1;
    return (int)syscall(SYS_fchmod, descriptor, mode);
}

/* A descriptor is closed even where that fails. */
int close(int descriptor) {
    const int seen = is_watched(descriptor);
    if (seen) atomic_store(&watched[descriptor], 0);
    const int error = seen ? fault() : 0;
    const int closed = (int)syscall(SYS_close, descriptor);
    return fails(error) ? -1 : closed;
}

int rename(const char *from, const char *to) {
    if (below(to) && fails(fault())) return -1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    if (below(to) && getenv("FAULTY_NAMELESS") != NULL) {
        errno = ENOENT;
        return -1;
    }
    if (below(to) && fails(fault())) return -1;
    return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}
