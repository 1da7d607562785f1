// The CPU as a device. Header-only, so that the core and the runtime module say the same of it.
#pragma once

#include "mirra/runtime.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

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

/// The first processor of a text like /proc/cpuinfo.
struct CpuText {
    std::string vendor, model, flags;
};

inline CpuText read_cpu(std::istream &description) {
    CpuText cpu;
    for (std::string line; cpu.flags.empty() && std::getline(description, line);) {
        const auto colon = line.find(": ");
        if (colon == std::string::npos) continue;
        const std::string value = line.substr(colon + 2);
        if (line.starts_with("vendor_id")) cpu.vendor = value;
        if (line.starts_with("model name")) cpu.model = value;
        if (line.starts_with("flags")) cpu.flags = value;
    }
    return cpu;
}

/// What oneDNN, which convolves, uses of a processor whose variable ONEDNN_MAX_CPU_ISA holds it to `most`.
inline std::string flags_within(const std::string &flags, std::string most) {
    std::ranges::transform(most, most.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
    constexpr std::string_view kWide = "AVX512_CORE";
    const auto beyond = [&](std::string_view flag) {
        const bool amx = flag.starts_with("amx"), wide = amx || flag.starts_with("avx512");
        if (most == "SSE41" || most == "AVX") return wide || flag.starts_with("avx2");
        if (most.starts_with("AVX2")) return wide;
        if (!most.starts_with(kWide) || most.starts_with("AVX512_CORE_AMX")) return false;
        const auto extra = most.substr(kWide.size());
        return amx || (flag == "avx512_fp16" && extra != "_FP16") ||
               (flag == "avx512_bf16" && extra != "_BF16" && extra != "_FP16");
    };
    std::string kept;
    std::istringstream words(flags);
    for (std::string flag; words >> flag;)
        if (!beyond(flag)) kept.append(kept.empty() ? "" : " ").append(flag);
    return kept;
}

inline const CpuText &this_cpu() {
    static const CpuText cpu = [] {
        std::ifstream description("/proc/cpuinfo");
        CpuText found = read_cpu(description);
        const char *most = std::getenv("ONEDNN_MAX_CPU_ISA");
        if (most == nullptr) most = std::getenv("DNNL_MAX_CPU_ISA");
        if (most != nullptr) found.flags = flags_within(found.flags, most);
        return found;
    }();
    return cpu;
}

inline DeviceInfo describe_cpu(const CpuText &cpu) {
    DeviceInfo device;
    device.id = "cpu";
    device.name = cpu.model.empty() ? "CPU" : cpu.model;
    device.usable = true;
    device.memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                    static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    device.precisions = {Precision::fp32};
    // Processors with AMX have AVX-512 of the same type, which LibTorch's convolutions ask for.
    if (has_word(cpu.flags, "avx512_bf16")) device.precisions.push_back(Precision::bf16);
    if (has_word(cpu.flags, "avx512_fp16")) device.precisions.push_back(Precision::fp16);
    return device;
}

} // namespace detail

/// Whether a processor's convolutions take less time in bf16 than in fp32, and what of it says so.
struct Bf16Speed {
    bool pays = false;
    std::string_view reason;
};

/// What was measured (docs/measurements/benchmarks.md): bf16 takes 0.34 of the time of fp32 with AMX, 0.34 to
/// 0.5 with AMD's AVX-512, and 1.8 times as long with Intel's. What nobody measured runs in fp32.
inline Bf16Speed bf16_speed(const detail::CpuText &cpu) {
    if (!detail::has_word(cpu.flags, "avx512_bf16")) return {false, "the device has no bf16 in hardware"};
    if (detail::has_word(cpu.flags, "amx_bf16")) return {true, "the processor is faster in it, by AMX"};
    if (cpu.vendor == "AuthenticAMD") return {true, "the processor is faster in it, by AVX-512"};
    return {false, "the processor has bf16 but no AMX, and is slower in it than in fp32"};
}

/// The processor, its memory and the precisions that it has in hardware. Thread-safe; looks once.
inline const DeviceInfo &cpu_device() {
    static const DeviceInfo device = detail::describe_cpu(detail::this_cpu());
    return device;
}

/// Of this processor. Thread-safe.
inline Bf16Speed bf16_speed() {
    return bf16_speed(detail::this_cpu());
}

} // namespace mirra::runtime
