// The whitening and colouring transform (WCT): gives features the statistics of a style.
#pragma once

#include "statistics.hpp"

namespace stylizer {

/// A style at one level.
struct LevelStyle {
    const Statistics *statistics = nullptr;
    double weight = 1;                        ///< above 0
    const std::vector<float> *mask = nullptr; ///< of each place, 0 ... 1; null: everywhere
};

struct Transform {
    double strength = 1; ///< 0: the features, 1: the styles
    /// 0: the identity is added to covariances; above: this share of their mean variance, times the identity.
    double epsilon = 0;
};

/// Gives features the mean and the covariance of styles: centred, whitened by S_c^-1/2 and coloured by
/// S_s^1/2, where S are the covariances with what Transform::epsilon says; clamped to the range that all
/// features had; and mixed with the features themselves. Where several styles apply, by their weights; where
/// none does, the features stay. Behind a mask, the features' own statistics are those of the places that it
/// covers.
/// @param visible   how much of each place is seen, 0 ... 1, and counts in the features' own statistics;
///                  empty: all of each
void whiten_and_color(const Host &host, Planes &features, const std::vector<LevelStyle> &styles,
                      const std::vector<float> &visible, const Transform &transform);

} // namespace stylizer
