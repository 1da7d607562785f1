/* mirra_plugin.h - the interface between Mirra and a plugin that brings tasks, ABI 1.
 *
 * A plugin is one shared library that exports one function, mirra_plugin_query_v1. It links nothing of
 * Mirra's: it sees the types of mirra.h (whose functions it must not call) and the tables below. The guide
 * is docs/reference/plugins.md; the plugins to copy are plugins/template/gain.c and, in C++,
 * plugins/template-cpp/posterize.cpp, of an installation in share/mirra/plugin-template.
 *
 * WHO DOES WHAT. The host cuts the image into tiles, brings pixels to float RGB and back, keeps alpha,
 * pads, counts memory, reports progress and looks for cancellation. The plugin says which network it uses
 * and computes one tile.
 *
 * GENERAL RULES. Those of mirra.h on errors, structs (struct_size) and strings hold here too, in both
 * directions.
 * - A plugin's function that fails returns a negative MIRRA_E_* code and may set *error to an object made
 *   by mirra_host_api.error_create, which then is the host's. `error` is never NULL there.
 * - A host's function that fails sets *error likewise, if `error` is not NULL; the plugin hands it on as
 *   its own error or frees it with error_destroy.
 * - Outputs are untouched on failure. No exception may cross, in either direction.
 * - Everything that a plugin registers (names, tables, arrays) must live as long as the process. Plugins
 *   are not unloaded.
 * - The host calls functions of one instance one at a time, not always from the same thread; those of
 *   different instances at the same time.
 */
#ifndef MIRRA_MIRRA_PLUGIN_H_
#define MIRRA_MIRRA_PLUGIN_H_

#include "mirra.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MIRRA_PLUGIN_ABI 1                                /* of this header */
#define MIRRA_PLUGIN_QUERY_SYMBOL "mirra_plugin_query_v1" /* name of the function that a plugin exports */

/* Before the function that a plugin exports. */
#if defined(_WIN32)
#define MIRRA_PLUGIN_EXPORT __declspec(dllexport)
#else
#define MIRRA_PLUGIN_EXPORT __attribute__((visibility("default")))
#endif

/* Whether a host's table has a function: host->struct_size reaches beyond it.
 *   if (MIRRA_HOST_HAS(host, tensor_map)) ... */
#define MIRRA_HOST_HAS(host, function)                                                                       \
    ((host)->struct_size >= offsetof(mirra_host_api, function) + sizeof((host)->function))

/* What the host holds for the time of a call to the plugin; not to be kept beyond it. Threads of the plugin's
 * may use it during the call, with every function that takes a context: what they make counts against the
 * session's memory limit. The host goes on when all of them are out of its functions. A function that is
 * given one of another call gives MIRRA_E_INVALID_ARGUMENT (or 0, NULL, ""). */
typedef struct mirra_context mirra_context;
/* An fp32 tensor on the session's device. Immutable; released by tensor_release. Thread-safety: safe. A
 * handle is no address. One that was made up, released or given away is told from those that are alive:
 * functions give MIRRA_E_INVALID_ARGUMENT, tensor_retain NULL, tensor_shape 0, and tensor_release does
 * nothing. */
typedef struct mirra_tensor mirra_tensor;
typedef struct mirra_host_api mirra_host_api;

/* ---- The task ---- */

/* What a task does with a graph besides running it. */
typedef uint32_t mirra_graph_use_flags;
enum mirra_graph_use_flag {
    MIRRA_GRAPH_USE_GRADIENT = 1 /* its gradient is computed as well, by graph_gradient */
};

/* A graph that tiles go through, or, with extents of its own, one that runs on other tensors beside them. */
typedef struct mirra_graph_use {
    uint32_t struct_size;
    mirra_graph_use_flags flags; /* MIRRA_GRAPH_USE_* */
    const char *graph;           /* name of a graph of the bundle */
    /* Extents of each of its inputs {batch, its channels, height, width}; all 0: those of the tile. A graph
     * with extents of its own has no say in the tiles, and its memory counts besides all else: several may be
     * at work at once, as where one's gradient is asked for within the other's. */
    int64_t batch, height, width;
} mirra_graph_use;

