#include "host.hpp"

#include <dlfcn.h>

namespace mirra_frei0r {
namespace {

constexpr unsigned pixels_of_padding = 16; // 64 bytes, the most that FFmpeg aligns rows to
constexpr unsigned last_that_pads = 9;     // libavfilter of FFmpeg 6

// Of the libavfilter that the code is part of; 0: it is part of something else.
unsigned avfilter_version(const void *code) {
    Dl_info found{};
    if (dladdr(code, &found) == 0 || found.dli_fname == nullptr) return 0;
    if (std::string(found.dli_fname).find("avfilter") == std::string::npos) return 0;
    void *const library = dlopen(found.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    if (library == nullptr) return 0;
    const auto version = reinterpret_cast<unsigned (*)()>(dlsym(library, "avfilter_version"));
    const unsigned major = version == nullptr ? 0 : version() >> 16;
    dlclose(library); // the caller keeps it
    return major;
}

} // namespace

std::string refusal_of_caller(const void *caller, unsigned width) {
    const unsigned version = avfilter_version(caller);
    if (width % pixels_of_padding == 0 || version == 0 || version > last_that_pads) return "";
    const std::string original = std::to_string(width);
    return "this FFmpeg hands over rows in a way that frei0r cannot see unless the width, " + original +
           " here, is a multiple of 16. Pad before the filter and crop after it: "
           "-vf format=rgba,pad=ceil(iw/16)*16:ih:0:0:black@0,frei0r=...,crop=" +
           original + ":ih:0:0";
}

} // namespace mirra_frei0r
