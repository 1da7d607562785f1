// Pictures without classes: all files below a folder.
#include "core/random.hpp"
#include "data/picture_files.hpp"
#include "data/picture_store.hpp"
#include "mirra/error.hpp"

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

class FlatFolder final : public PictureStore {
  public:
    FlatFolder(const fs::path &folder, const std::string &option) : files_(find_pictures(folder, option)) {
        if (files_.empty())
            throw Error(ErrorCode::not_found, "the folder holds no picture (.png, .jpg, .jpeg)",
                        folder.string(), "check the path given with " + option);
        for (const auto &path : files_) fingerprint_ = mix(fingerprint_ ^ picture_fingerprint(path));
    }

    [[nodiscard]] std::int64_t size() const override { return static_cast<std::int64_t>(files_.size()); }
    [[nodiscard]] std::int32_t label(std::int64_t) const override { return 0; }
    [[nodiscard]] std::string name(std::int64_t index) const override { return at(index).string(); }
    [[nodiscard]] const std::vector<std::string> &classes() const override { return classes_; }
    [[nodiscard]] std::uint64_t fingerprint() const override { return fingerprint_; }
    [[nodiscard]] image::Image decode(std::int64_t index, std::int64_t side) const override {
        return read_rgb8(at(index), side);
    }
    [[nodiscard]] image::Image original(std::int64_t index) const override { return read_picture(at(index)); }

  private:
    [[nodiscard]] const fs::path &at(std::int64_t index) const {
        return files_.at(static_cast<std::size_t>(index));
    }

    std::vector<fs::path> files_;
    std::vector<std::string> classes_{"picture"};
    std::uint64_t fingerprint_ = 0;
};

class Unlabelled final : public PictureStore {
  public:
    explicit Unlabelled(std::unique_ptr<PictureStore> store) : store_(std::move(store)) {}
    [[nodiscard]] std::int64_t size() const override { return store_->size(); }
    [[nodiscard]] std::int32_t label(std::int64_t) const override { return 0; }
    [[nodiscard]] std::string name(std::int64_t index) const override { return store_->name(index); }
    [[nodiscard]] const std::vector<std::string> &classes() const override { return classes_; }
    [[nodiscard]] std::uint64_t fingerprint() const override { return store_->fingerprint(); }
    [[nodiscard]] image::Image decode(std::int64_t index, std::int64_t side) const override {
        return store_->decode(index, side);
    }
    [[nodiscard]] image::Image original(std::int64_t index) const override { return store_->original(index); }

  private:
    std::unique_ptr<PictureStore> store_;
    std::vector<std::string> classes_{"picture"};
};

} // namespace

std::unique_ptr<PictureStore> open_folder(const fs::path &folder, const std::string &option) {
    return std::make_unique<FlatFolder>(folder, option);
}

std::unique_ptr<PictureStore> open_unlabelled(const std::string &source, Split split,
                                              const std::string &option) {
    if (source.starts_with("cifar10:")) return std::make_unique<Unlabelled>(open_pictures(source, split));
    const fs::path folder(source);
    if (split == Split::train)
        return open_folder(is_folder(folder / "train") ? folder / "train" : folder, option);
    for (const auto *name : {"val", "test"})
        if (is_folder(folder / name)) return open_folder(folder / name, option);
    return nullptr;
}

} // namespace mirra::trainer