/* What is special about a task's images. */
typedef uint32_t mirra_setup_flags;
enum mirra_setup_flag {
    MIRRA_SETUP_WHOLE_IMAGE = 1, /* the image must be one tile; MIRRA_E_BUDGET where that does not fit */
    /* The samples of the image and of the output are on the sRGB curve, or linear light, whatever their
     * `transfer` says; not both. A host that does not know a flag refuses it. */
    MIRRA_SETUP_ENCODED = 2,
    MIRRA_SETUP_LINEAR = 4,
    /* What the task gives is not clipped to 0 ... 1: for images of floats, such as scene-referred light.
     * Samples of floats reach every task as they are, from -65504 to 65504 (without this flag, those behind
     * premultiplied alpha from -1 to 1). */
    MIRRA_SETUP_UNBOUNDED = 8,
    /* The task calls estimate_noise or explained_noise, which look at all of the image: a run for a region of
     * the output then needs more of the input than its surroundings, and mirra_session_required says so. */
    MIRRA_SETUP_MEASURES_NOISE = 16
};

/* What a task asks for, given its parameters, its bundle and the ports that are given. The host fills in
 * `width` and `height`, and zeros. A host that ends before a field does not know it. */
typedef struct mirra_setup {
    uint32_t struct_size;
    uint32_t reserved;
    /* The graph of the bundle that governs alignment, overlap and memory of the tiles; NULL: none, each pixel
     * by itself. It must live until the next call on the instance. */
    const char *graph;
    /* Bytes that the task itself holds per pixel of a tile beyond the graph's own (tensors that `process`
     * makes), the input and output tiles not counted. */
    uint64_t extra_bytes_per_pixel;
    mirra_setup_flags flags; /* MIRRA_SETUP_* */
    uint32_t use_count;
    /* Graphs besides `graph` that the task runs. Where every input has the tile's extents, tiles are aligned
     * and large enough for all of them, and memory is planned for the one that needs most. Must live as
     * `graph`. */
    const mirra_graph_use *uses;
    uint64_t extra_bytes;  /* that the task, or a result that it sets, holds through the whole run, tensors
                              included */
    int32_t width, height; /* in: of the image; 0 when the session is made, before any image is known */
    /* How often `measure` goes over the tiles, at most 64; 0 counts as 1. For tasks whose later passes build
     * on what the earlier ones found in the whole image. Without effect on tasks that do not measure. */
    uint32_t measure_passes;
    /* Pixels, at most 1024, by which the image goes on beyond each side, mirrored, before it is cut into
     * tiles: for networks that make something of a border. Rectangles of tiles, and the padded extents of
     * mirra_run_info, are then those of the image with its margin, whose first pixel is (margin, margin) in
     * them; the margin is cut off the output. Rectangles for port_image stay those of the image. */
    uint32_t margin;
    /* Pixels, at most 1024, around the core of a tile in which the task needs what `graph` gives to be that
     * of the whole image, as it is in the core: for a window over it. */
    uint32_t halo;
    uint32_t reserved_2; /* 0 */
    /* The output image is the input's width and height times this, rounded up; both 0: 1. At most 64 and at
     * least 1/64. The output tile of `process` is the input tile times this: tiles lie so that it is whole.
     */
    uint32_t scale_numerator, scale_denominator;
    /* Or, not both 0, its size; then the image is one tile (MIRRA_SETUP_WHOLE_IMAGE must be set), and the
     * output tile is the whole output. */
    int32_t output_width, output_height;
} mirra_setup;

/* One tile. Rectangles are in pixels of the image, or of the image with its margin (mirra_setup). */
typedef struct mirra_tile {
    uint32_t struct_size;
    uint32_t pass;                                       /* of `measure`, the first is 0; in `process` 0 */
    uint64_t index, count;                               /* of the tiles of this pass, from 0 */
    int64_t core_x, core_y, core_width, core_height;     /* the part that is kept */
    int64_t input_x, input_y, input_width, input_height; /* what `input` shows; may reach beyond the image */
    /* what the output tile shows, in pixels of the output; that of `input` times the setup's scale */
    int64_t output_x, output_y, output_width, output_height;
} mirra_tile;

/* How a run ended. */
typedef int32_t mirra_outcome;
enum mirra_outcome_value { MIRRA_OUTCOME_DONE = 0, MIRRA_OUTCOME_FAILED = 1, MIRRA_OUTCOME_CANCELLED = 2 };

