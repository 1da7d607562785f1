/* Stands for NVIDIA's driver, libcuda.so.1: answers what the environment says.
 *   FAKE_CUDA_INIT        the error of cuInit [0]
 *   FAKE_CUDA_VERSION     of CUDA [13000]
 *   FAKE_CUDA_CAPABILITY  of each GPU, "8.6 9.0" [8.6] */
#include <stdlib.h>
#include <string.h>

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
