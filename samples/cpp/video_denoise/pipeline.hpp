// Reads, denoises and writes frames, all three at the same time.
#pragma once

#include "options.hpp"
#include "parts.hpp"

#include <atomic>
#include <csignal>

namespace video {

/// Adds the frames that `parts` lacks. Returns false if it was stopped.
/// @param stopped  looked at often: other than 0 stops the work
/// @throws Failure, mirra::api::Error
bool denoise(const Options &options, Parts &parts, const volatile std::sig_atomic_t &stopped);

} // namespace video
