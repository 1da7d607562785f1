// Scores and heat maps of pictures, by each of the methods.
#pragma once

#include "mirra/mirra_plugin.hpp"
#include "settings.hpp"

#include <functional>
#include <vector>

namespace anomaly {

/// What is found about some pictures.
struct Judgement {
    std::vector<double> scores;
    std::vector<float> heat; ///< extent x extent for each picture; empty unless asked for
};

/// Pictures of one group on the device, at the bundle's extent.
struct Pictures {
    Tensor tensor; ///< {count, 3, extent, extent}
    std::int64_t count = 0;
    std::int64_t first = 0; ///< number of the first among all pictures of the run
    /// How much of each pixel of the image is seen, 0 ... 1; empty where all of it is, and in groups without
    /// it.
    std::vector<float> visible;
};

/// The shape of what is one picture's, for all of the group.
Shape of_group(Shape shape, const Pictures &pictures);

using Report = std::function<void(double fraction)>;

/// How many pictures go through the networks at once, at most.
std::int64_t largest_group(const Settings &settings);

/// All pictures, group by group.
/// @param values  of settings.pictures() pictures, {3, extent, extent} each
/// @throws Failed, also where the run shall stop
Judgement judge(const Host &host, const Settings &settings, const std::vector<float> &values);

/// The search for a picture has come to values that are no finite numbers.
[[noreturn]] void went_astray(const Host &host, std::int64_t picture);

/// Looks for features whose picture comes closest to each of the pictures, and gives these pictures.
/// @param features  of the pictures
/// @throws Failed invalid_argument where a search goes astray
Tensor search_pictures(const Host &host, const Settings &settings, const Pictures &pictures,
                       const Tensor &features, const Report &report);

/// Compares pictures with others that a generator made: the loss of the paper's equation 8.
Judgement compare_pictures(const Host &host, const Settings &settings, const Pictures &pictures,
                           const Tensor &features, const Tensor &made);

/// Distance of each place's features to the nearest ones of the memory.
Judgement compare_with_memory(const Host &host, const Settings &settings, const Pictures &pictures);

/// How likely each pixel is part of a defect, by a network that has learned to tell.
Judgement mark_defects(const Host &host, const Settings &settings, const Pictures &pictures);

/// Takes what is not seen out of planes, one for each picture, of which the first is the image's.
void leave_out_hidden(const Host &host, const Settings &settings, const Pictures &pictures,
                      plugin::Planes &planes);

/// Planes, one for each picture, brought to the bundle's extent.
plugin::Planes to_extent(const Host &host, const Settings &settings, const plugin::Planes &planes);

} // namespace anomaly
