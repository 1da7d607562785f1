/* mirra.h - the C interface of Mirra, version 1: what a host includes, and all that it includes.
 *
 * C99, and C11, C++17 and C++20 as well. This file is the reference; docs/reference/c-api.md is the guide.
 *
 * GENERAL RULES. They hold for every function below unless it says otherwise.
 *
 * Errors.    A call that can fail returns a mirra_status: MIRRA_OK (0) or a negative MIRRA_E_* code. Its
 *            last argument, `mirra_error **error`, may be NULL; if not, it receives on failure a new
 *            error object that the caller owns (mirra_error_destroy), and is left untouched on success.
 *            Other outputs are untouched on failure. There is no global and no per-thread error state. No
 *            call throws, aborts, exits or prints.
 * NULL.      A pointer argument may be NULL only where this file says so; NULL elsewhere gives
 *            MIRRA_E_INVALID_ARGUMENT (or 0, NULL or "" from a function that returns no status), never a
 *            crash. Every destroy function takes NULL and then does nothing.
 * Lifetime.  What a `create`, `open`, `read`, `submit` or `run` function gives belongs to the caller
 *            until the `destroy` function of its type. Handles keep alive what they need: an engine may
 *            be destroyed before its sessions, a bundle before the sessions that use it, a session before
 *            its jobs. A string inside of a struct that the library filled lives as long as the object
 *            that the struct was asked of, unless the struct says otherwise.
 * Structs.   Every struct but mirra_plane begins with `struct_size`, which the caller sets to sizeof(the
 *            struct) in both directions; MIRRA_STRUCT declares one with every other field zero. Zero is
 *            the default of every field. Later versions only append fields. A struct of an older caller
 *            is taken as if its missing tail were zero; one that is smaller than it was in version 1.0 is
 *            MIRRA_E_INVALID_ARGUMENT. A tail that this library does not know must be zero, or the call
 *            fails with MIRRA_E_UNSUPPORTED rather than ignore what was asked for. A
 *            struct that the library fills is filled as far as the caller's struct_size goes; what lies
 *            beyond the library's own knowledge is set to zero. In an array of structs all elements have
 *            the same struct_size, which is also the distance between them.
 * Strings.   UTF-8, ended by NUL. The library copies what it keeps.
 * Callbacks. Must not throw and must not destroy an object that is in use by the call that calls back.
 *            One that reports progress or completion may end its thread, as a language does whose
 *            interpreter has ended: no further callback of that run is called then. Functions that release
 *            or free must not.
 *            They may be called from a thread of the library's.
 * Threads.   Each type says "Thread-safety". Objects that are not the same never need locking against
 *            each other.
 */
#ifndef MIRRA_MIRRA_H_
#define MIRRA_MIRRA_H_

#include <stddef.h>
#include <stdint.h>

/* Before every function; one who loads the library himself (dlopen) or parses this file may define it. */
#ifndef MIRRA_API
#if defined(_WIN32)
#ifdef MIRRA_BUILDING
#define MIRRA_API __declspec(dllexport)
#else
#define MIRRA_API __declspec(dllimport)
#endif
#else
#define MIRRA_API __attribute__((visibility("default")))
#endif
#endif

/* ---- DLPack ---- */

/* Tensors cross as structures of DLPack 1 (https://dmlc.github.io/dlpack), whose header this is,
 * without its comments and in another order (Copyright 2017 by its contributors, Apache License 2.0). A
 * program's own dlpack.h may be included before this file; after it, it adds nothing, and the program sees
 * DLPack 1.3. */
#ifndef DLPACK_DLPACK_H_
#define DLPACK_DLPACK_H_

#ifdef __cplusplus
#define DLPACK_EXTERN_C extern "C"
#else
#define DLPACK_EXTERN_C
#endif
#define DLPACK_DLL

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
typedef enum : int32_t {
#else
typedef enum {
#endif
    kDLCPU = 1,
    kDLCUDA = 2,
    kDLCUDAHost = 3,
    kDLOpenCL = 4,
    kDLVulkan = 7,
    kDLMetal = 8,
    kDLVPI = 9,
    kDLROCM = 10,
    kDLROCMHost = 11,
    kDLExtDev = 12,
    kDLCUDAManaged = 13,
    kDLOneAPI = 14,
    kDLWebGPU = 15,
    kDLHexagon = 16,
    kDLMAIA = 17,
    kDLTrn = 18
} DLDeviceType;

typedef struct {
    DLDeviceType device_type;
    int32_t device_id;
} DLDevice;

typedef enum {
    kDLInt = 0U,
    kDLUInt = 1U,
    kDLFloat = 2U,
    kDLOpaqueHandle = 3U,
    kDLBfloat = 4U,
    kDLComplex = 5U,
    kDLBool = 6U,
    kDLFloat8_e3m4 = 7U,
    kDLFloat8_e4m3 = 8U,
    kDLFloat8_e4m3b11fnuz = 9U,
    kDLFloat8_e4m3fn = 10U,
    kDLFloat8_e4m3fnuz = 11U,
    kDLFloat8_e5m2 = 12U,
    kDLFloat8_e5m2fnuz = 13U,
    kDLFloat8_e8m0fnu = 14U,
    kDLFloat6_e2m3fn = 15U,
    kDLFloat6_e3m2fn = 16U,
    kDLFloat4_e2m1fn = 17U
} DLDataTypeCode;

typedef struct {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes;
} DLDataType;

typedef struct {
    void *data;
    DLDevice device;
    int32_t ndim;
    DLDataType dtype;
    int64_t *shape;
    int64_t *strides; /* in elements; NULL: row-major and compact (before DLPack 1.2) */
    uint64_t byte_offset;
} DLTensor;

typedef struct DLManagedTensor {
    DLTensor dl_tensor;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensor *self);
} DLManagedTensor;

#ifdef __cplusplus
}
#endif
#endif /* DLPACK_DLPACK_H_ */

/* Since DLPack 1: also beside a program's header from before it. */
#ifndef DLPACK_MAJOR_VERSION
#define DLPACK_MAJOR_VERSION 1
#define DLPACK_MINOR_VERSION 3
#define DLPACK_FLAG_BITMASK_READ_ONLY (1UL << 0UL)
#define DLPACK_FLAG_BITMASK_IS_COPIED (1UL << 1UL)
#define DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED (1UL << 2UL)

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t major;
    uint32_t minor;
} DLPackVersion;

typedef struct DLManagedTensorVersioned {
    DLPackVersion version;
    void *manager_ctx;
    void (*deleter)(struct DLManagedTensorVersioned *self);
    uint64_t flags;
    DLTensor dl_tensor;
} DLManagedTensorVersioned;

typedef int (*DLPackManagedTensorAllocator)(DLTensor *prototype, DLManagedTensorVersioned **out,
                                            void *error_ctx,
                                            void (*SetError)(void *error_ctx, const char *kind,
                                                             const char *message));
typedef int (*DLPackManagedTensorFromPyObjectNoSync)(void *py_object, DLManagedTensorVersioned **out);
typedef int (*DLPackDLTensorFromPyObjectNoSync)(void *py_object, DLTensor *out);
typedef int (*DLPackCurrentWorkStream)(DLDeviceType device_type, int32_t device_id,
                                       void **out_current_stream);
typedef int (*DLPackManagedTensorToPyObjectNoSync)(DLManagedTensorVersioned *tensor, void **out_py_object);

typedef struct DLPackExchangeAPIHeader {
    DLPackVersion version;
    struct DLPackExchangeAPIHeader *prev_api;
} DLPackExchangeAPIHeader;

typedef struct DLPackExchangeAPI {
    DLPackExchangeAPIHeader header;
    DLPackManagedTensorAllocator managed_tensor_allocator;
    DLPackManagedTensorFromPyObjectNoSync managed_tensor_from_py_object_no_sync;
    DLPackManagedTensorToPyObjectNoSync managed_tensor_to_py_object_no_sync;
    DLPackDLTensorFromPyObjectNoSync dltensor_from_py_object_no_sync;
    DLPackCurrentWorkStream current_work_stream;
} DLPackExchangeAPI;

#ifdef __cplusplus
}
#endif
#endif /* DLPACK_MAJOR_VERSION */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ---- */

/* The ABI version is the number in libmirra.so.1: programs built against any header of ABI 1 run with any
 * library of ABI 1 that is at least as new as what they use. */

#define MIRRA_VERSION_MAJOR 0 /* of this header; compatibility hangs on the ABI version alone */
#define MIRRA_VERSION_MINOR 1 /* of this header */
#define MIRRA_VERSION_PATCH 0 /* of this header */
/* A version as one number, to be compared. */
#define MIRRA_MAKE_VERSION(major, minor, patch)                                                              \
    ((uint32_t)(major) * 10000u + (uint32_t)(minor) * 100u + (uint32_t)(patch))
#define MIRRA_VERSION_TEXT "0.1.0" /* of this header */
/* Of this header, as MIRRA_MAKE_VERSION packs it. */
#define MIRRA_VERSION MIRRA_MAKE_VERSION(MIRRA_VERSION_MAJOR, MIRRA_VERSION_MINOR, MIRRA_VERSION_PATCH)
#define MIRRA_ABI_VERSION 1 /* of this header */

/* Version of the library that runs, as MIRRA_MAKE_VERSION packs it. */
MIRRA_API uint32_t mirra_version(void);
/* The same as text: "0.1.0". A static string. */
MIRRA_API const char *mirra_version_string(void);
/* ABI version of the library that runs. */
MIRRA_API uint32_t mirra_abi_version(void);

/* ---- Structs ---- */

/* What sets a struct to zeros. */
#ifdef __cplusplus
#define MIRRA_ZERO                                                                                           \
    {}
#else
#define MIRRA_ZERO {0}
#endif
/* Declares a struct of zeros with its size:
 *   MIRRA_STRUCT(mirra_session_options, options);
 *   options.task = "denoise"; */
