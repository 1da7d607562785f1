// Prints what a program believes of its environment; host_paths_test runs it with more rights than its
// caller.
#include "paths.hpp"

#include "mirra/environment.hpp"

#include <cstdio>

int main() {
    std::printf("HOME=%s\n", mirra::environment("HOME").c_str());
    std::printf("MIRRA_BUNDLE_PATH=%s\n", mirra::environment("MIRRA_BUNDLE_PATH").c_str());
    std::printf("plugins=%zu\n", mirra::host::plugin_candidates({}, {}).size());
    std::printf("runtimes=%zu\n", mirra::host::runtime_candidates({}, {}).size());
    std::printf("bundles=%zu\n", mirra::host::named_bundle_folders({}).size());
    return 0;
}