/* A task: data that describe it, and its functions. */
typedef struct mirra_task {
    uint32_t struct_size;
    mirra_task_flags flags; /* MIRRA_TASK_* */
    /* Begins with a lower case letter; lower case letters, digits, and '-' between them, at most 63. Where
     * another plugin has brought the name before, the task is had as "ID:NAME" only. */
    const char *name;
    const char *label;          /* what people read */
    const char *doc;            /* one paragraph */
    const char *default_bundle; /* file name; NULL: the task works without a bundle. Other bundles that it
                                   takes are those of this task, or of one with the same default */
    /* The first image input goes through in tiles; further ones, of any size, come by port_image. Any number
     * of image outputs, all of one size: the first is `process`'s, further ones are given by set_output. A
     * task without an image input makes its output from nothing, tile by tile of the caller's output image.
     * Names as above, '_' allowed; two that differ by '-' for '_' alone are refused. Ranges are finite; texts
     * have at most 65,535 bytes. A port or parameter with a `series` and a max_count above 1 stands for
     * NAME, NAME_2 ... NAME_max_count, all but the first optional (series_place is the host's to set). */
    const mirra_port_info *ports;
    const mirra_param_info *params; /* the parameters, param_count of them */
    uint32_t port_count;
    uint32_t param_count;
    void *user; /* handed to `create` */

    /* Makes what one session needs. An instance may be NULL, and is then not destroyed. */
    mirra_status (*create)(void *user, const mirra_host_api *host, void **instance, mirra_error **error);
    /* Gives back what `create` made. */
    void (*destroy)(void *instance);
    /* Reads parameters and bundle and says what it needs; must not compute. Called before a plan and before a
     * run, unless the last call was for the same: size, parameters, and what it asked about ports. */
    mirra_status (*configure)(void *instance, mirra_context *context, mirra_setup *setup,
                              mirra_error **error);
    /* Once per run, before the tiles. May be NULL. */
    mirra_status (*begin)(void *instance, mirra_context *context, mirra_error **error);
    /* Passes over all tiles before `process`, one unless `configure` asks for more; needs
     * MIRRA_TASK_GLOBAL_STATISTICS. NULL without that flag. */
    mirra_status (*measure)(void *instance, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_error **error);
    /* Computes a tile. input: {1, C, H, W}, C = 3, or the image's own colour channels (1 or 3) for a port
     * that is AS_IS. The output is a new tensor of the same shape (of the tile's output_width and _height
     * where the setup states a scale or a size), or tensor_retain(input), never `input` itself; what is there
     * when `process` returns becomes the host's, also on failure. It is left alone by tasks without an image
     * output. */
    mirra_status (*process)(void *instance, mirra_context *context, const mirra_tile *tile,
                            const mirra_tensor *input, mirra_tensor **output, mirra_error **error);
    /* Once per run, after the tiles; the place to set results. May be NULL. */
    mirra_status (*finish)(void *instance, mirra_context *context, mirra_error **error);
    /* Once for each `begin` that was called, whatever came of it, as the last call of the run: the place to
     * give back what the run held. With MIRRA_OUTCOME_FAILED and _CANCELLED `finish` was not called, or
     * failed. May be NULL. */
    void (*end)(void *instance, mirra_context *context, mirra_outcome outcome);
} mirra_task;

/* ---- The host ---- */

/* What a run is about. */
typedef struct mirra_run_info {
    uint32_t struct_size;
    mirra_color color;         /* MIRRA_COLOR_* of the input image */
    int32_t width;             /* of the input image */
    int32_t height;            /* of the input image */
    mirra_precision precision; /* MIRRA_PRECISION_* of the networks; tensors outside of them are fp32 */
    uint32_t reserved;
    const char *device; /* lives as long as the context */
    /* of the image on the grid of the tiles: brought to the alignment, and to the least extent, of the
     * graphs. Tiles start at multiples of the alignment and end there or at these. 0 in `configure`. */
    int64_t padded_width, padded_height;
    int32_t output_width, output_height; /* of the output; 0 in `configure` */
    mirra_format format;                 /* of the input image: MIRRA_FORMAT_* */
    mirra_alpha_mode alpha_mode;         /* MIRRA_ALPHA_* */
    mirra_transfer transfer;             /* MIRRA_TRANSFER_*: what its samples are, not what the task sees */
    int32_t threads;                     /* that the run may use, from 1 */
    /* ICC profile of the input image, which says what its primaries are; NULL: sRGB. Lives as long as the
     * context. */
    const void *icc;
    uint64_t icc_bytes; /* of the profile */
    double scale;       /* of a reduced preview, below 1; else 1 */
    int64_t frame;      /* number of the image within a sequence */
} mirra_run_info;

