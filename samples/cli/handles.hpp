// RAII for the handles of mirra.h, and its calls with exceptions instead of status codes.
#pragma once

#include "failure.hpp"

#include <mirra/mirra.h>

#include <cstdint>
#include <memory>
#include <string>

namespace mirra::cli {

/// Deleter that calls a destroy function of mirra.h.
template<auto Destroy> struct Destroyer {
    template<typename T> void operator()(T *handle) const noexcept { Destroy(handle); }
};

/// DLPack tensors free themselves.
struct TensorDeleter {
    void operator()(DLManagedTensorVersioned *tensor) const noexcept {
        if (tensor->deleter != nullptr) tensor->deleter(tensor);
    }
};

using Engine = std::unique_ptr<mirra_engine, Destroyer<mirra_engine_destroy>>;
using Bundle = std::unique_ptr<mirra_bundle, Destroyer<mirra_bundle_destroy>>;
using Session = std::unique_ptr<mirra_session, Destroyer<mirra_session_destroy>>;
using Picture = std::unique_ptr<mirra_picture, Destroyer<mirra_picture_destroy>>;
using Tensors = std::unique_ptr<mirra_tensors, Destroyer<mirra_tensors_destroy>>;
using Result = std::unique_ptr<mirra_result, Destroyer<mirra_result_destroy>>;
using Cancel = std::unique_ptr<mirra_cancel, Destroyer<mirra_cancel_destroy>>;
using Tensor = std::unique_ptr<DLManagedTensorVersioned, TensorDeleter>;

/// A struct of mirra.h with its size set and every other field zero.
template<typename T> T make_struct() {
    T value{};
    value.struct_size = static_cast<std::uint32_t>(sizeof(T));
    return value;
}

/// Calls `f(mirra_error **)`; throws Failure unless it gives MIRRA_OK.
template<typename F> void call(Phase phase, F f) {
    mirra_error *error = nullptr;
    if (const mirra_status status = f(&error); status != MIRRA_OK) throw Failure(phase, status, error);
}

/// Calls `f(T **, mirra_error **)`, which makes an object, and gives its handle.
template<typename Handle, typename F> Handle make(Phase phase, F f) {
    typename Handle::pointer raw = nullptr;
    call(phase, [&](mirra_error **error) { return f(&raw, error); });
    return Handle(raw);
}

/// Calls `f(T *, mirra_error **)`, which fills a struct, and gives the struct.
template<typename T, typename F> T get(Phase phase, F f) {
    T value = make_struct<T>();
    call(phase, [&](mirra_error **error) { return f(&value, error); });
    return value;
}

/// @param max_pixels  larger pictures are refused; 0: the library's own limit
inline Picture read_picture(const std::string &path, std::uint64_t max_pixels) {
    auto options = make_struct<mirra_read_options>();
    options.max_pixels = max_pixels;
    return make<Picture>(Phase::input, [&](mirra_picture **out, mirra_error **e) {
        return mirra_image_read(path.c_str(), &options, out, e);
    });
}

inline Picture make_picture(std::int32_t width, std::int32_t height, std::int32_t format,
                            std::int32_t color) {
    return make<Picture>(Phase::input, [&](mirra_picture **out, mirra_error **e) {
        return mirra_picture_create(width, height, format, color, out, e);
    });
}

inline mirra_image view_of(const Picture &picture) {
    return get<mirra_image>(Phase::input, [&](mirra_image *view, mirra_error **e) {
        return mirra_picture_view(picture.get(), view, e);
    });
}

inline Bundle open_bundle(const std::string &path) {
    return make<Bundle>(Phase::setup, [&](mirra_bundle **out, mirra_error **e) {
        return mirra_bundle_open(path.c_str(), out, e);
    });
}

inline Tensors read_tensors(const std::string &path) {
    return make<Tensors>(Phase::input, [&](mirra_tensors **out, mirra_error **e) {
        return mirra_tensors_read(path.c_str(), out, e);
    });
}

/// The path of a bundle that was given by path or by file name.
inline std::string find_bundle(const Engine &engine, const std::string &name) {
    char *path = nullptr;
    call(Phase::setup,
         [&](mirra_error **e) { return mirra_engine_find_bundle(engine.get(), name.c_str(), &path, e); });
    const std::unique_ptr<char, Destroyer<mirra_string_free>> owner(path);
    return path;
}

} // namespace mirra::cli
