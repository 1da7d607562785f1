/* Linked with --wrap=__cxa_atexit: static objects of the library are not destroyed when the process ends,
 * since threads may still use them then. The system takes their memory back. */
/* NOLINTNEXTLINE(readability-identifier-naming): the linker makes this name. */
int __wrap___cxa_atexit(void (*function)(void *), void *argument, void *library);

int __wrap___cxa_atexit(void (*function)(void *), void *argument, void *library) {
    (void)function, (void)argument, (void)library;
    return 0;
}
