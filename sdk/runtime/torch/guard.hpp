// Turns LibTorch's exceptions into mirra::Error.
#pragma once

#include "mirra/error.hpp"
#include "runtime/torch/device_arena.hpp"

#include <c10/util/Exception.h>

#include <new>
#include <string>

namespace mirra::runtime {

/// What LibTorch says of a GPU that fails begins so; nothing more can be had of that GPU in this process.
inline bool is_of_device(const std::string &text) {
    return text.starts_with("CUDA error") || text.starts_with("cuDNN error");
}

/// Calls `body`; what LibTorch throws becomes an Error with the first line of its message.
/// @throws Error budget also where it has taken more of a GPU's memory than the run may
template<typename Body> auto guarded(Body &&body) {
    try {
        auto made = body();
        check_device_memory();
        return made;
    } catch (const Error &) {
        throw;
    } catch (const c10::OutOfMemoryError &error) {
        throw Error(ErrorCode::out_of_memory, "the device is out of memory", "device", "set a memory limit");
    } catch (const c10::Error &error) {
        const std::string text = error.what_without_backtrace(), line = text.substr(0, text.find('\n'));
        if (is_of_device(line)) throw Error(ErrorCode::device, "the device failed: " + line, "device");
        throw Error(ErrorCode::internal, "LibTorch: " + line);
    } catch (const std::bad_alloc &) {
        throw Error(ErrorCode::out_of_memory, "out of memory", "memory", "set a memory limit");
    }
}

} // namespace mirra::runtime
