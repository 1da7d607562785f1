/* A library among plugins that has a child do part of its start. */
#include <sys/wait.h>
#include <unistd.h>

__attribute__((constructor)) static void begin(void) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
}
