// What the user asks for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace video {

struct Options {
    std::filesystem::path input, output;
    std::string sigma = "auto";  ///< "auto" or a number
    double strength = 1;         ///< 0 ... 1: how much of the noise is removed
    std::string quality;         ///< "fast", ...; "": the task's default
    std::string codec;           ///< four characters; chosen by the output's ending if none were given
    int part_frames = 48;        ///< so much is lost at most when the program is killed
    int threads = 0;             ///< of the network; 0: all
    std::uint64_t memory_mb = 0; ///< 0: no limit
    bool resume = false, restart = false;
    bool quiet = false;
};

/// None: the program ends with `exit_code` (--help, a wrong option).
std::optional<Options> parse(int argc, char **argv, int &exit_code);

} // namespace video
