#include "library.h"

#include "failure.h"

#include <dlfcn.h>

#include <cstdlib>
#include <mutex>
#include <string>

#ifndef MIRRA_BUILT_LIBDIR
#define MIRRA_BUILT_LIBDIR ""
#endif

namespace mirra_node {
namespace {

constexpr const char *file_name = "libmirra.so.1";
constexpr const char *hint =
    "install Mirra's library, or set MIRRA_PREFIX to the folder that it is installed in";

void *open_library() {
    std::string reason;
    const auto open = [&reason](const std::string &path) {
        void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) reason = dlerror();
        return library;
    };
    void *library = nullptr;
    if (const char *prefix = std::getenv("MIRRA_PREFIX"); prefix != nullptr && *prefix != '\0') {
        library = open(std::string(prefix) + "/lib/" + file_name);
    } else {
        if (*MIRRA_BUILT_LIBDIR != '\0') library = open(std::string(MIRRA_BUILT_LIBDIR "/") + file_name);
        if (library == nullptr) library = open(file_name);
    }
    if (library == nullptr)
        throw Failure{"not_found", MIRRA_E_NOT_FOUND, "the library cannot be loaded: " + reason, file_name,
                      hint};
    return library;
}

Api load() {
    void *library = open_library();
    Api table;
#define MIRRA_FUNCTION(name) table.name.set(#name, dlsym(library, #name));
#include "generated/functions.inc"
#undef MIRRA_FUNCTION
    return table;
}

} // namespace

void refuse_missing(const char *name) {
    throw Failure{"unsupported", MIRRA_E_UNSUPPORTED, std::string("the library has no function ") + name,
                  file_name, "install a library that is at least as new as this package"};
}

const Api &api() {
    static const Api table = load(); // tried again where it throws
    return table;
}

} // namespace mirra_node