/* A tensor by the name of a graph's input or output. */
typedef struct mirra_named_tensor {
    uint32_t struct_size;
    uint32_t reserved;
    const char *name;     /* of the graph's input or output */
    mirra_tensor *tensor; /* borrowed on the way in, the plugin's to release on the way out */
} mirra_named_tensor;

/* Between the two passes of graph_gradient: given the output, makes the gradient of the plugin's own function
 * (such as a distance to other features) with respect to it, a new tensor of its shape. */
typedef mirra_status (*mirra_upstream_function)(void *user, mirra_context *context,
                                                const mirra_tensor *output, mirra_tensor **upstream,
                                                mirra_error **error);

/* What graph_gradient computes. */
typedef struct mirra_gradient_request {
    uint32_t struct_size;
    uint32_t input_count;
    const char *graph;                /* name of a graph of the bundle */
    const mirra_named_tensor *inputs; /* one for each input of the graph */
    const char *output;               /* the graph's output that the function is of */
    const char *input;                /* the graph's input that the gradient is wanted for */
    mirra_upstream_function upstream; /* makes the gradient of the output */
    void *user;                       /* handed to it */
} mirra_gradient_request;

/* What tensor_binary does with two elements. */
typedef int32_t mirra_binary_op;
enum mirra_binary_op_value {
    MIRRA_BINARY_ADD = 0,
    MIRRA_BINARY_SUBTRACT = 1,
    MIRRA_BINARY_MULTIPLY = 2,
    MIRRA_BINARY_DIVIDE = 3,
    MIRRA_BINARY_MINIMUM = 4,
    MIRRA_BINARY_MAXIMUM = 5
};
enum { MIRRA_NOISE_PARTS = 8 }; /* of the range of brightness, see explained_noise */
/* Which matrix tensor_product transposes first. */
typedef uint32_t mirra_product_flags;
enum mirra_product_flag { MIRRA_PRODUCT_TRANSPOSE_A = 1, MIRRA_PRODUCT_TRANSPOSE_B = 2 };
/* What tensor_reduce and tensor_reduce_axes make of many elements. */
typedef int32_t mirra_reduce_op;
/* What tensor_unary does with an element. */
typedef int32_t mirra_unary_op;
enum mirra_unary_op_value {
    MIRRA_UNARY_ABS = 0,
    MIRRA_UNARY_SQRT = 1,
    MIRRA_UNARY_EXP = 2,
    MIRRA_UNARY_LOG = 3,
    MIRRA_UNARY_TANH = 4,
    MIRRA_UNARY_SIGMOID = 5,
    MIRRA_UNARY_RELU = 6
};
enum mirra_reduce_op_value {
    MIRRA_REDUCE_SUM = 0,
    MIRRA_REDUCE_MEAN = 1,
    MIRRA_REDUCE_MINIMUM = 2,
    MIRRA_REDUCE_MAXIMUM = 3
};

/* The host's functions. Each engine hands a table of its own to `init` and to `create`: keep it in the
 * instance, not in a static. The table stays where it is for as long as the process lives, also where `init`
 * failed or the engine passed the plugin over; once the engine and its sessions are gone, `log` does nothing
 * and the others give errors. Later versions append functions: one is there if struct_size reaches beyond it.
 * Thread-safety: safe; a context belongs to the call that it came with. */
struct mirra_host_api {
    uint32_t struct_size;
    uint32_t abi; /* plugin ABI that host and plugin agreed on */
    void *host;   /* the host's own */

    /* ---- general; no context needed */
    void (*log)(const mirra_host_api *host, mirra_log_level level, const char *message);
    /* NULL if there is no memory. Aligned for any type. */
    void *(*allocate)(const mirra_host_api *host, size_t bytes);
    /* Gives back what allocate gave. Takes NULL. */
    void (*release)(const mirra_host_api *host, void *memory);
    /* subject, hint: may be NULL. Never gives NULL. */
    mirra_error *(*error_create)(const mirra_host_api *host, mirra_status code, const char *message,
                                 const char *subject, const char *hint);
    /* For an error that the plugin does not hand on. Takes NULL. */
    void (*error_destroy)(const mirra_host_api *host, mirra_error *error);
    /* During `init` only. MIRRA_E_PLUGIN if the task contradicts the rules of mirra_task. */
    mirra_status (*register_task)(const mirra_host_api *host, const mirra_task *task, mirra_error **error);

