// Labelled pictures at rest, in folders or containers, decoded one by one.
#pragma once

#include "mirra/image.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

enum class Split : std::uint8_t { train, test };

/// A list of encoded pictures with class labels.
struct PictureStore {
    struct Picture {
        std::string name; ///< path, or container and member
        std::int32_t label = 0;
        std::size_t place = 0; ///< in a container
    };
    std::vector<Picture> pictures;
    std::vector<std::string> classes{"picture"}; ///< names by label
    std::uint64_t fingerprint = 0;               ///< changes when the pictures do
    /// A picture as RGB with 8 bits. A JPEG whose shorter side is at least twice `side` may come reduced by
    /// 2, 4 or 8, though never below `side`; 0: never reduced. Thread-safe. @throws Error corrupt | io |
    /// not_found
    std::function<image::Image(const Picture &, std::int64_t side)> decode;
    /// A picture with the size, the channels and the precision that it has at rest. Likewise.
    std::function<image::Image(const Picture &)> original;
};

/// One folder a class, its name being the class's; labels in the order of the names. Pictures lie at any
/// depth below.
/// @throws Error not_found (no such folder, fewer than two classes, a class without pictures)
PictureStore open_class_folders(const std::filesystem::path &folder);

/// CIFAR-10: the binary batches data_batch_1.bin … data_batch_5.bin and test_batch.bin as published, or
/// cifar10-train-jpeg.tar.gz and cifar10-test-jpeg.tar.gz, which hold train|test/CLASS/NNNN.jpg.
/// @throws Error not_found | corrupt | limit (an archive of far more than its own size)
PictureStore open_cifar10(const std::filesystem::path &folder, Split split);

/// Every picture below some folders, at any depth, as one class, sorted by path. A file that is met twice is
/// taken once, so that no picture both trains and validates.
/// @param option  that names the folders, for messages
/// @throws Error not_found
PictureStore open_folders(const std::vector<std::filesystem::path> &folders,
                          const std::string &option = "--data");

/// open_pictures() without classes: what open_folders() makes of the same folder.
/// @throws Error not_found | corrupt
std::optional<PictureStore> open_unlabelled(const std::string &source, Split split,
                                            const std::string &option = "--data");

/// "cifar10:DIR", else a folder: DIR/train or DIR/val (DIR/test) where these exist, else, for training, DIR
/// itself. Nothing when a folder has no such split. @throws Error not_found | corrupt
std::optional<PictureStore> open_pictures(const std::string &source, Split split);

/// The pictures of a store as the task "detect" takes them: extent x extent, the aspect not kept.
PictureStore square_pictures(PictureStore store, std::int64_t extent);

/// Split::test where a source has one of its own, else Split::train: the folders as they are. Warns of
/// sources that are left out because others have a split for tests and they have not.
Split evaluation_split(const std::vector<std::string> &sources);

/// The label of the class of that name.
/// @param option  that named it, for the error
/// @throws Error invalid_argument, the hint lists the classes
std::int32_t label_of(const std::vector<std::string> &classes, const std::string &name,
                      const std::string &option);

} // namespace mirra::trainer
