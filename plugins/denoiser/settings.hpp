// What a run does: parameters, and what the bundle's network takes.
#pragma once

#include "mirra/mirra_plugin.hpp"

namespace denoiser {

namespace plugin = mirra::plugin;
using plugin::Host, plugin::Shape, plugin::Tensor;

inline constexpr const char *kGraph = "denoiser";
inline constexpr const char *kImage = "image";
inline constexpr const char *kNoiseLevel = "noise_level";
inline constexpr double kMostSigma = 100;             ///< that can be stated, in 1/255; of a map too
inline constexpr const char *kNoiseMap = "noise_map"; ///< a port

/// What comes of the change that the network makes, 0 ... 1 each.
struct Shares {
    double luminance = 1;
    double chrominance = 1;
};

struct Settings {
    std::optional<double> sigma; ///< as stated, in 1/255; none: to be found out
    Shares shares;               ///< with the strength in them
    double detail = 0;
    bool mapped = false;          ///< the level of each pixel is given by a port, instead of sigma
    std::uint32_t transfer = 0;   ///< flags of mirra_setup
    bool takes_level = false;     ///< the network
    bool fed_by_estimate = false; ///< the network, where no level is stated
};

/// @throws Failed mismatch (bundle, sigma)
Settings read_settings(const Host &host);

} // namespace denoiser