    /* ---- parameters, input ports of plain types, bundle; in any call with a context */
    /* The text of the value lives as long as the context. */
    mirra_status (*param)(mirra_context *context, const char *name, mirra_value *value, mirra_error **error);
    /* The manifest, or "" without a bundle; lives as long as the instance. */
    const char *(*manifest_json)(mirra_context *context);
    /* A default of the manifest by name; MIRRA_E_NOT_FOUND if there is none. */
    mirra_status (*manifest_default)(mirra_context *context, const char *name, mirra_value *value,
                                     mirra_error **error);
    /* Channels of a graph's input; 0 if the bundle has no such graph or the graph no such input. */
    int64_t (*graph_input_channels)(mirra_context *context, const char *graph, const char *input);

    /* ---- the run; not in `configure`, but for run_info where a run is being configured
     * (MIRRA_E_INVALID_ARGUMENT: none is) */
    mirra_status (*run_info)(mirra_context *context, mirra_run_info *info, mirra_error **error);
    /* A plain value at an input port; MIRRA_E_NOT_FOUND if none was given. */
    mirra_status (*port_value)(mirra_context *context, const char *port, mirra_value *value,
                               mirra_error **error);
    /* The tensor at an input port; MIRRA_E_NOT_FOUND if none was given. */
    mirra_status (*port_tensor)(mirra_context *context, const char *port, mirra_tensor **tensor,
                                mirra_error **error);
    /* 1 once the run shall stop: return MIRRA_E_CANCELLED soon. The host looks by itself between tiles. */
    int32_t (*cancelled)(mirra_context *context);
    /* Noise of the input image in units of 1/255, estimated at the first call of a run.
     * MIRRA_E_INVALID_ARGUMENT for an image of which too little is visible to measure, MIRRA_E_CANCELLED once
     * the run shall stop.
     */
    mirra_status (*estimate_noise)(mirra_context *context, double *sigma, mirra_error **error);
    /* Sets a result; the value is copied. The name is that of an output port of its type (an INT is taken for
     * a float), or that of no port. An output port that is not optional, or was asked for, must be set. */
    mirra_status (*set_result)(mirra_context *context, const char *name, const mirra_value *value,
                               mirra_error **error);
    /* The same for a tensor, whose values are copied. */
    mirra_status (*set_result_tensor)(mirra_context *context, const char *name, const mirra_tensor *tensor,
                                      mirra_error **error);

    /* ---- tensors; in the run. Every tensor that comes out is the plugin's to release. */
    void (*tensor_release)(mirra_tensor *tensor); /* takes NULL */
    /* Another handle to the same tensor. */
    mirra_tensor *(*tensor_retain)(const mirra_tensor *tensor);
    /* Writes at most `capacity` extents to shape and gives the rank. */
    int32_t (*tensor_shape)(const mirra_tensor *tensor, int64_t *shape, int32_t capacity);
    /* values: row-major, as many as the shape says. */
    mirra_status (*tensor_upload)(mirra_context *context, const float *values, const int64_t *shape,
                                  int32_t rank, mirra_tensor **tensor, mirra_error **error);
    /* The opposite. count: as many as the shape says, or MIRRA_E_MISMATCH. */
    mirra_status (*tensor_download)(mirra_context *context, const mirra_tensor *tensor, float *values,
                                    uint64_t count, mirra_error **error);
    /* Copies from and to CPU memory. The plugin calls the deleter of `copy`, and may write it. */
    mirra_status (*tensor_from_dlpack)(mirra_context *context, const DLTensor *source, mirra_tensor **tensor,
                                       mirra_error **error);
    /* The opposite; see tensor_from_dlpack. */
    mirra_status (*tensor_to_dlpack)(mirra_context *context, const mirra_tensor *tensor,
                                     DLManagedTensorVersioned **copy, mirra_error **error);
    /* All elements the same. */
    mirra_status (*tensor_full)(mirra_context *context, const int64_t *shape, int32_t rank, double value,
                                mirra_tensor **tensor, mirra_error **error);
    /* Element by element; extents of 1 are repeated, MIRRA_E_MISMATCH for other differences. op:
     * MIRRA_BINARY_* */
    mirra_status (*tensor_binary)(mirra_context *context, mirra_binary_op op, const mirra_tensor *a,
                                  const mirra_tensor *b, mirra_tensor **result, mirra_error **error);
    /* scale * x + offset */
    mirra_status (*tensor_affine)(mirra_context *context, const mirra_tensor *x, double scale, double offset,
                                  mirra_tensor **result, mirra_error **error);
    /* Each element brought within low and high. */
    mirra_status (*tensor_clamp)(mirra_context *context, const mirra_tensor *x, double low, double high,
                                 mirra_tensor **result, mirra_error **error);
    /* Over all elements. op: MIRRA_REDUCE_* */
    mirra_status (*tensor_reduce)(mirra_context *context, mirra_reduce_op op, const mirra_tensor *x,
                                  double *value, mirra_error **error);
    /* Runs a graph of the bundle. inputs: one for each input of the graph. outputs: names to fill in, any
     * of the graph's. */
    mirra_status (*graph_run)(mirra_context *context, const char *graph, const mirra_named_tensor *inputs,
                              uint32_t input_count, mirra_named_tensor *outputs, uint32_t output_count,
                              mirra_error **error);

