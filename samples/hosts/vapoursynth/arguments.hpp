// Settings of filters as arguments of functions of VapourSynth.
#pragma once

#include "filters.hpp"

#include <VapourSynth4.h>

#include <string>

namespace mirra_vapoursynth {

/// How many frames are filtered at the same time: an argument of every function.
constexpr const char *at_once_argument = "frames_at_once";

/// "denoise" as "Denoise", "org-example-gain" as "OrgExampleGain".
[[nodiscard]] std::string function_name(const mirra_filters::Filter &filter);
/// For registerFunction: the clip, and every setting as an optional argument of its own type.
[[nodiscard]] std::string arguments_of(const mirra_filters::Filter &filter);
/// The settings that a call gives. @throws mirra::api::Error for a number that is no whole one of its range
[[nodiscard]] mirra_filters::Values values_of(const mirra_filters::Filter &filter, const VSMap *in,
                                              const VSAPI *vs);

} // namespace mirra_vapoursynth
