// Pictures in one folder a class.
#include "core/random.hpp"
#include "data/evaluation_split.hpp"
#include "data/picture_files.hpp"
#include "data/picture_store.hpp"
#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

class ClassFolders final : public PictureStore {
  public:
    explicit ClassFolders(const fs::path &folder) {
        for (const auto &entry : subfolders(folder)) add(entry);
        constexpr std::size_t kFewest = 2;
        if (classes_.size() < kFewest)
            throw Error(ErrorCode::not_found, "at least two class folders are needed", folder.string(),
                        "give a folder that holds one folder of pictures a class");
    }

    [[nodiscard]] std::int64_t size() const override { return static_cast<std::int64_t>(files_.size()); }
    [[nodiscard]] std::int32_t label(std::int64_t index) const override { return at(index).label; }
    [[nodiscard]] std::string name(std::int64_t index) const override { return at(index).path.string(); }
    [[nodiscard]] const std::vector<std::string> &classes() const override { return classes_; }
    [[nodiscard]] std::uint64_t fingerprint() const override { return fingerprint_; }
    [[nodiscard]] image::Image decode(std::int64_t index, std::int64_t side) const override {
        return read_rgb8(at(index).path, side);
    }
    [[nodiscard]] image::Image original(std::int64_t index) const override {
        return read_picture(at(index).path);
    }

  private:
    struct File {
        fs::path path;
        std::int32_t label;
    };

    /// The folder that a training keeps beside its bundle is no class, nor is a hidden one.
    static bool is_run(const fs::path &folder) {
        std::error_code ignored;
        const std::string name = folder.filename().string();
        return name.starts_with('.') || name.ends_with(".mirra.run") ||
               fs::exists(folder / "run.json", ignored);
    }

    static std::vector<fs::path> subfolders(const fs::path &folder) {
        std::vector<fs::path> found;
        std::error_code failure;
        for (fs::directory_iterator walk(folder, failure), end; !failure && walk != end;
             walk.increment(failure))
            if (std::error_code lost; walk->is_directory(lost) && !is_run(walk->path()))
                found.push_back(walk->path());
        if (failure)
            throw Error(ErrorCode::not_found, "cannot read the data folder: " + failure.message(),
                        folder.string(), "check the path given with --data");
        std::ranges::sort(found);
        return found;
    }

    void add(const fs::path &folder) {
        const auto label = static_cast<std::int32_t>(classes_.size());
        const auto found = find_pictures(folder);
        if (found.empty())
            throw Error(ErrorCode::not_found, "a class folder holds no picture (.png, .jpg, .jpeg)",
                        folder.string(), "add pictures or remove the folder");
        classes_.push_back(folder.filename().string());
        for (const auto &path : found) {
            fingerprint_ = mix(fingerprint_ ^ picture_fingerprint(path) ^ static_cast<std::uint64_t>(label));
            files_.push_back({path, label});
        }
    }

    [[nodiscard]] const File &at(std::int64_t index) const {
        return files_.at(static_cast<std::size_t>(index));
    }

    std::vector<File> files_;
    std::vector<std::string> classes_;
    std::uint64_t fingerprint_ = 0;
};

} // namespace

std::unique_ptr<PictureStore> open_class_folders(const fs::path &folder) {
    return std::make_unique<ClassFolders>(folder);
}

std::unique_ptr<PictureStore> open_pictures(const std::string &source, Split split) {
    constexpr std::string_view kCifar = "cifar10:";
    if (source.starts_with(kCifar)) return open_cifar10(source.substr(kCifar.size()), split);
    const fs::path folder(source);
    if (split == Split::train)
        return open_class_folders(is_folder(folder / "train") ? folder / "train" : folder);
    const auto tests = test_folder(folder);
    return tests.empty() ? nullptr : open_class_folders(tests);
}

} // namespace mirra::trainer
