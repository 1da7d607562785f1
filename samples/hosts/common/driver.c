/* driver.c - for the tests: loaded before everything else, it stands for an NVIDIA driver and its device. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int access(const char *path, int mode) {
    return strcmp(path, "/dev/nvidiactl") == 0 ? 0 : faccessat(AT_FDCWD, path, mode, 0);
}
