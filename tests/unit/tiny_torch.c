/* A LibTorch to make private copies of: one function that asks the environment. */
#include <stdlib.h>

const char *aoti_tiny_setting(void);

const char *aoti_tiny_setting(void) {
    return getenv("OMP_WAIT_POLICY");
}