#define MIRRA_STRUCT(type, name)                                                                             \
    type name = MIRRA_ZERO;                                                                                  \
    (name).struct_size = (uint32_t)sizeof(type)

/* A rectangle in pixels. */
typedef struct mirra_rect {
    uint32_t struct_size;
    uint32_t reserved;     /* 0 */
    int64_t x, y;          /* of the first pixel, from the left and from above */
    int64_t width, height; /* in pixels */
} mirra_rect;

/* ---- Status and errors ---- */

/* MIRRA_OK, or a MIRRA_E_* code. */
typedef int32_t mirra_status;
enum mirra_status_value {
    MIRRA_OK = 0,
    MIRRA_E_INVALID_ARGUMENT = -1, /* an argument or parameter is NULL, out of range or of the wrong type */
    MIRRA_E_NOT_FOUND = -2,        /* a file, folder, task, device, graph or parameter does not exist */
    MIRRA_E_IO = -3,               /* reading or writing failed (permission, full disk) */
    MIRRA_E_CORRUPT = -4,          /* a file's content contradicts its format */
    MIRRA_E_UNSUPPORTED = -5,      /* valid, but this build or version cannot do it */
    MIRRA_E_LIMIT = -6,            /* a safety limit (pixels, nodes, bytes) is exceeded */
    MIRRA_E_BUDGET = -7,           /* the memory limit is too small, even for the smallest tile */
    MIRRA_E_CANCELLED = -8,        /* the caller cancelled */
    MIRRA_E_DEVICE = -9,           /* the device is missing or failed */
    MIRRA_E_PLUGIN = -10,          /* a plugin is missing, incompatible or failed */
    MIRRA_E_MISMATCH = -11,        /* two inputs do not fit together (bundle and task, shapes, sizes) */
    MIRRA_E_OUT_OF_MEMORY = -12,   /* an allocation failed */
    MIRRA_E_BUSY = -13,            /* the object is in use by another call */
    MIRRA_E_TIMEOUT = -14,         /* the time given for a wait is over; what was waited for goes on */
    MIRRA_E_INTERNAL = -99         /* a bug in Mirra */
};

/* "ok", "invalid_argument", ...; "unknown" for any other number. Static strings. */
MIRRA_API const char *mirra_status_name(mirra_status status);

/* What failed, what it was about, and what to do.
 * Thread-safety: immutable; any thread may read it. Owned by the caller. */
typedef struct mirra_error mirra_error;

/* All of them take NULL and then give MIRRA_OK or "". Strings are never NULL and live as long as the
 * error. */
MIRRA_API mirra_status mirra_error_code(const mirra_error *error);
MIRRA_API const char *mirra_error_message(const mirra_error *error); /* one sentence: what went wrong */
/* the file, parameter, tensor ..., or "" */
MIRRA_API const char *mirra_error_subject(const mirra_error *error);
MIRRA_API const char *mirra_error_hint(const mirra_error *error); /* what to do about it, or "" */
/* Takes NULL. */
MIRRA_API void mirra_error_destroy(mirra_error *error);

/* ---- Engine ---- */

/* Owns the plugins, the devices and the cache of compiled networks. A program makes one. Creating it loads
 * the plugins (milliseconds) and neither the runtime module nor LibTorch: those are loaded by the first
 * call that needs them (mirra_session_create and mirra_graph_run; the device functions if an NVIDIA driver
 * is there) and stay.
 * Thread-safety: safe. */
typedef struct mirra_engine mirra_engine;

/* How grave a message is. */
typedef int32_t mirra_log_level;
enum mirra_log_level_value {
    MIRRA_LOG_DEBUG = 0,
    MIRRA_LOG_INFO = 1,
    MIRRA_LOG_WARNING = 2,
    MIRRA_LOG_ERROR = 3
};

/* Receives messages for people; `message` lives during the call. Called from any thread, possibly several
 * at once, until the engine and all that was made with it are destroyed. "loading the plugin FILE" comes at
 * MIRRA_LOG_INFO before anything of that file runs: if it crashes or hangs, the last such message names it.
 */
typedef void (*mirra_log_callback)(void *user, mirra_log_level level, const char *message);

/* How an engine finds plugins and runs sessions. */
typedef uint32_t mirra_engine_flags;
enum mirra_engine_flag {
    /* Load the plugins into a process of its own (mirra-worker, in mirra/ beside the library), and run all
     * sessions and graphs of the engine there. What ends that process (a plugin that crashes, a system short
     * of memory) costs the calls under way a MIRRA_E_PLUGIN whose message says how it ended; sessions stay,
     * and the next call starts another process. A run that says nothing for 10 s after its cancellation
     * ends the process. Pixels cross in shared memory, which takes the size of a run's images besides;
     * results are the same. A plugin that ends or blocks the process while it loads is passed over.
     * Relative paths in parameters are those of the folder that this process was in as the worker started.
     * A log callback is called by a thread of the engine's, and makes no calls that need the worker */
    MIRRA_ISOLATION_PROCESS = 1,
    /* Look for plugins in `plugin_path` only. */
    MIRRA_PLUGIN_PATH_ONLY = 2,
    /* Load each plugin in a process of its own first (mirra-worker, in mirra/ beside the library), and pass
     * over one that ends or blocks it. Costs a few milliseconds a file. */
    MIRRA_PLUGIN_SCAN_PROCESS = 4,
    /* MIRRA_ISOLATION_PROCESS if another LibTorch is in this process as the engine is created. Mirra's own
     * bears other names and goes beside it, so this is for those who take no chances */
    MIRRA_ISOLATION_AUTO = 8
};

/* What mirra_engine_create makes an engine of. */
typedef struct mirra_engine_options {
    uint32_t struct_size;
    mirra_engine_flags flags; /* MIRRA_ISOLATION_*, MIRRA_PLUGIN_* */
    /* folders and files, separated by ':', searched first; NULL: none. Then come the environment's
     * MIRRA_PLUGIN_PATH, $XDG_DATA_HOME/mirra/plugins (~/.local/share/mirra/plugins), and mirra/plugins
     * beside the library. Of a folder those are FILE.so and NAME/plugin.so */
    const char *plugin_path;
    /* file of the runtime module; NULL: the environment's MIRRA_RUNTIME_MODULE, then, in mirra/ beside the
     * library or beside it, libmirra_runtime_onednn.so (the processor alone, loads in milliseconds), then
     * libmirra_runtime_torch.so. Where an NVIDIA driver is there, these two are looked for the other way
     * round */
    const char *runtime_module;
    /* folders of bundles, separated by ':', searched first; NULL: none. Then come MIRRA_BUNDLE_PATH, the
     * folder of the task's own plugin, share/mirra/bundles of the installation, and the folders of other
     * plugins, for all that finds bundles. No variable of the environment is read in a program that runs with
     * more rights than its caller has (set-user-ID and the like) */
    const char *bundle_path;
    mirra_log_callback log; /* NULL: silent */
    void *log_user;         /* handed to `log` */
    /* called with log_user, once, when no call of `log` follows any more: the engine and all that was made
     * with it are destroyed, or mirra_engine_create failed. Not where these options cannot be read; NULL:
     * nobody */
    void (*log_user_free)(void *log_user);
    mirra_log_level log_level; /* the least that `log` receives; 0: all */
    int32_t reserved;          /* 0 */
    /* folder of the LibTorch that the runtime module runs on; NULL: the environment's MIRRA_LIBTORCH_PATH,
     * then libtorch/ beside the module. It holds a private LibTorch (mirra-libtorch makes one), or
     * lib/libtorch_cpu.so of the version that the module was built for: of that a private copy (0.5 GB) is
     * made once, in the user's cache */
    const char *libtorch_path;
    /* told of each plugin's file before anything of it runs, so that one which ends or blocks the process
     * does so under its name; NULL: nobody. It is called within mirra_engine_create alone */
    void (*loading)(void *user, const char *path);
    void *loading_user; /* handed to `loading` */
    /* plugins that are passed over, separated by ':': names of files ("gain.so"), paths, or ids
     * ("org.example.gain"); NULL: none */
    const char *plugin_skip;
} mirra_engine_options;

/* options: NULL for the defaults. A plugin that cannot be loaded is no error here: see
 * mirra_engine_plugin. */
MIRRA_API mirra_status mirra_engine_create(const mirra_engine_options *options, mirra_engine **engine,
                                           mirra_error **error);
/* Sessions that there are go on, and keep what they need. */
MIRRA_API void mirra_engine_destroy(mirra_engine *engine);
/* Number of the process that runs the engine's sessions (MIRRA_ISOLATION_PROCESS); 0: this one, or none at
 * the moment. */
MIRRA_API int64_t mirra_engine_process(const mirra_engine *engine);
/* Ends the work of an engine: all of its runs and jobs stop with MIRRA_E_CANCELLED, none begins any more, and
 * the call waits until they have ended, callbacks included, for at most `seconds` (negative: for ever; not
 * NaN). MIRRA_E_TIMEOUT if they have not by then; it may be called again. MIRRA_E_BUSY in a callback of one
 * of them. For a host that is unloaded or ends; destroy functions are still called afterwards. */
MIRRA_API mirra_status mirra_engine_shutdown(mirra_engine *engine, double seconds, mirra_error **error);

/* ---- Introspection ---- */

/* Tasks, ports and parameters are data, from which a host builds its dialogs, options and signatures.
 * Everything here is constant for the life of the engine; strings live as long as the engine. An index out
 * of range gives MIRRA_E_NOT_FOUND. */

