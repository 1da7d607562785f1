// Prepared styles: statistics of several levels as one tensor.
#pragma once

#include "statistics.hpp"

namespace stylizer {

/// A style at a level, with what identifies the encoder that it was made by.
struct PreparedLevel {
    std::string name;
    std::vector<float> fingerprint; ///< see fingerprint()
    Statistics statistics;
};

/// Numbers {N}: a mark, the version, how many levels; and for each the length and the characters of its name,
/// its channels, fingerprint, mean, and the lower triangle of the covariance, row by row.
std::vector<float> pack(const std::vector<PreparedLevel> &levels);

/// @param port  named in errors
/// @throws Failed mismatch: no prepared style, or of another version | invalid_argument: no finite numbers,
/// or impossible ones
std::vector<PreparedLevel> unpack(const Host &host, const std::vector<float> &values, const char *port);

/// Whether two fingerprints are of one encoder; precisions may differ.
bool same_encoder(const std::vector<float> &a, const std::vector<float> &b);

} // namespace stylizer
