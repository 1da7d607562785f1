/* The interface of libmirra_cuda_kernels.so in C: a table of functions. The module is loaded on demand and
 * links neither LibTorch nor Mirra, so nothing of Mirra's links CUDA. The processor's twins fill the same
 * table.
 *
 * Pointers are to the device's memory, for the twins to the processor's. A call is put onto a stream and
 * returns at once. It returns 0, or an error for error_text(); what an earlier call on the device left behind
 * may come to light there. A stream is a CUstream, NULL the default one; work goes to the calling thread's
 * current device. */
#ifndef MIRRA_CUDA_KERNELS_H
#define MIRRA_CUDA_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Types of samples: u8 and u16 span [0, 1] with their full range, f16 is IEEE half. */
enum { MIRRA_CUDA_U8, MIRRA_CUDA_U16, MIRRA_CUDA_U16_SWAPPED, MIRRA_CUDA_F16, MIRRA_CUDA_F32 };
/* What the last of 2 or 4 channels means. */
enum { MIRRA_CUDA_OPAQUE, MIRRA_CUDA_STRAIGHT, MIRRA_CUDA_PREMULTIPLIED };
/* Types of a tensor's values. */
enum { MIRRA_CUDA_FLOAT, MIRRA_CUDA_HALF, MIRRA_CUDA_BFLOAT16 };
/* How a picture goes on beyond its edges. */
enum { MIRRA_CUDA_REPLICATED, MIRRA_CUDA_MIRRORED };
/* Errors of the module's own; those of CUDA are positive. */
enum { MIRRA_CUDA_INVALID = -1, MIRRA_CUDA_MISALIGNED = -2 };

/* Sample (x, y) of channel c lies at data[c] + x * x_stride + y * y_stride, in bytes. Pointers and strides
 * are multiples of the sample's size. */
typedef struct mirra_cuda_image {
    void *data[4];
    int64_t x_stride, y_stride;
    int32_t width, height;
    int32_t channels; /* 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA */
    int32_t sample;   /* MIRRA_CUDA_U8, ... */
    int32_t alpha;    /* MIRRA_CUDA_OPAQUE, ... */
    int32_t linear;   /* 1: linear light; a tile has the curve of sRGB */
} mirra_cuda_image;

/* Values height x width x channels of a tile, and the rectangle of the picture that they are. */
typedef struct mirra_cuda_tile {
    void *values;
    int64_t x, y; /* of the first pixel in the picture; may lie beyond its edges */
    int32_t width, height;
    int32_t channels;   /* of colour (1 or 3), and alpha */
    int32_t with_alpha; /* 1: the last channel is alpha */
    int32_t type;       /* MIRRA_CUDA_FLOAT or MIRRA_CUDA_HALF */
    int32_t unbounded;  /* 1: colours of floats may lie beyond [0, 1] */
} mirra_cuda_tile;

/* What a network wants of its input. */
typedef struct mirra_cuda_gathering {
    int32_t border;            /* MIRRA_CUDA_REPLICATED, ... */
    float scale[4], offset[4]; /* of each channel: value * scale + offset; 1 and 0 leave it */
} mirra_cuda_gathering;

/* A rectangle, the core of a tile: it is cut out of the tile and written into the picture. */
typedef struct mirra_cuda_core {
    int64_t x, y; /* in the picture; within it and within the tile */
    int32_t width, height;
} mirra_cuda_core;

/* count x height x width x channels values of a picture, and count x height / 2 x width / 2 x 4 channels of
 * its bands: LL, LH, HL, HH. An odd last row or column is dropped by the analysis. */
typedef struct mirra_cuda_haar {
    void *picture, *bands;
    int64_t count, height, width, channels; /* of the picture; even for the synthesis */
    int32_t type;                           /* MIRRA_CUDA_FLOAT, ... */
} mirra_cuda_haar;