    /* ---- appended to ABI 1; there if struct_size reaches so far */

    /* ---- the bundle's graphs; in any call with a context */
    /* Names in alphabetical order; NULL for an index beyond the last, or without a bundle. Lives as long as
     * the instance. */
    const char *(*graph_name)(mirra_context *context, uint32_t index);
    /* What heights and widths of a graph's inputs must be multiples of; 0 if there is no such graph. */
    int64_t (*graph_alignment)(mirra_context *context, const char *graph);
    /* Shape of an output where each input is {1, its channels, height, width}; both are first brought up to
     * the graph's alignment and least extent. shape: receives 4 extents, 1 for those that the tensor lacks.
     * MIRRA_E_NOT_FOUND for an unknown graph or output; the hint lists those that there are. */
    mirra_status (*graph_output_shape)(mirra_context *context, const char *graph, const char *output,
                                       int64_t height, int64_t width, int64_t *shape, mirra_error **error);

    /* ---- ports; port_given and port_tensor_shape in any call with a context, the others in the run */
    /* 1: the run gives that input, or asks for that output. 0: it does not, or there is no run, as for a
     * plan. */
    int32_t (*port_given)(mirra_context *context, const char *port);
    /* Writes at most `capacity` extents of an input port's tensor and gives the rank; 0: none was given. */
    int32_t (*port_tensor_shape)(mirra_context *context, const char *port, int64_t *shape, int32_t capacity);
    /* A rectangle of the last two axes of an input port's tensor (rank 4), so that large ones need not be on
     * the device as a whole. */
    mirra_status (*port_tensor_part)(mirra_context *context, const char *port, const mirra_rect *part,
                                     mirra_tensor **tensor, mirra_error **error);
    /* Another image input, resampled to the size of the run's image (exactly itself if it has that size): a
     * rectangle in pixels of the run's image, such as a tile's input. {1, C, height, width}, as `process`
     * gets its own. MIRRA_E_NOT_FOUND if it was not given. */
    mirra_status (*port_image)(mirra_context *context, const char *port, const mirra_rect *rect,
                               mirra_tensor **tensor, mirra_error **error);
    /* Puts a rectangle of the last two axes of a tensor {1, C, h, w} at (x, y) into a result {1, C, H, W}.
     * The first call for a name makes that result, filled with zeros; shape: its 4 extents, the same each
     * time. */
    mirra_status (*set_result_part)(mirra_context *context, const char *name, const int64_t *shape,
                                    const mirra_tensor *tensor, const mirra_rect *part, int64_t x, int64_t y,
                                    mirra_error **error);

    /* ---- steps; in `process` */
    /* Reports how far this tile is (0 ... 1), for tasks that approach a result step by step.
     * MIRRA_E_CANCELLED: the run shall stop. */
    mirra_status (*progress)(mirra_context *context, double fraction, mirra_error **error);
    /* Puts an unfinished output tile into the output image, for a caller that shows it during the run; does
     * nothing where nobody watches. */
    mirra_status (*preview)(mirra_context *context, const mirra_tensor *output, mirra_error **error);

