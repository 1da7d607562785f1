// Kernels that are compiled for several instruction sets; the loader picks one.
#pragma once

// Sanitizers cannot intercept the resolver.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) &&     \
    !defined(__SANITIZE_THREAD__)
#define MIRRA_PER_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MIRRA_PER_PROCESSOR
#endif

/// Before a loop whose iterations do not depend on each other.
#if defined(__clang__)
#define MIRRA_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define MIRRA_INDEPENDENT _Pragma("GCC ivdep")
#endif