/* channels x count float values of features, one channel after the other. */
typedef struct mirra_cuda_features {
    const float *values;
    int64_t channels, count;
    int64_t stride;      /* values from a channel to the next */
    const float *origin; /* of each channel, taken from its values before anything else */
} mirra_cuda_features;

/* Sums over places of features: of what a covariance and a mean are made. They are added to what is there. */
typedef struct mirra_cuda_moments {
    mirra_cuda_features features;
    const float *weights; /* of each place, 0 ... 1; NULL: 1 */
    double *sums;         /* channels: of the weighted values less their origin */
    double *products;     /* channels x channels: of their weighted products */
    double *workspace;    /* moments_workspace() values */
} mirra_cuda_moments;

/* matrix * (features - origin) + mean, clamped, and mixed into `out` by a share of each place:
 * out += share * (that - features). */
typedef struct mirra_cuda_transform {
    mirra_cuda_features features;
    const float *matrix; /* channels x channels, row by row */
    const float *mean;   /* of each channel */
    float low, high;
    const float *shares; /* of each place, 0 ... 1; NULL: 1 */
    float *out;          /* as the features, but apart from them */
    int64_t out_stride;
} mirra_cuda_transform;

typedef struct mirra_cuda_kernels {
    uint32_t struct_size;
    int32_t cuda;                 /* version of CUDA that the module was built with, 13000 for 13.0 */
    int32_t driver;               /* the least version of CUDA that the driver must know */
    const int32_t *architectures; /* with code of their own: 860 for compute capability 8.6 */
    int32_t architecture_count;
    int32_t intermediate; /* the driver compiles for newer ones than this one; 0: it cannot */

    const char *(*error_text)(int32_t error); /* never NULL; not to be freed */

    int32_t (*allocate)(void **memory, size_t bytes);
    int32_t (*release)(void *memory);
    int32_t (*allocate_pinned)(void **memory,
                               size_t bytes); /* of the processor; copies from it run beside work */
    int32_t (*release_pinned)(void *memory);
    int32_t (*to_device)(void *to, const void *from, size_t bytes, void *stream);
    int32_t (*to_processor)(void *to, const void *from, size_t bytes, void *stream);
    int32_t (*wait)(void *stream); /* until everything on it is done */

    /* A stream whose work goes on beside that of the default one. */
    int32_t (*create_stream)(void **stream);
    int32_t (*destroy_stream)(void *stream); /* what is on it is done nevertheless */
    /* A fence stands for what has been put on a stream when it was marked there. */
    int32_t (*create_fence)(void **fence);
    int32_t (*destroy_fence)(void *fence);
    int32_t (*mark_fence)(void *fence, void *stream);
    int32_t (*wait_on_stream)(void *stream, void *fence); /* what is put on it next waits for the fence */
    int32_t (*wait_for_fence)(void *fence);               /* the calling thread waits */

    int32_t (*gather_tile)(const mirra_cuda_image *image, const mirra_cuda_tile *tile,
                           const mirra_cuda_gathering *gathering, void *stream);
    /* source: where alpha comes from that the tile has not; the picture's own size. NULL: opaque. */
    int32_t (*scatter_tile)(const mirra_cuda_tile *tile, const mirra_cuda_core *core,
                            const mirra_cuda_image *source, const mirra_cuda_image *image, void *stream);
    int32_t (*haar_analysis)(const mirra_cuda_haar *haar, void *stream);
    int32_t (*haar_synthesis)(const mirra_cuda_haar *haar, void *stream);
    int64_t (*moments_workspace)(int64_t channels, int64_t count); /* values */
    int32_t (*add_moments)(const mirra_cuda_moments *moments, void *stream);
    int32_t (*apply_transform)(const mirra_cuda_transform *transform, void *stream);
} mirra_cuda_kernels;

/* The one symbol of the module; its name carries the version of this interface. */
#define MIRRA_CUDA_KERNELS_SYMBOL "mirra_cuda_kernels_v2"
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const mirra_cuda_kernels *
mirra_cuda_kernels_v2(void);

#ifdef __cplusplus
}
#endif
#endif
