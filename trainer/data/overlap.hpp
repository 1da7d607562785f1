// mirra-train overlap: whether pictures of a test are among those of a training.
#pragma once

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

} // namespace mirra::trainer
