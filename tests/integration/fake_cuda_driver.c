#define _GNU_SOURCE
/* Stands for NVIDIA's driver, libcuda.so.1: answers what the environment says.
 *   FAKE_CUDA_INIT        the error of cuInit [0]
 *   FAKE_CUDA_VERSION     of CUDA [13000]
 *   FAKE_CUDA_CAPABILITY  of each GPU, "8.6 9.0" [8.6] */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value == NULL ? otherwise : value;
}

static const char *capabilities(void) {
    return setting("FAKE_CUDA_CAPABILITY", "8.6");
}

EXPORT int cuInit(unsigned flags) {
    (void)flags;
    return atoi(setting("FAKE_CUDA_INIT", "0"));
}

EXPORT int cuDriverGetVersion(int *version) {
    *version = atoi(setting("FAKE_CUDA_VERSION", "13000"));
    return 0;
}

EXPORT int cuDeviceGetCount(int *count) {
    *count = 0;
    for (const char *at = capabilities(); *at != 0; ++at) *count += *at == '.';
    return 0;
}

EXPORT int cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return 0;
}

EXPORT int cuDeviceGetName(char *name, int length, int device) {
    strncpy(name, device == 0 ? "Fake GPU" : "Another GPU", (size_t)length);
    return 0;
}

EXPORT int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    *bytes = ((size_t)8 << 30) * (size_t)(device + 1);
    return 0;
}

EXPORT int cuDeviceGetAttribute(int *value, int attribute, int device) {
    const char *at = capabilities();
    for (int i = 0; i < device; ++i) at = strchr(at, ' ') + 1;
    *value = atoi(attribute == 75 ? at : strchr(at, '.') + 1);
    return 0;
}

EXPORT int cuGetErrorString(int error, const char **text) {
    *text = error == 803 ? "system has unsupported display driver / cuda driver combination" : NULL;
    return error == 803 ? 0 : 1;
}

/* Memory of the GPUs: pages that nobody reaches but who has opened them, as the copies here and the kernels'
 * twins do. */
enum { BLOCKS = 64 };
static struct {
    char *first;
    size_t bytes;
    int device, managed;
} blocks[BLOCKS];
static int open_count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void protect_all(int protection) {
    for (int i = 0; i < BLOCKS; ++i)
        if (blocks[i].first != NULL && !blocks[i].managed)
            mprotect(blocks[i].first, blocks[i].bytes, protection);
}

/* Until it is closed as often, the memory can be reached. */
EXPORT void fake_cuda_open(void) {
    pthread_mutex_lock(&mutex);
    if (open_count++ == 0) protect_all(PROT_READ | PROT_WRITE);
    pthread_mutex_unlock(&mutex);
}

EXPORT void fake_cuda_close(void) {
    pthread_mutex_lock(&mutex);
    if (--open_count == 0) protect_all(PROT_NONE);
    pthread_mutex_unlock(&mutex);
}

EXPORT void *fake_cuda_allocate(size_t bytes, int device, int managed) {
    void *made = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < BLOCKS; ++i) {
        if (blocks[i].first != NULL) continue;
        blocks[i].first = made;
        blocks[i].bytes = bytes;
        blocks[i].device = device;
        blocks[i].managed = managed;
        break;
    }
    if (open_count == 0) protect_all(PROT_NONE);
    pthread_mutex_unlock(&mutex);
    return made;
}

EXPORT void fake_cuda_free(void *memory) {
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < BLOCKS; ++i) {
        if (blocks[i].first != memory) continue;
        munmap(memory, blocks[i].bytes);
        blocks[i].first = NULL;
    }
    pthread_mutex_unlock(&mutex);
}

EXPORT int cuPointerGetAttributes(unsigned count, const int *attributes, void **values, uint64_t pointer) {
    int found = -1;
    for (int i = 0; i < BLOCKS; ++i)
        if (blocks[i].first != NULL && pointer - (uint64_t)(uintptr_t)blocks[i].first < blocks[i].bytes)
            found = i;
    for (unsigned k = 0; k < count; ++k) {
        int value = 0;
        if (found >= 0 && attributes[k] == 2) value = 2;
        if (found >= 0 && attributes[k] == 8) value = blocks[found].managed;
        if (attributes[k] == 9) value = found >= 0 ? blocks[found].device : -2;
        memcpy(values[k], &value, sizeof(value));
    }
    return 0;
}

EXPORT int cuDevicePrimaryCtxRetain(void **context, int device) {
    (void)device;
    *context = NULL;
    return 0;
}

EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
    (void)device;
    return 0;
}

EXPORT int cuCtxPushCurrent_v2(void *context) {
    (void)context;
    return 0;
}

EXPORT int cuCtxPopCurrent_v2(void **context) {
    *context = NULL;
    return 0;
}

EXPORT int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
    fake_cuda_open();
    memcpy(to, (const void *)(uintptr_t)from, bytes);
    fake_cuda_close();
    return 0;
}