/* Types of ports, parameters and values. */
typedef int32_t mirra_type;
enum mirra_type_value {
    MIRRA_TYPE_BOOL = 1,   /* mirra_value.integer, 0 or 1 */
    MIRRA_TYPE_INT = 2,    /* mirra_value.integer */
    MIRRA_TYPE_FLOAT = 3,  /* mirra_value.real */
    MIRRA_TYPE_STRING = 4, /* mirra_value.text */
    MIRRA_TYPE_ENUM = 5,   /* mirra_value.text, one of the choices */
    MIRRA_TYPE_IMAGE = 6,  /* mirra_port_value.image */
    MIRRA_TYPE_TENSOR = 7, /* mirra_port_value.tensor, mirra_result_tensors */
    MIRRA_TYPE_FILE = 8,   /* parameter: mirra_value.text, the path of a file to read, or "" */
    MIRRA_TYPE_COLOR = 9   /* parameter: mirra_value.text, "#rrggbb" or "#rrggbbaa", on the sRGB curve */
};

/* How a task works, where a host should know. */
typedef uint32_t mirra_task_flags;
enum mirra_task_flag {
    MIRRA_TASK_GLOBAL_STATISTICS =
        1,                     /* goes over the whole image first; tiles are read twice or more often */
    MIRRA_TASK_NO_NETWORK = 2, /* runs no network: sessions load neither the runtime module nor LibTorch, and
                                  take the processor only */
    MIRRA_TASK_CONCURRENT_TILES = 4 /* several tiles at once, each on a thread of its own */
};

/* A task as data. */
typedef struct mirra_task_info {
    uint32_t struct_size;
    mirra_task_flags flags; /* MIRRA_TASK_* */
    uint32_t port_count;    /* see mirra_engine_port */
    uint32_t param_count;   /* see mirra_engine_param */
    const char *name;       /* "denoise": what callers write */
    const char *label;      /* "Denoise": what people read */
    const char *doc;        /* one paragraph */
    /* file name of the bundle that serves when none is given ("denoiser.mirra"), or "" */
    const char *default_bundle;
    const char *plugin_id;      /* id of the plugin that brought it */
    const char *plugin_version; /* and its version */
    /* qualities of the task's bundles that were found ("fast", "balanced", "best"), from the fastest; see
     * mirra_session_options.quality. None where there is one bundle only */
    const char *const *qualities;
    uint32_t quality_count;
    uint32_t reserved; /* 0 */
} mirra_task_info;

/* Whether a run reads a port or writes it. */
typedef int32_t mirra_direction;
enum mirra_direction_value { MIRRA_PORT_INPUT = 0, MIRRA_PORT_OUTPUT = 1 };
/* What is special about a port. */
typedef uint32_t mirra_port_flags;
enum mirra_port_flag {
    MIRRA_PORT_OPTIONAL = 1, /* may be left out of a run */
    /* image: the task sees its own channels; without it, the task sees RGB: gray is repeated on the way
     * in and averaged on the way out, alpha goes round the task untouched */
    MIRRA_PORT_AS_IS = 2,
    /* image output: a drawing in colours, which a gray image would lose: give it RGB or RGBA */
    MIRRA_PORT_COLORED = 4,
    /* image: alpha goes through the task as a channel behind the colours; 1 where an image has none. At the
     * first input and the output, or at neither */
    MIRRA_PORT_WITH_ALPHA = 8
};

/* An input or output of a task. */
typedef struct mirra_port_info {
    uint32_t struct_size;
    mirra_direction direction; /* MIRRA_PORT_INPUT or MIRRA_PORT_OUTPUT */
    /* MIRRA_TYPE_*. Image outputs go to the caller's memory; other outputs come in mirra_result */
    mirra_type type;
    mirra_port_flags flags; /* MIRRA_PORT_* */
    const char *name;       /* "image": what callers write */
    const char *label;      /* "Image": what people read */
    const char *doc;        /* one sentence or more */
    const char *unit;       /* "" where there is none */
    /* the series that it belongs to ("style"), or "": of ports and parameters of one series, those of the
     * same place go together. The first of a kind has a plain name, the others NAME_2 ... */
    const char *series;
    uint32_t series_place; /* from 1; 0 where there is no series */
    uint32_t max_count;    /* how many of its kind the series has at most */
} mirra_port_info;

/* What is special about a parameter. */
typedef uint32_t mirra_param_flags;
enum mirra_param_flag {
    MIRRA_PARAM_ADVANCED = 1,   /* a dialog may hide it at first */
    MIRRA_PARAM_DEPRECATED = 2, /* still honoured; its doc says what to use instead */
    /* a length in pixels of the image: a run on a reduced image (mirra_run_options.scale) multiplies it */
    MIRRA_PARAM_PIXELS = 4
};

/* A parameter of a task. */
typedef struct mirra_param_info {
    uint32_t struct_size;
    mirra_type type;         /* MIRRA_TYPE_BOOL ... MIRRA_TYPE_ENUM, _FILE, _COLOR */
    mirra_param_flags flags; /* MIRRA_PARAM_* */
    uint32_t since;          /* version of the plugin's task that brought it, from 1; a plugin's 0 is 1 */
    const char *name;        /* "sigma" */
    const char *label;       /* "Noise level" */
    const char *doc;         /* one paragraph */
    const char *group;       /* for dialogs; "" where there is none */
    const char *unit;        /* "1/255"; "" where there is none */
    double default_value;    /* bool, int, float, unless default_text is set */
    double minimum, maximum; /* int, float: values outside are refused */
    /* range of a slider; equal to the hard range where there is no other */
    double soft_minimum, soft_maximum;
    double step; /* of a slider or spin button; 0: the host's choice */
    /* default of string, enum, file, color; also of a number whose default is one of `choices`; NULL:
     * default_value holds */
    const char *default_text;
    /* enum: the values. bool, int, float: texts that are accepted besides a number, such as "auto" */
    const char *const *choices;
    const char *const *choice_labels; /* one for each choice */
    uint32_t choice_count;
    uint32_t reserved; /* 0 */
    /* for dialogs: "NAME=VALUE" or "NAME=VALUE|VALUE", shown only while another parameter has that value; ""
     * where it is always shown */
    const char *visible_if;
    const char *series;    /* as in mirra_port_info */
    uint32_t series_place; /* as in mirra_port_info */
    uint32_t max_count;    /* as in mirra_port_info */
} mirra_param_info;

/* How many tasks there are. */
MIRRA_API uint32_t mirra_engine_task_count(const mirra_engine *engine);
/* A task by index. */
MIRRA_API mirra_status mirra_engine_task(const mirra_engine *engine, uint32_t index, mirra_task_info *info,
                                         mirra_error **error);
/* By name, or by "ID:NAME" with the id of its plugin, which is never ambiguous. Wherever a task is named,
 * both forms serve; one whose name was taken is listed as "ID:NAME". The error's hint lists the tasks. */
MIRRA_API mirra_status mirra_engine_find_task(const mirra_engine *engine, const char *name,
                                              mirra_task_info *info, mirra_error **error);
/* A port of a task by index. */
MIRRA_API mirra_status mirra_engine_port(const mirra_engine *engine, const char *task, uint32_t index,
                                         mirra_port_info *info, mirra_error **error);
/* A parameter of a task by index. */
MIRRA_API mirra_status mirra_engine_param(const mirra_engine *engine, const char *task, uint32_t index,
                                          mirra_param_info *info, mirra_error **error);
/* All tasks with ports and parameters as one JSON document (its form: docs/reference/c-api.md). */
MIRRA_API const char *mirra_engine_schema_json(const mirra_engine *engine);

/* A bundle that was found in the folders that mirra_engine_find_bundle looks in. */
typedef struct mirra_bundle_record {
    uint32_t struct_size;
    int32_t usable;   /* 1: sessions can be made of it. 0: see reason */
    const char *path; /* of the file */
    const char *name; /* of the manifest; "" if it cannot be read */
    const char *task; /* likewise */
    /* "fast", "balanced", "best", ...: what mirra_session_options.quality takes for the task; "" for a bundle
     * that is none of the task's default ones */
    const char *quality;
    const char *reason; /* why it cannot be used, and what to do; "" if usable */
    uint64_t bytes;     /* of the file */
} mirra_bundle_record;

/* The first call looks; what is found then is constant for the life of the engine. Only manifests are read,
 * at most 64 MiB of all together: damage of the weights is found when a session is made. In alphabetical
 * order within a folder; a file is not listed where its name means one in a former folder. */
MIRRA_API uint32_t mirra_engine_bundle_count(const mirra_engine *engine);
/* A bundle by index. */
MIRRA_API mirra_status mirra_engine_bundle(const mirra_engine *engine, uint32_t index,
                                           mirra_bundle_record *record, mirra_error **error);

/* A file that was looked at in the search for plugins, loaded or passed over. */
typedef struct mirra_plugin_record {
    uint32_t struct_size;
    int32_t loaded; /* 1: its tasks are there. 0: passed over, see reason */
    uint32_t abi;   /* plugin ABI version agreed on; 0 if none was */
    uint32_t task_count;
    const char *path;    /* of the file */
    const char *id;      /* "" if the file did not come so far */
    const char *version; /* "" likewise */
    const char *reason;  /* why it was passed over, and what to do; "" if loaded */
    /* names of its tasks that another plugin had brought before: they are had as "ID:TASK" only, with the
     * plugin's id before them */
    const char *const *taken_tasks;
    uint32_t taken_task_count;
    uint32_t reserved; /* 0 */
} mirra_plugin_record;

/* How many files were looked at. */
MIRRA_API uint32_t mirra_engine_plugin_count(const mirra_engine *engine);
/* Such a file by index, in the order of the search. */
MIRRA_API mirra_status mirra_engine_plugin(const mirra_engine *engine, uint32_t index,
                                           mirra_plugin_record *record, mirra_error **error);

/* ---- Devices and the runtime module ---- */

/* The numbers that networks compute in. */
typedef int32_t mirra_precision;
enum mirra_precision_value {
    /* bf16 where the device is faster in it than in fp32 (not all that have it are) and the bundle's manifest
     * says that the loss was measured below 0.02 dB; else fp32 */
    MIRRA_PRECISION_AUTO = 0,
    MIRRA_PRECISION_FP32 = 1,
    MIRRA_PRECISION_BF16 = 2,
    MIRRA_PRECISION_FP16 = 3
};