    /* ---- gradients; in the run */
    /* Runs a graph forward, asks `upstream`, and runs it back: the gradient of the plugin's function with
     * respect to an input, of that input's shape. In fp32, whatever the session's precision. What is needed
     * for it is kept from the pass forward: state it by MIRRA_GRAPH_USE_GRADIENT. `upstream` may call the
     * functions of the run, graph_gradient included: so goes a gradient through two graphs. */
    mirra_status (*graph_gradient)(mirra_context *context, const mirra_gradient_request *request,
                                   mirra_tensor **gradient, mirra_error **error);

    /* ---- more on tensors; in the run */
    /* A tensor {N, C, h, w} brought to {N, C, height, width} by the rule of port_image: linear interpolation,
     * averaging as wide as the reduction where it is reduced. Its own size gives its own values. */
    mirra_status (*tensor_resample)(mirra_context *context, const mirra_tensor *tensor, int64_t height,
                                    int64_t width, mirra_tensor **result, mirra_error **error);

    /* ---- further images in sizes of their own */
    /* Size of an image input; in any call with a context. MIRRA_E_NOT_FOUND if it was not given, as in a
     * plan. */
    mirra_status (*port_image_size)(mirra_context *context, const char *port, int32_t *width, int32_t *height,
                                    mirra_error **error);
    /* An image input brought to width x height by the rule of port_image, and of that a rectangle: {1, C,
     * rect's height, rect's width}. In the run. */
    mirra_status (*port_image_scaled)(mirra_context *context, const char *port, int64_t width, int64_t height,
                                      const mirra_rect *rect, mirra_tensor **tensor, mirra_error **error);

    /* ---- matrices; in the run */
    /* Product of two matrices, {m, k} and {k, n}, each transposed first if `flags` says so
     * (MIRRA_PRODUCT_*). MIRRA_E_MISMATCH for other shapes. */
    mirra_status (*tensor_product)(mirra_context *context, mirra_product_flags flags, const mirra_tensor *a,
                                   const mirra_tensor *b, mirra_tensor **result, mirra_error **error);
    /* Eigenvalues {n}, ascending, and eigenvectors {n, n}, one a column, of a symmetric matrix {n, n}, of
     * which only the lower triangle is read. MIRRA_E_MISMATCH for other shapes and for n above 4096 (512
     * without a network), MIRRA_E_INVALID_ARGUMENT for values that are no finite numbers. */
    mirra_status (*tensor_eigen)(mirra_context *context, const mirra_tensor *symmetric, mirra_tensor **values,
                                 mirra_tensor **vectors, mirra_error **error);

    /* ---- what is seen of an image; in the run */
    /* Alpha of an image input (0 ... 1), brought to width x height and cut as by port_image_scaled: {1, 1,
     * rect's height, rect's width}; NULL where the whole image is opaque. Colours of pixels with alpha 0
     * never reach a task: `process` and port_image show colours of the visible pixels around instead, the
     * same in every tile. What a task sums up over pixels it should weigh by this. MIRRA_E_NOT_FOUND if the
     * image was not given. */
    mirra_status (*port_alpha)(mirra_context *context, const char *port, int64_t width, int64_t height,
                               const mirra_rect *rect, mirra_tensor **tensor, mirra_error **error);

    /* ---- noise; in the run */
    /* How much variance noise explains at most, in squared units of 1/255, at each of MIRRA_NOISE_PARTS equal
     * parts of the brightness 0 ... 1: all of them 0 for an image without noise. It allows for noise that
     * differs by brightness and that neighbours share, and is there for images of every size. Estimated once
     * a run, together with estimate_noise. MIRRA_E_CANCELLED once the run shall stop. */
    mirra_status (*explained_noise)(mirra_context *context, double *variances, mirra_error **error);

    /* ---- the session; in `configure` */
    /* Says what a parameter can be with this bundle: default, range and choices, which hosts ask for by
     * mirra_session_param. The range may be narrower than the task's, not wider; choices are among the task's
     * (for STRING, FILE and COLOR they are proposals, and free). What the first `configure` of a session says
     * holds; later descriptions are checked and change nothing. `info` as in mirra_task; copied. */
    mirra_status (*describe_param)(mirra_context *context, const mirra_param_info *info, mirra_error **error);

    /* ---- the plugin */
    /* Folder of the plugin's file, an absolute path; in any call with the table. Bundles of its tasks are
     * looked for there, behind the folders that the user names: mirra_engine_options.bundle_path. */
    const char *(*plugin_folder)(const mirra_host_api *host);

