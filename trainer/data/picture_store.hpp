// Labelled pictures at rest, in folders or containers, decoded one by one.
#pragma once

#include "mirra/image.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

enum class Split : std::uint8_t { train, test };

/// A list of encoded pictures with class labels. Thread-safe after construction.
class PictureStore {
  public:
    virtual ~PictureStore() = default;
    [[nodiscard]] virtual std::int64_t size() const = 0;
    [[nodiscard]] virtual std::int32_t label(std::int64_t index) const = 0;
    /// Path, or container and member; for messages.
    [[nodiscard]] virtual std::string name(std::int64_t index) const = 0;
    /// Names of the classes by label.
    [[nodiscard]] virtual const std::vector<std::string> &classes() const = 0;
    /// Changes when the pictures do.
    [[nodiscard]] virtual std::uint64_t fingerprint() const = 0;
    /// The picture as RGB with 8 bits. A JPEG whose shorter side is at least twice `side` may come reduced by
    /// 2, 4 or 8, though never below `side`; 0: never reduced. @throws Error corrupt | io | not_found
    [[nodiscard]] virtual image::Image decode(std::int64_t index, std::int64_t side) const = 0;
    /// The picture with the size, the channels and the precision that it has at rest. @throws Error likewise
    [[nodiscard]] virtual image::Image original(std::int64_t index) const { return decode(index, 0); }
};

/// One folder a class, its name being the class's; labels in the order of the names. Pictures lie at any
/// depth below.
/// @throws Error not_found (no such folder, fewer than two classes, a class without pictures)
std::unique_ptr<PictureStore> open_class_folders(const std::filesystem::path &folder);

/// CIFAR-10: the binary batches data_batch_1.bin … data_batch_5.bin and test_batch.bin as published, or
/// cifar10-train-jpeg.tar.gz and cifar10-test-jpeg.tar.gz, which hold train|test/CLASS/NNNN.jpg.
/// @throws Error not_found | corrupt
std::unique_ptr<PictureStore> open_cifar10(const std::filesystem::path &folder, Split split);

/// Every picture below a folder, at any depth, as one class.
/// @param option  that names the folder, for messages
/// @throws Error not_found
std::unique_ptr<PictureStore> open_folder(const std::filesystem::path &folder,
                                          const std::string &option = "--data");

/// open_pictures() without classes: what open_folder() makes of the same folders.
/// @throws Error not_found | corrupt
std::unique_ptr<PictureStore> open_unlabelled(const std::string &source, Split split,
                                              const std::string &option = "--data");

/// "cifar10:DIR", else a folder: DIR/train or DIR/val (DIR/test) where these exist, else, for training, DIR
/// itself. Null when a folder has no such split. @throws Error not_found | corrupt
std::unique_ptr<PictureStore> open_pictures(const std::string &source, Split split);

} // namespace mirra::trainer