/* "auto", "fp32", "bf16", "fp16"; "unknown" for any other number. Static strings. */
MIRRA_API const char *mirra_precision_name(mirra_precision precision);

/* A processor or card. */
typedef struct mirra_device_info {
    uint32_t struct_size;
    int32_t usable;        /* 0: see reason */
    const char *id;        /* "cpu", "cuda:0", "cuda:all" where several can be used: what callers write */
    const char *name;      /* of the processor or card */
    const char *reason;    /* why it cannot be used, and what to do; "" if usable */
    uint64_t memory_bytes; /* in all; 0: unknown */
    uint32_t precisions;   /* bit (1 << MIRRA_PRECISION_*) for each that the hardware supports */
    uint32_t reserved;     /* 0 */
} mirra_device_info;

/* "cpu" is the first and always there. CUDA is listed even where it cannot be used, with the reason. The
 * first call looks for devices; it loads the runtime module only if an NVIDIA driver is there. */
MIRRA_API uint32_t mirra_engine_device_count(mirra_engine *engine);
/* A device by index. */
MIRRA_API mirra_status mirra_engine_device(mirra_engine *engine, uint32_t index, mirra_device_info *info,
                                           mirra_error **error);

/* What came of loading the runtime module. */
typedef struct mirra_runtime_info {
    uint32_t struct_size;
    int32_t usable;               /* 1: loaded. 0: see reason */
    const char *path;             /* file of the module; "" if none was found */
    const char *version;          /* what the module says of itself */
    const char *reason;           /* why it cannot be used, and what to do; "" if usable */
    uint64_t base_bytes;          /* resident memory that loading it added to the process */
    const char *libtorch_path;    /* file of the LibTorch that is loaded; "" if none is, as with oneDNN */
    const char *libtorch_origin;  /* why that one: "beside the runtime module", for instance */
    const char *libtorch_version; /* what that file says of itself ("2.11.0"); "" if it says nothing */
} mirra_runtime_info;

/* Loads the runtime module, if that has not been done, and says what came of it. A module that is missing
 * is no error here: usable is 0 then. */
MIRRA_API mirra_status mirra_engine_runtime(mirra_engine *engine, mirra_runtime_info *info,
                                            mirra_error **error);

/* Measures how many multiplications, each with an addition, the device does in a second at most: by products
 * of large matrices that the runtime computes, in about half a second. What a network reaches is best read as
 * a share of it.
 * device: NULL: "cpu"; one device, no pool. threads: as in mirra_session_options. precision: of bf16 and fp16
 * those that the device has; MIRRA_E_UNSUPPORTED otherwise. */
MIRRA_API mirra_status mirra_engine_measure_peak(mirra_engine *engine, const char *device,
                                                 mirra_precision precision, int32_t threads,
                                                 double *multiply_accumulates_per_second,
                                                 mirra_error **error);

/* ---- Bundles ---- */

/* A bundle holds trained networks: their graphs, weights, defaults and measured quality.
 * Thread-safety: immutable; safe. */
typedef struct mirra_bundle mirra_bundle;

/* Reads and verifies the file, whole: what becomes of the file afterwards does not matter. `path` is a path,
 * never looked for elsewhere. MIRRA_E_NOT_FOUND, _IO, _CORRUPT, _LIMIT, _UNSUPPORTED (a newer format). */
MIRRA_API mirra_status mirra_bundle_open(const char *path, mirra_bundle **bundle, mirra_error **error);
/* The same of `bytes` bytes at `data`, which are copied. name: for messages; NULL: "memory". */
MIRRA_API mirra_status mirra_bundle_open_memory(const void *data, size_t bytes, const char *name,
                                                mirra_bundle **bundle, mirra_error **error);
MIRRA_API void mirra_bundle_destroy(mirra_bundle *bundle);

/* The path of a bundle. A name without a slash is looked for as mirra_engine_options.bundle_path says, for
 * the first task with a default bundle of that name, and nowhere else: "./denoiser.mirra" is of the current
 * folder. A name with a slash is a path. The string is the caller's: mirra_string_free. */
MIRRA_API mirra_status mirra_engine_find_bundle(const mirra_engine *engine, const char *name, char **path,
                                                mirra_error **error);

/* What a bundle is. */
typedef struct mirra_bundle_info {
    uint32_t struct_size;
    uint32_t graph_count;
    const char *task;         /* "denoise"; "" for a bare network */
    const char *name;         /* of the bundle: "denoiser" */
    const char *architecture; /* informative */
    const char *licence;      /* of the weights; "" if it says nothing */
    const char *sha256;       /* of the tensors, in hex */
    uint64_t tensor_count;    /* how many tensors there are */
    uint64_t tensor_bytes;    /* as stored */
} mirra_bundle_info;

/* Strings live as long as the bundle. */
MIRRA_API mirra_status mirra_bundle_get_info(const mirra_bundle *bundle, mirra_bundle_info *info,
                                             mirra_error **error);
/* The whole manifest; its form is in docs/reference/bundle-format.md. Lives as long as the bundle. */
MIRRA_API const char *mirra_bundle_manifest_json(const mirra_bundle *bundle);

/* A network of a bundle. */
typedef struct mirra_graph_info {
    uint32_t struct_size;
    int32_t tileable;              /* 0: an output depends on the whole input */
    const char *name;              /* of the network */
    const char *const *inputs;     /* names */
    const int64_t *input_channels; /* one for each input */
    const char *const *outputs;    /* names */
    uint32_t input_count;
    uint32_t output_count;
    int64_t parameter_count; /* trainable values */
    int64_t alignment;       /* heights and widths must be multiples of it */
    int64_t minimum_extent;  /* smallest height and width */
    /* pixels beyond an aligned block that its output depends on */
    int64_t halo_left, halo_top, halo_right, halo_bottom;
} mirra_graph_info;

/* A network by index; strings and arrays live as long as the bundle. */
MIRRA_API mirra_status mirra_bundle_graph(const mirra_bundle *bundle, uint32_t index, mirra_graph_info *info,
                                          mirra_error **error);

/* ---- Images ---- */

/* A mirra_image describes pixels in the caller's memory. No function but mirra_picture_wrap keeps it, or the
 * memory, longer than its call (a job: until the job is done). What a function or an input port reads is
 * never written, though the pointers are not const: read-only memory serves. */
typedef int32_t mirra_format;
enum mirra_format_value {
    MIRRA_FORMAT_U8 = 1,  /* 0 ... 255 stand for 0 ... 1 */
    MIRRA_FORMAT_U16 = 2, /* 0 ... 65535 stand for 0 ... 1; host byte order */
    MIRRA_FORMAT_F16 = 3, /* IEEE binary16; nominally 0 ... 1 */
    MIRRA_FORMAT_F32 = 4, /* nominally 0 ... 1, where tasks clip but for MIRRA_SETUP_UNBOUNDED. NaN is 0 */
    /* MIRRA_FORMAT_U16 in the other byte order: on most machines big-endian, as image.Gray16 of Go, PNG, PNM
     * and many TIFFs have it */
    MIRRA_FORMAT_U16_SWAPPED = 5
};
/* Channels of an image. */
typedef int32_t mirra_color;
enum mirra_color_value {
    MIRRA_COLOR_GRAY = 1,
    MIRRA_COLOR_GRAY_ALPHA = 2,
    MIRRA_COLOR_RGB = 3,
    MIRRA_COLOR_RGBA = 4 /* the value is the number of channels */
};
/* What is invisible takes part in nothing. Colours of pixels with alpha 0 reach no network, statistic or
 * score: tasks see colours of the visible pixels around them instead. In the output such pixels have the
 * colours that they had in the input; 0 where alpha is premultiplied, and the colours of the result where the
 * output has no alpha. Alpha itself is copied. */
typedef int32_t mirra_alpha_mode;
enum mirra_alpha_mode_value {
    MIRRA_ALPHA_STRAIGHT = 0,
    MIRRA_ALPHA_PREMULTIPLIED = 1 /* divided out before a task sees the pixels and multiplied in after it */
};
/* What the samples of an image measure. */
typedef int32_t mirra_transfer;
enum mirra_transfer_value {
    MIRRA_TRANSFER_ENCODED = 0, /* as in files and on screens: sRGB, or what the ICC profile says */
    /* linear light: brought to the sRGB curve before a task sees it, and back after it */
    MIRRA_TRANSFER_LINEAR = 1
};

/* Where channel samples lie. This struct is frozen. Strides count bytes and are taken as they are: negative
 * ones go back (data then points at the first pixel of the first row, wherever that is), and 0 shows one
 * pixel or row over and over, as broadcasting does. With MIRRA_IMAGE_PACKED they must be 0. Without it they
 * may not both be 0, and a stride of 0 shows at most 2^28 pixels. All planes of an image have the same
 * strides. Samples need no alignment. No two samples of an image that is written may share memory. In one
 * that is read, samples of one channel may do so by a stride of 0 only. */
typedef struct mirra_plane {
    void *data;           /* the first pixel */
    int64_t pixel_stride; /* bytes from a pixel to the next in its row */
    int64_t row_stride;   /* bytes from a row to the next */
} mirra_plane;

/* How an image lies in memory. */
typedef uint32_t mirra_image_flags;
enum mirra_image_flag {
    /* pixels lie one behind the other without gaps, row after row: strides must be 0 */
    MIRRA_IMAGE_PACKED = 1
};