    /* ---- outputs; in `process` */
    /* Gives the tile at hand of a further image output; `tile` as `process` gives its own, but stays the
     * plugin's. Does nothing where the run does not give that output an image. */
    mirra_status (*set_output)(mirra_context *context, const char *port, const mirra_tensor *tile,
                               mirra_error **error);

    /* ---- tensors without a copy; in the run */
    /* A tensor of zeros, and where its values lie: the plugin writes them before it hands the tensor to any
     * other function. Row-major {N, C, H, W} as `shape` says. MIRRA_E_UNSUPPORTED on a GPU. */
    mirra_status (*tensor_create)(mirra_context *context, const int64_t *shape, int32_t rank, float **values,
                                  mirra_tensor **tensor, mirra_error **error);
    /* Where a tensor's values lie, to be read as long as the handle lives: value (n, c, y, x) at values[n *
     * strides[0] + c * strides[1] + y * strides[2] + x * strides[3]]; strides: receives as many as the rank.
     * MIRRA_E_UNSUPPORTED on a GPU. */
    mirra_status (*tensor_map)(mirra_context *context, const mirra_tensor *tensor, const float **values,
                               int64_t *strides, mirra_error **error);
    /* `count` slices of an axis from `first` on. */
    mirra_status (*tensor_part)(mirra_context *context, const mirra_tensor *tensor, int32_t axis,
                                int64_t first, int64_t count, mirra_tensor **result, mirra_error **error);
    /* Tensors one behind the other along an axis; their other extents are the same. */
    mirra_status (*tensor_concat)(mirra_context *context, const mirra_tensor *const *tensors, uint32_t count,
                                  int32_t axis, mirra_tensor **result, mirra_error **error);
    /* op: MIRRA_UNARY_* */
    mirra_status (*tensor_unary)(mirra_context *context, mirra_unary_op op, const mirra_tensor *x,
                                 mirra_tensor **result, mirra_error **error);
    /* Over some axes, whose extents become 1. axes: bit (1 << axis) for each. op: MIRRA_REDUCE_* */
    mirra_status (*tensor_reduce_axes)(mirra_context *context, mirra_reduce_op op, const mirra_tensor *x,
                                       uint32_t axes, mirra_tensor **result, mirra_error **error);

    /* ---- threads; in the run */
    /* Calls body(user, index) for each index below `count` on up to mirra_run_info.threads threads, of which
     * the calling one is the first, and returns when all are done. The functions of the table may be called
     * in it. Stops early when a call fails, and gives its status; MIRRA_E_CANCELLED once the run shall stop.
     */
    mirra_status (*parallel_for)(mirra_context *context, uint64_t count,
                                 mirra_status (*body)(void *user, uint64_t index), void *user,
                                 mirra_error **error);
};

/* ---- The handshake ---- */

/* What a plugin is told of the host before anything else. */
typedef struct mirra_host_info {
    uint32_t struct_size;
    uint32_t abi_min, abi_max; /* plugin ABIs that the host speaks */
    uint32_t reserved;
    const char *version; /* of the library, "0.1.0" */
} mirra_host_info;

/* What a plugin says of itself. */
typedef struct mirra_plugin_info {
    uint32_t struct_size; /* set by the host; must be left as it is */
    uint32_t abi_min,
        abi_max; /* plugin ABIs that the plugin speaks; the host takes the highest that both do */
    uint32_t reserved;
    const char *id; /* reverse domain name ("org.example.blur"), of letters, digits and ".-_", at most 127 */
    const char *version; /* of the plugin, for people */
    /* Called once for each engine, if the ABIs meet. Registers the tasks. */
    mirra_status (*init)(const mirra_host_api *host, uint32_t abi, mirra_error **error);
} mirra_plugin_info;

/* The one function that a plugin exports. Must be pure: it fills `info` and does nothing else. Fields that
 * it does not set are zero. A return value other than MIRRA_OK: the plugin declines this host. */
typedef mirra_status (*mirra_plugin_query_function)(const mirra_host_info *host, mirra_plugin_info *info);

#ifdef MIRRA_PLUGIN_IMPLEMENTATION
MIRRA_PLUGIN_EXPORT mirra_status mirra_plugin_query_v1(const mirra_host_info *host, mirra_plugin_info *info);
#endif

#ifdef __cplusplus
}
#endif
#endif /* MIRRA_MIRRA_PLUGIN_H_ */
