// How far places are from what a memory holds of good pictures.
#pragma once

#include "mirra/mirra_plugin.hpp"
#include "settings.hpp"

#include <cstdint>

namespace anomaly {

/// The larger one; not a number where one of them is not, unlike std::max.
float larger(float most, float value);

/// Distance of each place to the nearest member, by |p - m|^2 = |p|^2 - 2 (p m - |m|^2 / 2).
/// @param patches     p, {count, C, h, w} @param similarity  p m - |m|^2 / 2, {count, members, h, w}
plugin::Planes distances(const Host &host, const Tensor &patches, const Tensor &similarity);

enum class Order : std::uint8_t { forwards, backwards };

/// Likewise where each place has members of its own, members / (h w) in a row.
/// @param order  in which the members' places follow those of the patches
plugin::Planes distances_by_place(const Host &host, const Tensor &patches, const Tensor &similarity,
                                  Order order);

} // namespace anomaly
