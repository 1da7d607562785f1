// Clips of VapourSynth as images of Mirra.
#pragma once

#include <VapourSynth4.h>
#include <mirra/mirra.hpp>

#include <string>

namespace mirra_vapoursynth {

namespace api = mirra::api;

/// Why a clip cannot be filtered, and what to do; "" if it can.
[[nodiscard]] std::string refusal(const VSVideoInfo &clip);

/// The planes of a frame as they lie in its memory.
[[nodiscard]] api::ConstImage source_of(const VSFrame *frame, const VSAPI *vs);
/// The same of a frame that is written.
[[nodiscard]] api::Image target_of(VSFrame *frame, const VSAPI *vs);

/// Puts what a run found into the properties of a frame: mirra_NAME.
void add_properties(VSFrame *frame, const api::Result &result, const VSAPI *vs);

} // namespace mirra_vapoursynth
