// mirra-train overlap: whether pictures of a test are among those of a training.
#pragma once

#include "mirra/image.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct OverlapSearch {
    std::vector<std::filesystem::path> training, test; ///< folders, searched to any depth
    int distance = 10; ///< bits of 64 that the hashes of pictures that resemble each other differ in at most
    double correlation = 0.95; ///< of their thumbnails, at least
};

enum class OverlapKind : std::uint8_t {
    equal,     ///< the same pixels
    resembles, ///< re-encoded, resized or retouched
    mirrored   ///< the same of the picture with left and right exchanged
};

struct Overlap {
    std::filesystem::path training, test;
    OverlapKind kind = OverlapKind::equal;
    int distance = 0;
    double correlation = 1;
};

struct OverlapResult {
    std::vector<Overlap> overlaps;       ///< in the order of the training pictures
    std::int64_t training = 0, test = 0; ///< pictures that were read
    std::vector<std::string> skipped;    ///< "path: reason" of those that could not be
};

/// Decodes every picture once. Cropped pictures are not found.
/// @param found  called with each overlap as soon as it is found
/// @throws Error not_found
OverlapResult find_overlaps(const OverlapSearch &search,
                            const std::function<void(const Overlap &)> &found = {});

/// Adds the subcommand; `status` gets 1 when there is an overlap or a picture could not be read.
void add_overlap_command(CLI::App &app, int &status);

struct PictureSignature {
    std::string pixels; ///< SHA-256 of width, height and the 8-bit RGB pixels, in hex
    /// Of the picture in gray at 9 x 8: whether each value is less than its right neighbour ("dHash").
    std::uint64_t differences = 0;
    std::vector<float> thumbnail; ///< in gray at 32 x 32, less its mean, of length 1; zeros of a flat picture
};

/// @param picture   RGB with 8 bits
/// @param mirrored  of the picture with left and right exchanged
PictureSignature signature_of(const image::Image &picture, bool mirrored = false);

/// Bits that differ, 0 to 64.
int hamming_distance(const PictureSignature &a, const PictureSignature &b);
/// Of the thumbnails, -1 to 1.
double correlation(const PictureSignature &a, const PictureSignature &b);

} // namespace mirra::trainer
