// What synthetic defects are filled with.
#pragma once

#include "core/random.hpp"

#include <opencv2/core.hpp>

#include <array>
#include <cstdint>

namespace mirra::trainer {

enum class FillKind : std::uint8_t {
    darker,   ///< as shadows in holes and cracks
    brighter, ///< as bare metal and reflections
    flat,     ///< one colour with little grain: where the surface is gone
    smooth,   ///< the picture without its texture
    contrast, ///< the picture's texture stronger or weaker, a little brighter or darker
    other,    ///< another good picture, or this one from elsewhere, turned
    texture,  ///< grain, clouds or stripes
    tint      ///< another colour of the same brightness
};

/// What is filled.
struct Ground {
    cv::Mat part;  ///< of a picture, CV_32FC3, 0 to 1
    cv::Mat cover; ///< of the same size, CV_32F: where the fill will be seen
    cv::Mat other; ///< a whole picture to take something from
    double scale;  ///< pixels for each of a picture of 256
};

/// The part as it would be if it were this everywhere.
cv::Mat draw_fill(FillKind kind, const Ground &ground, CounterRandom &random);

/// White noise with a standard deviation of 1, CV_32F.
cv::Mat grain(cv::Size size, CounterRandom &random);

} // namespace mirra::trainer
