// The subcommand `denoising` of mirra-train eval.
#pragma once

#include "eval/denoising_noise.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

/// The noises of a command line: every sigma and every sensor, each clipped, unclipped or both.
/// @param sensors  "GAIN,READ", both of 255
/// @throws Error invalid_argument
std::vector<PictureNoise> noises_of(const std::vector<double> &sigmas,
                                    const std::vector<std::string> &sensors,
                                    const std::vector<std::string> &clipping);

/// Adds the subcommand; `status` gets the exit status: 1 when pictures had to be skipped.
void add_denoising_evaluation(CLI::App &eval, int &status);

} // namespace mirra::trainer