/* Pixels in the caller's memory. */
typedef struct mirra_image {
    uint32_t struct_size;
    mirra_image_flags flags;     /* MIRRA_IMAGE_* */
    int32_t width, height;       /* in pixels, from 1 */
    mirra_format format;         /* MIRRA_FORMAT_* */
    mirra_color color;           /* MIRRA_COLOR_* */
    mirra_alpha_mode alpha_mode; /* MIRRA_ALPHA_* */
    mirra_transfer transfer;     /* MIRRA_TRANSFER_* */
    /* 1: interleaved in planes[0], in the order R G B A; the number of channels: a plane for each, in that
     * order. Other orders are planes: of BGRA, interleaved, those at offsets 2, 1, 0 and 3 */
    uint32_t plane_count;
    uint32_t reserved;     /* 0 */
    mirra_plane planes[4]; /* as many as plane_count says */
    const void *icc;       /* ICC profile of the pixels, or NULL: sRGB */
    uint64_t icc_bytes;    /* at most 64 MiB */
    /* where the pixels lie: NULL or "cpu"; "cuda:0" or another number: in that GPU's memory, or in managed
     * memory, of an image at a port of a run (see below). Other functions but mirra_image_extent refuse such
     * images: MIRRA_E_UNSUPPORTED */
    const char *device;
    /* of that GPU, a CUstream (cudaStream_t) on which the caller makes and uses the pixels; NULL: the default
     * stream. NULL on the CPU */
    void *stream;
} mirra_image;

/* Images on a GPU are read and written where they lie, by runs on that GPU.
 *
 * Order.   The run begins with the pixels, of inputs and outputs, when all that their streams had when
 *          mirra_session_run or mirra_session_submit was called is done. It returns, and a job is done, when
 *          all that it has put on the GPU is done, however it ends: what is put on any stream after that sees
 *          the pixels, and the memory may be given back. A tile or progress callback is called when the
 *          pixels that it may look at are there.
 * Place.   All images of a run that are on a GPU are on the session's GPU; of a session on several GPUs they
 *          say which one runs. Elsewhere is MIRRA_E_MISMATCH: nothing is copied from GPU to GPU, or into a
 *          session on the CPU. A run may have images on the GPU and others on the CPU. Memory that is not
 *          that GPU's, also where device was forgotten, is MIRRA_E_INVALID_ARGUMENT; samples that do not lie
 *          at multiples of their size, sessions in a process of their own (MIRRA_ISOLATION_PROCESS), and an
 *          installation without libmirra_cuda_kernels.so are MIRRA_E_UNSUPPORTED.
 * Copies.  There is none for an image without alpha. What the processor has to see is copied into its memory,
 *          once: an input with alpha, which may hide pixels; an input that is the output's memory; further
 *          inputs; an image that is reduced (scale); of one whose noise is measured the parts that are looked
 *          at; and tiles where the task wants a margin. An output goes by way of the processor where it has
 *          alpha of pixels that are hidden, or of an input of another size. */

/* Which bytes an image takes in a plane: `bytes` from `lowest` on, all of which the library may read, or
 * write for an output, and none else. For a binding that knows how large its memory is. The image is checked
 * as by any function that reads it; its memory is not touched. plane: from 0; MIRRA_E_NOT_FOUND from
 * plane_count on. */
MIRRA_API mirra_status mirra_image_extent(const mirra_image *image, uint32_t plane, const void **lowest,
                                          uint64_t *bytes, mirra_error **error);

/* Pixels and metadata, which the library owns (but for mirra_picture_wrap). Of a file it keeps: colour tags
 * (ICC profile, cICP, sRGB, gAMA, cHRM), EXIF, XMP, IPTC and Photoshop's resources, the texts of a PNG and
 * the comments of a JPEG, and the resolution. What would no longer be true is made true or left out: a turned
 * picture's sizes, places and resolutions; thumbnails; second pictures and videos behind the first, and what
 * announces them. Whatever is left out but previews has a note (mirra_picture_note).
 * docs/reference/picture-files.md lists what each format holds. Thread-safety: safe to read from any threads;
 * writing its pixels is the callers' affair. */
typedef struct mirra_picture mirra_picture;

/* How a picture is read. */
typedef struct mirra_read_options {
    uint32_t struct_size;
    uint32_t flags; /* 0 */
    /* larger files give MIRRA_E_LIMIT before anything is allocated; 0: 1 << 28. No file takes more memory
     * than 64 MiB, four times its size, and 16 bytes for each pixel within this limit, 32 of real numbers */
    uint64_t max_pixels;
} mirra_read_options;

/* What the file of a picture was. */
typedef struct mirra_picture_info {
    uint32_t struct_size;
    int32_t bit_depth;       /* of the file: 1 to 16, or 32; of the format where there was no file */
    const char *file_format; /* "png", "jpeg", "tiff", "webp", "jxl"; "" where there was no file */
    uint64_t icc_bytes;      /* size of the ICC profile; 0: none */
    uint64_t exif_bytes;     /* size of the EXIF data; 0: none */
    /* which tag says what the colours are: "icc", "cicp", "srgb", "gama" (gAMA and cHRM); "" where none does,
     * which is taken as sRGB */
    const char *color_tag;
    uint32_t note_count; /* see mirra_picture_note */
    uint32_t reserved;   /* 0 */
} mirra_picture_info;

/* Reads a PNG, JPEG, TIFF, WebP or JPEG XL file; a build may lack the latter three. The picture is upright:
 * an EXIF orientation has been applied. Samples stay as they are encoded; where the colour tags say linear
 * light, the picture's view says MIRRA_TRANSFER_LINEAR. options: may be NULL. */
MIRRA_API mirra_status mirra_image_read(const char *path, const mirra_read_options *options,
                                        mirra_picture **picture, mirra_error **error);
/* The same of `size` bytes at `bytes`, at most 2^30, which are not kept. */
MIRRA_API mirra_status mirra_image_read_memory(const void *bytes, size_t size,
                                               const mirra_read_options *options, mirra_picture **picture,
                                               mirra_error **error);
/* A black (and transparent) picture of packed, interleaved pixels for the caller to fill by its view. */
MIRRA_API mirra_status mirra_picture_create(int32_t width, int32_t height, mirra_format format,
                                            mirra_color color, mirra_picture **picture, mirra_error **error);
/* A picture over the caller's pixels, without a copy. `release` is called with `user` exactly once, from any
 * thread, when neither the picture nor a run needs the pixels any more; NULL: not at all. On failure it is
 * not called. The image's profile is copied. mirra_picture_to_srgb writes the pixels in place, where a sample
 * changes. A run that has the picture calls `release` before it returns, a job before `done`, if the picture
 * is destroyed by then. */
MIRRA_API mirra_status mirra_picture_wrap(const mirra_image *image, void (*release)(void *user), void *user,
                                          mirra_picture **picture, mirra_error **error);
/* A job that was given the picture keeps its pixels until it is done. */
MIRRA_API void mirra_picture_destroy(mirra_picture *picture);
/* Describes the picture's memory, with strides: the view lives as long as the picture, or as the pixels that
 * it wraps. */
MIRRA_API mirra_status mirra_picture_view(mirra_picture *picture, mirra_image *view, mirra_error **error);
/* Strings live as long as the picture. */
MIRRA_API mirra_status mirra_picture_get_info(const mirra_picture *picture, mirra_picture_info *info,
                                              mirra_error **error);

/* What a picture may hold beside its pixels. */
typedef int32_t mirra_metadata;
enum mirra_metadata_value {
    MIRRA_METADATA_ICC = 1,      /* ICC profile */
    MIRRA_METADATA_EXIF = 2,     /* TIFF structure, without the "Exif" before it; its orientation is 1 */
    MIRRA_METADATA_XMP = 3,      /* packet of XML */
    MIRRA_METADATA_PHOTOSHOP = 4 /* Photoshop's resources ("8BIM"), in which IPTC lies */
};

/* What a picture holds beside its pixels, as bytes: NULL and 0 where it has none. They live as long as the
 * picture, but until its colours are converted or copied over. */
MIRRA_API mirra_status mirra_picture_metadata(const mirra_picture *picture, mirra_metadata kind,
                                              const void **bytes, uint64_t *size, mirra_error **error);

/* A sentence for people about something that the file had and the picture lacks, by index; NULL for an index
 * out of range. Lives as long as the picture. */
MIRRA_API const char *mirra_picture_note(const mirra_picture *picture, uint32_t index);

/* Gives a picture the colour tags of another, and its transfer function; the pixels stay as they are. For a
 * picture that is to hold what a task makes of `source`, or copies of its pixels. */
MIRRA_API mirra_status mirra_picture_copy_color(mirra_picture *picture, const mirra_picture *source,
                                                mirra_error **error);
/* 1 if the tags of two pictures mean the same colours; 0 if not, or if it cannot be told. */
MIRRA_API int32_t mirra_picture_same_color(const mirra_picture *a, const mirra_picture *b);
/* Converts the pixels to sRGB, whatever the tags say, and tags them so. Colours that sRGB lacks are clipped;
 * alpha stays. MIRRA_E_UNSUPPORTED for a profile that cannot be used, for HDR curves (PQ, HLG) and
 * MIRRA_FORMAT_F16: the picture is untouched then. Of a wrapped picture: MIRRA_E_INVALID_ARGUMENT where its
 * pixels cannot be written, MIRRA_E_UNSUPPORTED where they are premultiplied. */
MIRRA_API mirra_status mirra_picture_to_srgb(mirra_picture *picture, mirra_error **error);

/* How a picture is written. */
typedef struct mirra_write_options {
    uint32_t struct_size;
    int32_t jpeg_quality; /* of JPEG, WebP, JPEG XL: 1 ... 100; 0: 95. WebP, JPEG XL: 100 is lossless */
    /* PNG: 8 or 16; TIFF, JPEG XL: also 32, real numbers; JPEG, WebP: 8; 0: as the image has it */
    int32_t bit_depth;
    int32_t reserved; /* 0 */
    /* receives a sentence (MIRRA_LOG_WARNING) for all that the metadata's file had and this one lacks, the
     * notes of `metadata` first, before mirra_image_write returns; NULL: none */
    mirra_log_callback log;
    void *log_user;     /* handed to `log` */
    const char *format; /* "png", "jpeg", "tiff", "webp", "jxl"; NULL: as the file's name ends */
} mirra_write_options;

