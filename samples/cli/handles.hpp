// mirra.hpp in the command: its objects, and its errors as failures with an exit code.
#pragma once

#include "failure.hpp"

#include <mirra/mirra.hpp>

#include <cstdint>
#include <string>

namespace mirra::cli {

using api::Bundle, api::Cancel, api::Engine, api::Picture, api::Result, api::Session, api::Tensor,
    api::Tensors;
using api::make_struct;

/// Calls `f()`, which throws errors of the library; throws Failure in their place.
template<typename F> auto in_phase(Phase phase, const F &f) {
    try {
        return f();
    } catch (const api::Error &error) {
        throw Failure(phase, error);
    }
}

/// Calls `f(mirra_error **)`; throws Failure unless it gives MIRRA_OK.
template<typename F> void call(Phase phase, const F &f) {
    in_phase(phase, [&] { api::check(f); });
}

/// Calls `f(T **, mirra_error **)`, which makes an object, and gives its owner.
template<typename Owner, typename F> Owner make(Phase phase, const F &f) {
    return in_phase(phase, [&] { return api::made<Owner>(f); });
}

/// Calls `f(T *, mirra_error **)`, which fills a struct, and gives the struct.
template<typename T, typename F> T get(Phase phase, const F &f) {
    return in_phase(phase, [&] { return api::filled<T>(f); });
}

/// @param max_pixels  larger pictures are refused; 0: the library's own limit
inline Picture read_picture(const std::string &path, std::uint64_t max_pixels) {
    return in_phase(Phase::input, [&] { return Picture::read(path, max_pixels); });
}

inline Picture make_picture(std::int32_t width, std::int32_t height, std::int32_t format,
                            std::int32_t color) {
    return in_phase(Phase::input, [&] { return Picture::create(width, height, format, color); });
}

inline mirra_image view_of(const Picture &picture) {
    return in_phase(Phase::input, [&] { return picture.view().get(); });
}

inline Bundle open_bundle(const std::string &path) {
    return in_phase(Phase::setup, [&] { return Bundle::open(path); });
}

inline Tensors read_tensors(const std::string &path) {
    return in_phase(Phase::input, [&] { return Tensors::read(path); });
}

/// The path of a bundle that was given by path or by file name.
inline std::string find_bundle(const Engine &engine, const std::string &name) {
    return in_phase(Phase::setup, [&] { return engine.find_bundle(name); });
}

} // namespace mirra::cli
