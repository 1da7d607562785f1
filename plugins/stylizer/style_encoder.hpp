// The statistics of a style picture, and what tells encoders apart.
#pragma once

#include "settings.hpp"
#include "statistics.hpp"

namespace stylizer {

/// Pictures are encoded in blocks of at most this extent.
std::int64_t largest_block(const PixelGrid &pixels);

/// Of a style picture at a level. The picture is scaled, then brought to the grid by repeating its edges.
/// @param port  an image input
Statistics encode_style(const Host &host, const Settings &settings, const Level &level, const char *port);

/// Mean features of a fixed picture: the same for the same encoder, but for rounding.
std::vector<float> fingerprint(const Host &host, const Settings &settings, const Level &level);

} // namespace stylizer
