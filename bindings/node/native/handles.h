// Handles of mirra.h as JavaScript values that may be closed.
#pragma once

#include "environment.h"

#include <cstring>
#include <memory>
#include <utility>

namespace mirra_node {

template<class T> struct Kind;
#define MIRRA_KIND(type, word)                                                                               \
    template<> struct Kind<type> {                                                                           \
        static constexpr const char *noun = word;                                                            \
        static void destroy(type *handle) {                                                                  \
            api().type##_destroy(handle);                                                                    \
        }                                                                                                    \
    }
MIRRA_KIND(mirra_engine, "engine");
MIRRA_KIND(mirra_session, "session");
MIRRA_KIND(mirra_bundle, "bundle");
MIRRA_KIND(mirra_picture, "picture");
#undef MIRRA_KIND

/// Owns a handle of mirra.h.
template<class T> std::shared_ptr<T> own(T *handle) {
    return {handle, Kind<T>::destroy};
}

/// Calls a function of mirra.h that gives a handle, as call(T **, mirra_error **).
template<class T, class Call> std::shared_ptr<T> made(const Call &call) {
    T *handle = nullptr;
    succeed([&](mirra_error **error) { return call(&handle, error); });
    return own(handle);
}

/// What a handle's JavaScript value holds: nothing any more once it was closed.
struct Box {
    const char *noun;
    std::shared_ptr<void> handle;
    std::int64_t bytes; // of memory that JavaScript's collector does not see

    void close(napi_env env) {
        std::int64_t all = 0;
        if (bytes != 0) napi_adjust_external_memory(env, -std::exchange(bytes, 0), &all);
        handle.reset();
    }
};

inline napi_value box(Js &js, const char *noun, std::shared_ptr<void> handle, std::int64_t bytes = 0) {
    auto owner = std::make_unique<Box>(Box{noun, std::move(handle), bytes});
    const auto finalize = [](napi_env env, void *data, void *) {
        const std::unique_ptr<Box> last(static_cast<Box *>(data));
        last->close(env);
    };
    napi_value value = nullptr;
    js.check(napi_create_external(js.env, owner.get(), finalize, nullptr, &value));
    std::int64_t all = 0;
    if (bytes != 0) napi_adjust_external_memory(js.env, bytes, &all);
    owner.release();
    return value;
}

template<class T> napi_value box(Js &js, std::shared_ptr<T> handle, std::int64_t bytes = 0) {
    return box(js, Kind<T>::noun, std::move(handle), bytes);
}

inline Box &open_box(Js &js, napi_value value) {
    void *data = nullptr;
    js.check(napi_get_value_external(js.env, value, &data));
    return *static_cast<Box *>(data);
}

/// The handle, shared: closing the value does not end what is under way. @throws Failure "closed"
inline std::shared_ptr<void> unbox(Js &js, napi_value value, const char *noun) {
    const Box &found = open_box(js, value);
    if (std::strcmp(found.noun, noun) != 0) throw invalid(noun, "is of another class");
    if (!found.handle)
        throw Failure{"closed", MIRRA_E_INVALID_ARGUMENT, std::string("the ") + noun + " is closed", noun,
                      std::string("use the ") + noun + " before close(), or make another one"};
    return found.handle;
}

template<class T> std::shared_ptr<T> unbox(Js &js, napi_value value) {
    return std::static_pointer_cast<T>(unbox(js, value, Kind<T>::noun));
}

} // namespace mirra_node
