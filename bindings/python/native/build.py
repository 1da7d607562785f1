"""Builds mirra._native with cffi: the functions of mirra.h, and the callbacks that Python gives them."""

import os
import pathlib
import subprocess

import cffi

HERE = pathlib.Path(__file__).resolve().parent
BUNDLED = HERE.parent / "src" / "mirra" / "_sdk" / "lib"

CALLBACKS = """
extern "Python" {
    int32_t mirra_py_progress(void *user, const mirra_progress *progress);
    void mirra_py_done(void *user, mirra_status status);
    int32_t mirra_py_tile(void *user, const mirra_rect *rect, const mirra_image *pixels);
    mirra_status mirra_py_read(void *user, const mirra_rect *rect, const mirra_image *pixels);
    mirra_status mirra_py_write(void *user, const mirra_rect *rect, const mirra_image *pixels);
    void mirra_py_log(void *user, mirra_log_level level, const char *message);
    void mirra_py_loading(void *user, const char *path);
}
void *mirra_py_capsule_destructor(void);
int32_t mirra_py_signals(void *user, const mirra_progress *progress);
"""

SOURCE = """
#include <mirra/mirra.h>
#include <time.h>

static int32_t mirra_py_progress(void *user, const mirra_progress *progress);

/* Progress of a run on the main thread that tells nobody: every 10 ms it lets Python handle signals, such as Ctrl-C. */
static int32_t mirra_py_signals(void *user, const mirra_progress *progress) {
    static int64_t last;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t milliseconds = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (milliseconds - last < 10) return 0;
    last = milliseconds;
    return mirra_py_progress(user, progress);
}

/* Frees a tensor that no consumer took; one that did has renamed the capsule. */
static void free_capsule(PyObject *capsule) {
    if (PyCapsule_IsValid(capsule, "dltensor_versioned")) {
        DLManagedTensorVersioned *tensor = PyCapsule_GetPointer(capsule, "dltensor_versioned");
        tensor->deleter(tensor);
    } else if (PyCapsule_IsValid(capsule, "dltensor")) {
        DLManagedTensor *tensor = PyCapsule_GetPointer(capsule, "dltensor");
        tensor->deleter(tensor);
    }
}

static void *mirra_py_capsule_destructor(void) {
    return (void *)free_capsule;
}
"""


def sdk():
    """The include and library folders of the SDK: those of MIRRA_PREFIX, or what pkg-config says."""
    prefix = os.environ.get("MIRRA_PREFIX")
    if prefix:
        return prefix + "/include", prefix + "/lib"

    def ask(variable):
        command = ["pkg-config", "--variable=" + variable, "mirra"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        return ask("prefix") + "/include", ask("libdir")
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit("no Mirra SDK was found; set MIRRA_PREFIX to the folder it is installed in") from error


ffi = cffi.FFI()
ffi.cdef((HERE / "mirra.cdef").read_text(encoding="utf-8") + CALLBACKS)
include, libraries = sdk()
ffi.set_source(
    "mirra._native",
    SOURCE,
    include_dirs=[include],
    library_dirs=[libraries],
    libraries=["mirra"],
    extra_compile_args=["-g0"],
    # The library in the wheel; without one, that of the SDK that this was built against.
    extra_link_args=["-Wl,-rpath," + ("$ORIGIN/_sdk/lib" if BUNDLED.is_dir() else libraries)],
)