/* Writes a file as mirra_file_write does; its ending says which format (.png; .jpg, .jpeg, .jpe, .jfif;
 * .tif, .tiff; .webp; .jxl), unless the options do. JPEG has no alpha: the image is laid over white.
 * metadata: the picture whose metadata and, if the image has no profile of its own, colour tags go along; may
 * be NULL. EXIF states the size of this image, and its thumbnail shows it. options: may be NULL.
 *
 * Light and tags always agree. An encoded image beside tags of linear light is tagged as being on the sRGB
 * curve, with the same primaries. Linear light stays what it is where the tags say so and the file has the
 * image's depth; otherwise it is written on the sRGB curve, and with tags of another curve it gives
 * MIRRA_E_UNSUPPORTED. */
MIRRA_API mirra_status mirra_image_write(const char *path, const mirra_image *image,
                                         const mirra_picture *metadata, const mirra_write_options *options,
                                         mirra_error **error);
/* The file as bytes, which the caller frees by mirra_memory_free. options: `format` must be set. */
MIRRA_API mirra_status mirra_image_write_memory(const mirra_image *image, const mirra_picture *metadata,
                                                const mirra_write_options *options, void **bytes,
                                                size_t *size, mirra_error **error);
/* What mirra_image_write would refuse for the path, the format and the image's size alone, said before long
 * work; nothing is written. image: its pixels are not looked at; NULL: not known yet. options: may be NULL.
 */
MIRRA_API mirra_status mirra_image_check_write(const char *path, const mirra_image *image,
                                               const mirra_write_options *options, mirra_error **error);
/* Adds Gaussian noise of standard deviation sigma (in units of 1/255) to the colour channels in place, to the
 * samples as they are, linear light included. The result is clipped to 0 ... 1; integer formats round. The
 * same seed gives the same noise, on every machine. */
MIRRA_API mirra_status mirra_image_add_noise(const mirra_image *image, double sigma, uint64_t seed,
                                             mirra_error **error);
/* Estimates the standard deviation of the noise, in units of 1/255, as the tasks do where sigma is "auto": of
 * straight colour on the sRGB curve. Of an image above 4 megapixels it looks at five regions (in linear light
 * or with premultiplied alpha: above 1). Only what is visible counts. MIRRA_E_INVALID_ARGUMENT for a side
 * below 16 pixels, or where too little is visible. */
MIRRA_API mirra_status mirra_image_estimate_noise(const mirra_image *image, double *sigma,
                                                  mirra_error **error);

/* How alike two images are. */
typedef struct mirra_comparison {
    uint32_t struct_size;
    uint32_t reserved;
    double psnr; /* dB over all colour channels, peak 1; capped at 80, which equal images have */
    /* mean structural similarity (Wang 2004: Gaussian window of 11, deviation 1.5), averaged over the
     * colour channels; 1 for equal images. An image smaller than 11 pixels: NaN */
    double ssim;
} mirra_comparison;

/* Compares two images of equal size. Formats may differ, gray against RGB is compared as RGB, alpha is left
 * aside. Samples are compared as they are; linear light against encoded gives MIRRA_E_MISMATCH. */
MIRRA_API mirra_status mirra_image_compare(const mirra_image *a, const mirra_image *b,
                                           mirra_comparison *comparison, mirra_error **error);

/* ---- Tensors ---- */

/* A set of named tensors: what a graph takes and gives, and what a safetensors file holds.
 * Thread-safety: not safe while one thread adds; safe otherwise. */
typedef struct mirra_tensors mirra_tensors;

/* Values are held as fp32, whatever type they came in; integer types are refused. */
MIRRA_API mirra_status mirra_tensors_create(mirra_tensors **tensors, mirra_error **error);
/* Reads a safetensors file. */
MIRRA_API mirra_status mirra_tensors_read(const char *path, mirra_tensors **tensors, mirra_error **error);
/* Writes a safetensors file as mirra_file_write does. */
MIRRA_API mirra_status mirra_tensors_write(const mirra_tensors *tensors, const char *path,
                                           mirra_error **error);
/* The same of safetensors in memory. What is read is copied; what is written is freed by mirra_memory_free.
 */
MIRRA_API mirra_status mirra_tensors_read_memory(const void *bytes, size_t size, mirra_tensors **tensors,
                                                 mirra_error **error);
/* Gives a safetensors file as bytes, which the caller frees by mirra_memory_free. */
MIRRA_API mirra_status mirra_tensors_write_memory(const mirra_tensors *tensors, void **bytes, size_t *size,
                                                  mirra_error **error);
MIRRA_API void mirra_tensors_destroy(mirra_tensors *tensors);

/* Copies a tensor (any strides) in, replacing one of that name. It lies in CPU memory, or on a GPU (kDLCUDA,
 * kDLCUDAHost, kDLCUDAManaged), whose default stream is waited for. It is only read. A view may repeat its
 * memory up to 2^24 elements, as broadcasting does; more is MIRRA_E_LIMIT. */
MIRRA_API mirra_status mirra_tensors_add(mirra_tensors *tensors, const char *name, const DLTensor *tensor,
                                         mirra_error **error);
/* How many tensors there are. */
MIRRA_API uint32_t mirra_tensors_count(const mirra_tensors *tensors);
/* In alphabetical order; NULL for an index out of range. Lives as long as the set. */
MIRRA_API const char *mirra_tensors_name(const mirra_tensors *tensors, uint32_t index);
/* A view without a copy, flagged DLPACK_FLAG_BITMASK_READ_ONLY, which keeps its memory alive by itself; the
 * caller calls its deleter. */
MIRRA_API mirra_status mirra_tensors_get_versioned(const mirra_tensors *tensors, const char *name,
                                                   DLManagedTensorVersioned **tensor, mirra_error **error);
/* A copy that is the caller's to write, for consumers that know DLPack before version 1 only; the caller
 * calls its deleter. */
MIRRA_API mirra_status mirra_tensors_copy(const mirra_tensors *tensors, const char *name,
                                          DLManagedTensor **tensor, mirra_error **error);

/* How mirra_graph_run runs a network. */
typedef struct mirra_graph_options {
    uint32_t struct_size;
    mirra_precision precision; /* MIRRA_PRECISION_* */
    const char *device;        /* NULL: "cpu" */
    /* as in mirra_session_options; the graph is run untiled. The inputs do not count, the outputs do */
    uint64_t memory_limit;
    int32_t threads;  /* as in mirra_session_options */
    int32_t reserved; /* 0 */
} mirra_graph_options;

/* Runs a network of a bundle as it is: no tiles, no colour, no alignment. inputs must hold one fp32, fp16
 * or bf16 tensor {N, C, H, W} for each input of the graph; outputs receives a new set of fp32 tensors.
 * The engine keeps the four networks that were run last so until it is destroyed, with their weights and
 * buffers, all together at most an eighth of the machine's memory: a repeated call at the same size only
 * computes. With a memory_limit it keeps none of this call, and of earlier ones only what the limit leaves
 * room for.
 * options: may be NULL. */
MIRRA_API mirra_status mirra_graph_run(mirra_engine *engine, const mirra_bundle *bundle, const char *graph,
                                       const mirra_graph_options *options, const mirra_tensors *inputs,
                                       mirra_tensors **outputs, mirra_error **error);

/* How many multiplications, each with an addition, the network's convolutions and linear layers do in such a
 * run. Runs nothing. */
MIRRA_API mirra_status mirra_graph_work(const mirra_bundle *bundle, const char *graph,
                                        const mirra_tensors *inputs, uint64_t *multiply_accumulates,
                                        mirra_error **error);

/* ---- Sessions ---- */

/* A task, with its bundle, on a device, with its parameters set. Sessions of one engine share compiled
 * networks.
 * Thread-safety: one call at a time; a call while another one, a run or a job of the session is under way
 * gives MIRRA_E_BUSY at once (but mirra_session_destroy is allowed while a job is, and a session of several
 * GPUs takes any number of runs and jobs at a time). Different sessions run at the same time. */
typedef struct mirra_session mirra_session;

/* What mirra_session_create makes a session of. */
typedef struct mirra_session_options {
    uint32_t struct_size;
    mirra_precision precision; /* MIRRA_PRECISION_*; MIRRA_E_UNSUPPORTED if the device lacks it */
    const char *task;          /* name of the task; required */
    /* NULL: the task's default. The engine reads it once and keeps it (at most four bundles, 128 MiB) for
     * later sessions as long as its file stays as it is, and gives it back when a session with a memory_limit
     * is made or run. A task without networks and default takes no bundle: MIRRA_E_INVALID_ARGUMENT */
    const mirra_bundle *bundle;
    const char *device; /* "cpu", "cuda:0", "cuda:0,1", "cuda:all"; NULL: "cpu". No silent fallback */
    /* the most, in bytes, that the session may add to the process: the runtime's library, weights,
     * tensors and buffers. The caller's images do not count. Kept by smaller tiles, or MIRRA_E_BUDGET that
     * names the bytes needed. On a GPU: of its memory, the most that weights, tensors and pixels on their
     * way take, on each of several; images that lie there already are on no way. 0: no limit */
    uint64_t memory_limit;
    /* of the CPU kernels, at most 1024; 0: as many as the process may use. Each thread that runs sessions has
     * kernel threads of its own, so that no session changes the number of another */
    int32_t threads;
    /* largest height and width of a tile, in pixels, overlap included; 0: chosen. Where the network needs
     * more, tiles are as small as it allows (mirra_plan.tile_width): a MIRRA_LOG_WARNING once a session */
    int32_t tile_size;
    /* one of mirra_task_info.qualities, in place of a bundle: the file NAME-QUALITY.mirra where the task's
     * default is NAME.mirra, and for "balanced" the default itself; NULL: the default */
    const char *quality;
} mirra_session_options;

/* Loads the runtime module, if that has not been done, and compiles what the task needs of the bundle: where
 * memory_limit leaves no room for that, the first run does, or says what is needed. */
