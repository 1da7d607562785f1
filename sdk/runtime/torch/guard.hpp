// Turns LibTorch's exceptions into mirra::Error.
#pragma once

#include "mirra/error.hpp"

#include <c10/util/Exception.h>

#include <new>
#include <string>

namespace mirra::runtime {

/// Calls `body`; what LibTorch throws becomes an Error with the first line of its message.
template<typename Body> auto guarded(Body &&body) {
    try {
        return body();
    } catch (const Error &) {
        throw;
    } catch (const c10::OutOfMemoryError &error) {
        throw Error(ErrorCode::out_of_memory, "the device is out of memory", "device", "set a memory limit");
    } catch (const c10::Error &error) {
        const std::string text = error.what_without_backtrace();
        throw Error(ErrorCode::internal, "LibTorch: " + text.substr(0, text.find('\n')));
    } catch (const std::bad_alloc &) {
        throw Error(ErrorCode::out_of_memory, "out of memory", "memory", "set a memory limit");
    }
}

} // namespace mirra::runtime
