// The CPU as a device. Header-only, so that the core and the runtime module say the same of it.
#pragma once

#include "mirra/runtime.hpp"

#include <fstream>
#include <sstream>

#include <unistd.h>

namespace mirra::runtime {

namespace detail {

inline bool has_word(const std::string &text, std::string_view word) {
    std::istringstream words(text);
    for (std::string each; words >> each;) {
        if (each == word) return true;
    }
    return false;
}

inline DeviceInfo describe_cpu() {
    DeviceInfo device;
    device.id = "cpu";
    device.name = "CPU";
    device.usable = true;
    device.memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                    static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    device.precisions = {Precision::fp32};
    std::ifstream description("/proc/cpuinfo");
    for (std::string line; std::getline(description, line);) {
        const auto colon = line.find(": ");
        if (colon == std::string::npos) continue;
        const std::string value = line.substr(colon + 2);
        if (line.starts_with("model name")) device.name = value;
        if (line.starts_with("flags")) {
            // Processors with AMX have AVX-512 of the same type, which LibTorch's convolutions ask for.
            if (has_word(value, "avx512_bf16")) device.precisions.push_back(Precision::bf16);
            if (has_word(value, "avx512_fp16")) device.precisions.push_back(Precision::fp16);
            break;
        }
    }
    return device;
}

} // namespace detail

/// The processor, its memory and the precisions that it has in hardware. Thread-safe; looks once.
inline const DeviceInfo &cpu_device() {
    static const DeviceInfo device = detail::describe_cpu();
    return device;
}

} // namespace mirra::runtime