MIRRA_API mirra_status mirra_session_create(mirra_engine *engine, const mirra_session_options *options,
                                            mirra_session **session, mirra_error **error);
/* A running job of the session goes on. */
MIRRA_API void mirra_session_destroy(mirra_session *session);

/* A value of a plain type: of a parameter, a port or a result. */
typedef struct mirra_value {
    uint32_t struct_size;
    mirra_type type;  /* MIRRA_TYPE_BOOL ... MIRRA_TYPE_ENUM: which of the fields holds the value */
    int64_t integer;  /* BOOL (0 or 1), INT */
    double real;      /* FLOAT. NaN where type is STRING or ENUM: nobody takes "auto" for 0 */
    const char *text; /* STRING, ENUM, FILE, COLOR, and a number that stands at one of its choices ("auto"):
                         type is ENUM */
} mirra_value;

/* Sets a parameter. An INT is taken for a float; a STRING or ENUM for a number that has that choice.
 * Refused values (unknown name, type, range) leave the parameter as it was; the error's subject is the
 * parameter. */
MIRRA_API mirra_status mirra_session_set(mirra_session *session, const char *name, const mirra_value *value,
                                         mirra_error **error);
/* The same from text, as a person writes it: "auto", "12.5", "true". */
MIRRA_API mirra_status mirra_session_set_text(mirra_session *session, const char *name, const char *text,
                                              mirra_error **error);
/* value->text lives until the parameter is set again or the session destroyed: one who sets it in another
 * thread sees to that. At first a parameter has the
 * bundle's default, or else the task's. */
MIRRA_API mirra_status mirra_session_get(mirra_session *session, const char *name, mirra_value *value,
                                         mirra_error **error);

/* Gives a parameter, or with NULL all of them, the value that it had at first. */
MIRRA_API mirra_status mirra_session_reset(mirra_session *session, const char *name, mirra_error **error);
/* Sets parameters from a JSON object, {"sigma": 12.5, "detail": "auto"}: all of them or, where one is
 * refused, none. */
MIRRA_API mirra_status mirra_session_set_json(mirra_session *session, const char *json, mirra_error **error);
/* All parameters as such an object, in the order of the schema; the string is the caller's:
 * mirra_string_free. */
MIRRA_API mirra_status mirra_session_get_json(mirra_session *session, char **json, mirra_error **error);
/* As mirra_engine_param, but with what the session's bundle says: its default, range and choices. Strings
 * live as long as the session. Also while another call is under way. */
MIRRA_API mirra_status mirra_session_param(mirra_session *session, uint32_t index, mirra_param_info *info,
                                           mirra_error **error);
/* Another session with the same options and parameters, which shares the compiled networks; for a thread of
 * its own. MIRRA_E_BUSY while the session runs: clone it before. */
MIRRA_API mirra_status mirra_session_clone(mirra_session *session, mirra_session **clone,
                                           mirra_error **error);

/* What a session is made of. */
typedef struct mirra_session_info {
    uint32_t struct_size;
    mirra_precision precision;    /* MIRRA_PRECISION_*, never AUTO */
    const char *task;             /* strings live as long as the session */
    const char *plugin_id;        /* of the plugin that brought the task */
    const char *bundle_path;      /* "" where the bundle came from memory, or there is none */
    const char *bundle_name;      /* "" where there is none */
    const char *bundle_sha256;    /* of its tensors, in hex; "" likewise */
    const char *quality;          /* that was asked for; "" if none was */
    const char *device;           /* "cpu", "cuda:0" */
    const char *precision_reason; /* why that precision */
    uint64_t memory_limit;        /* 0: none */
    int32_t threads;              /* as in mirra_session_options */
    int32_t tile_size;            /* as in mirra_session_options */
} mirra_session_info;

/* Says what the session is made of, also while another call is under way. */
MIRRA_API mirra_status mirra_session_get_info(mirra_session *session, mirra_session_info *info,
                                              mirra_error **error);

/* What mirra_session_plan foresees of a run. */
typedef struct mirra_plan {
    uint32_t struct_size;
    int32_t fits;        /* 0: no tile is small enough for the memory limit; see required_bytes */
    uint64_t tile_count; /* how many tiles there are */
    /* what the network sees of the largest tile: overlap and alignment included */
    int64_t tile_width, tile_height;
    int64_t halo_left, halo_top, halo_right, halo_bottom; /* pixels of overlap that the network needs */
    int64_t alignment;                                    /* tiles are multiples of this */
    uint64_t peak_bytes;       /* upper bound of what the session adds to the process; base_bytes included */
    uint64_t base_bytes;       /* of these, the runtime's library */
    uint64_t required_bytes;   /* smallest memory_limit with which the image can be done */
    uint64_t memory_limit;     /* the session's; 0: none */
    mirra_precision precision; /* MIRRA_PRECISION_*, never AUTO */
    uint32_t reserved;         /* 0 */
    const char *device;        /* strings live as long as the session */
    const char *precision_reason;        /* why that precision */
    int64_t output_width, output_height; /* of the output image */
} mirra_plan;

/* What a run on an image of that size would do, without doing it, into an output image of its own and without
 * optional ports. A run whose output is its input's memory needs the bytes of the input image besides, one
 * with tensors those of the tensors, and one of an image with pixels of alpha 0 4 MiB and a byte for every 8
 * pixels. */
MIRRA_API mirra_status mirra_session_plan(mirra_session *session, int32_t width, int32_t height,
                                          mirra_plan *plan, mirra_error **error);
/* The rectangle of the input image that a rectangle of the output depends on: what a run with that `region`
 * reads. The whole image for a task that goes over it first (MIRRA_TASK_GLOBAL_STATISTICS), or whose network
 * does. width, height: of the input image. MIRRA_E_INVALID_ARGUMENT for a region that is not within the
 * output. */
MIRRA_API mirra_status mirra_session_required(mirra_session *session, int32_t width, int32_t height,
                                              const mirra_rect *region, mirra_rect *required,
                                              mirra_error **error);

/* A picture that is read piece by piece and never is in memory as a whole. */
typedef struct mirra_source {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    /* what the picture is: size, format, colour, transfer, profile. Its planes, strides and flags are 0.
     * Formats with alpha: MIRRA_E_UNSUPPORTED */
    const mirra_image *image;
    /* Fills `pixels`, memory of the library's that lives during the call, with the rectangle `rect`, which is
     * within the picture. They are as many as the rectangle has, interleaved, with strides. Called from a
     * thread of the run, one call at a time. MIRRA_OK, or a negative MIRRA_E_* code, with which the run ends;
     * any other number ends it with MIRRA_E_INVALID_ARGUMENT */
    mirra_status (*read)(void *user, const mirra_rect *rect, const mirra_image *pixels);
    void *user; /* handed to `read` */
} mirra_source;

/* A picture that is written piece by piece. */
typedef struct mirra_sink {
    uint32_t struct_size;
    uint32_t reserved;        /* 0 */
    const mirra_image *image; /* as in mirra_source */
    /* Takes the rectangle `rect` of the output from `pixels`, memory of the library's that lives during the
     * call. Each pixel of the output comes once. Otherwise as mirra_source.read */
    mirra_status (*write)(void *user, const mirra_rect *rect, const mirra_image *pixels);
    void *user; /* handed to `write` */
} mirra_sink;

/* A value at a port of the task, for a run. */
typedef struct mirra_port_value {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    const char *name;  /* of the port: "image", "output", ... */
    /* image port: read from, or written to. The output has the size that mirra_plan states (of most tasks
     * that of the first image input), or that of the run's region. It may be the first input's memory where
     * it has its size. Further image inputs have any size and memory of their own. Formats and colours may
     * differ */
    const mirra_image *image;
    const mirra_value *value; /* input port of a plain type */
    const DLTensor *tensor;   /* input port of tensors, as of mirra_tensors_add; copied during the call */
    /* image port: a picture in place of `image`. The run or job keeps its pixels alive, also where the
     * picture is destroyed meanwhile */
    mirra_picture *picture;
    const mirra_source *source; /* first image input: in place of `image` */
    const mirra_sink *sink;     /* image output: in place of `image` */
    /* All of them NULL, for an output port that is no image: asks for that result. A task may leave an
     * optional one out otherwise */
} mirra_port_value;

/* Stops runs. Sticky: once requested, every run that has it stops, now and later.
 * Thread-safety: safe. */
typedef struct mirra_cancel mirra_cancel;

/* Makes one that nobody has requested. */
MIRRA_API mirra_status mirra_cancel_create(mirra_cancel **cancel, mirra_error **error);
/* Asks; does not wait. A run stops before the next node of its network, which is at most 100 ms or one node
 * later for all shipped tasks (docs/measurements/benchmarks.md has the times), and its output image is then
 * partly written. A plugin that computes for long by itself stops when it asks. */
MIRRA_API void mirra_cancel_request(mirra_cancel *cancel);
/* 1 once it was requested, else 0. */
MIRRA_API int32_t mirra_cancel_requested(const mirra_cancel *cancel);
MIRRA_API void mirra_cancel_destroy(mirra_cancel *cancel);

/* How far a run is. */
typedef struct mirra_progress {
    uint32_t struct_size;
    uint32_t reserved;
    const char *stage;   /* "prepare", "measure", "process", "finish" */
    double fraction;     /* of the whole run, 0 ... 1; never goes back */
    uint64_t tile;       /* tiles done in this stage */
    uint64_t tile_count; /* of so many; 0 where the stage has none */
    uint64_t bytes_now;  /* tensors and buffers held at this moment */
    uint64_t bytes_peak; /* and the most so far */
    /* how often an unfinished result was put into the output image; one who shows it draws it anew when this
     * has grown. Only tasks that approach their result step by step do that */
    uint64_t previews;
    uint64_t step;       /* nodes of the network done, in the tile at hand */
    uint64_t step_count; /* of so many; 0 where no network runs */
} mirra_progress;

/* Returns 0 to go on, anything else to stop the run with MIRRA_E_CANCELLED. `progress` lives during the
 * call, which comes from the thread that runs (a job: the job's; of several, where a task works on several
 * tiles at once, one at a time) at the beginning of each tile, between nodes of the network (at most every 20
 * ms), and once per step of a task that approaches its result step by step. Where a plugin has threads of its
 * own, it may come from one of these. The output image may be read during the call. */
typedef int32_t (*mirra_progress_callback)(void *user, const mirra_progress *progress);

/* Called once when a job has ended, well or not, from the job's thread, perhaps before mirra_session_submit
 * has returned; `status` is what mirra_job_wait
 * gives. The session is free then, and the job's images are no longer touched: the callback may wait for the
 * job, destroy it and submit the next one. mirra_job_destroy in another thread returns after it, so hold no
 * lock then that the callback takes; mirra_job_wait may return before it. `user` must live until `user_free`
 * was called, or mirra_job_destroy, which waits for that too, has returned. */
typedef void (*mirra_done_callback)(void *user, mirra_status status);

/* Called when a rectangle of the output image is final, from a thread of the run: once a tile, all of them
 * together the output. `pixels` describes those of the rectangle in the output image, or is the sink's. It
 * and the progress callback of a run are never called at the same time. Returns 0 to go on, anything else to
 * stop the run with MIRRA_E_CANCELLED. */
typedef int32_t (*mirra_tile_callback)(void *user, const mirra_rect *rect, const mirra_image *pixels);

/* How a run goes, and whom it tells. */
typedef struct mirra_run_options {
    uint32_t struct_size;
    uint32_t flags;                   /* 0 */
    mirra_progress_callback progress; /* NULL: none */
    mirra_done_callback done;         /* of a job; NULL: none. mirra_session_run does not call it */
    void *user;                       /* handed to all of them */
    /* called with `user`, once, when no callback follows any more: before mirra_session_run returns, after a
     * job's `done`, or where the call fails. Not called if options has an impossible
     * struct_size. NULL: nobody */
    void (*user_free)(void *user);
    mirra_cancel *cancel;     /* NULL: none. The run keeps it alive */
    mirra_tile_callback tile; /* NULL: none */
    /* of the output: the run makes these pixels only, reads no more of the input than
     * mirra_session_required says, and gives what the whole run would (but for rounding of the last bits).
     * The output image is as large as the region. NULL: all of it */
    const mirra_rect *region;
    /* below 1: the image is reduced by it first, for a preview; the output has the size that the plan states
     * for an image of ceil(width * scale) x ceil(height * scale), of which `region` then is. 0 and 1: as it
     * is */
    double scale;
    int64_t frame; /* number of the image within a sequence, for tasks that ask for it; from 0 */
} mirra_run_options;

/* What a run gave besides images.
 * Thread-safety: immutable; safe. */
typedef struct mirra_result mirra_result;

/* How a run went. */
typedef struct mirra_result_info {
    uint32_t struct_size;
    mirra_precision precision;    /* MIRRA_PRECISION_* that made it */
    const char *device;           /* that made it */
    const char *precision_reason; /* why that precision */
    double seconds;               /* wall clock of the run */
    uint64_t tile_count;          /* how many tiles there were */
    uint64_t peak_bytes;   /* most that tensors and buffers held, as counted; base_bytes not included */
    uint64_t base_bytes;   /* of the runtime's library */
    uint32_t value_count;  /* see mirra_result_value */
    uint32_t tensor_count; /* see mirra_result_tensors */
    /* multiplications, each with an addition, of convolutions, linear layers and their gradients, in all
     * tiles; 0 of a task without networks */
    uint64_t multiply_accumulates;
} mirra_result_info;

/* Strings live as long as the result. */
MIRRA_API mirra_status mirra_result_get_info(const mirra_result *result, mirra_result_info *info,
                                             mirra_error **error);
/* A typed value by index, such as the noise level that the denoiser found ("sigma_estimated"). name: may be
 * NULL. Texts live as long as the result. */
MIRRA_API mirra_status mirra_result_value(const mirra_result *result, uint32_t index, const char **name,
                                          mirra_value *value, mirra_error **error);
/* A value by name; MIRRA_E_NOT_FOUND if the run gave none of that name. */
MIRRA_API mirra_status mirra_result_find(const mirra_result *result, const char *name, mirra_value *value,
                                         mirra_error **error);
/* The tensors among the results, as a new set that the caller destroys. */
MIRRA_API mirra_status mirra_result_tensors(const mirra_result *result, mirra_tensors **tensors,
                                            mirra_error **error);
MIRRA_API void mirra_result_destroy(mirra_result *result);

/* Runs the task on `count` port values and returns when it is done. Every input and image output port that
 * is not optional must be given. options, result: may be NULL. On failure, and on MIRRA_E_CANCELLED,
 * output images may be partly written. */
MIRRA_API mirra_status mirra_session_run(mirra_session *session, const mirra_port_value *values, size_t count,
                                         const mirra_run_options *options, mirra_result **result,
                                         mirra_error **error);

/* ---- Jobs ---- */

/* A run on a thread of its own. The pixels that its images describe must stay in place until it is done;
 * descriptors, names and values are copied. It keeps session, engine, bundle and cancel token alive.
 * Thread-safety: safe; any thread may poll, wait and cancel. */
typedef struct mirra_job mirra_job;

/* Begins a run and returns at once; arguments as of mirra_session_run. What is wrong with the values, such as
 * a port that is missing, is said here or by mirra_job_wait. A process that ends while a job runs ends
 * without it: see mirra_engine_shutdown. */
MIRRA_API mirra_status mirra_session_submit(mirra_session *session, const mirra_port_value *values,
                                            size_t count, const mirra_run_options *options, mirra_job **job,
                                            mirra_error **error);

/* Whether a job runs, or how it ended. */
typedef int32_t mirra_job_state;
enum mirra_job_state_value {
    MIRRA_JOB_RUNNING = 1,
    MIRRA_JOB_DONE = 2,
    MIRRA_JOB_FAILED = 3,
    MIRRA_JOB_CANCELLED = 4
};

/* How far a job is; fields as in mirra_progress. */
typedef struct mirra_job_status {
    uint32_t struct_size;
    mirra_job_state state; /* MIRRA_JOB_* */
    double fraction;       /* of the run, 0 ... 1 */
    uint64_t tile;         /* as in mirra_progress */
    uint64_t tile_count;   /* as in mirra_progress */
    uint64_t bytes_now;    /* as in mirra_progress */
    uint64_t bytes_peak;   /* as in mirra_progress */
    uint64_t previews;     /* as in mirra_progress */
    uint64_t step;         /* as in mirra_progress */
    uint64_t step_count;   /* as in mirra_progress */
    const char *stage;     /* static */
} mirra_job_status;

/* Says at once how far it is. */
MIRRA_API mirra_status mirra_job_poll(mirra_job *job, mirra_job_status *status, mirra_error **error);
/* Waits until it is done, for at most `seconds` (negative: for ever; not NaN), and gives the run's own
 * status, error and result; MIRRA_E_TIMEOUT if it is not done by then, MIRRA_E_BUSY at once in the job's own
 * progress callback, or in the log callback where a thread of its plugin's logs. May be called again, each
 * time with a result of its own. result: may be NULL. */
MIRRA_API mirra_status mirra_job_wait(mirra_job *job, double seconds, mirra_result **result,
                                      mirra_error **error);
/* Asks it to stop; does not wait. Takes NULL. */
MIRRA_API void mirra_job_cancel(mirra_job *job);
/* Stops the job, if it still runs, and waits until it no longer touches the caller's memory (one node of its
 * network at most). Called from a callback of the job, or from the log callback where a thread of its
 * plugin's logs, it only asks it to stop. A plugin whose function does not return cannot be stopped, and
 * makes this wait with it (but see MIRRA_ISOLATION_PROCESS): who does not trust the plugin cancels, waits by
 * mirra_job_wait for as long as it likes, and keeps the job and the memory where it gets MIRRA_E_TIMEOUT. */
MIRRA_API void mirra_job_destroy(mirra_job *job);

/* ---- Files ---- */

/* Writes `size` bytes to a file as everything here is written. Readers of a regular file see the old content
 * or the new, never a part, and on failure the old one stays. Mode, extended attributes and, where permitted,
 * owner of a file that was there are kept, and symbolic links are written through. Where nothing can take the
 * file's place (a folder without permission, a mount point), it is written over. Devices, pipes and
 * descriptors
 * ("/dev/stdout", "/dev/fd/3") are written to; a pipe that nobody reads, or whose reader leaves, gives
 * MIRRA_E_IO, and so does a full disk or a limit of size: no signal comes of it. "-" is refused. */
MIRRA_API mirra_status mirra_file_write(const char *path, const void *bytes, size_t size,
                                        mirra_error **error);
/* What mirra_file_write would refuse for the path alone, said before long work; nothing is written or opened
 * for others to see. */
MIRRA_API mirra_status mirra_file_check_write(const char *path, mirra_error **error);

/* ---- Strings and memory ---- */

/* Frees bytes that a function gave to the caller. Takes NULL. */
MIRRA_API void mirra_memory_free(void *bytes);
/* Frees a string that a function gave to the caller. Takes NULL. */
MIRRA_API void mirra_string_free(char *text);

/* A text that came from a file (a name, a message that quotes one) as it may go to a terminal or a line of a
 * log: control characters, bytes that are no UTF-8 and marks that turn the direction of text become escapes
 * ("\\x1b", "\\n", "\\xff", "\\u202e"). The library gives all texts as they are in the file. `printable` is
 * the caller's: mirra_string_free. */
MIRRA_API mirra_status mirra_text_printable(const char *text, char **printable, mirra_error **error);

#ifdef __cplusplus
}
#endif
#endif /* MIRRA_MIRRA_H_ */
