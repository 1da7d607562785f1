// CIFAR-10 in its binary batches, or as packed JPEGs.
#include "core/random.hpp"
#include "data/picture_files.hpp"
#include "data/picture_store.hpp"
#include "data/tar_gz.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <algorithm>
#include <array>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kSide = 32;
constexpr std::size_t kPlane = std::size_t{kSide} * kSide;
constexpr std::size_t kRecord = 1 + 3 * kPlane;

const std::vector<std::string> &class_names() {
    static const std::vector<std::string> names{"airplane", "automobile", "bird",  "cat",  "deer",
                                                "dog",      "frog",       "horse", "ship", "truck"};
    return names;
}

/// Records of one label byte and 3 x 1024 bytes of planes.
class BinaryBatches final : public PictureStore {
  public:
    explicit BinaryBatches(const std::vector<fs::path> &files) {
        for (const auto &file : files) add(file);
    }
    [[nodiscard]] std::int64_t size() const override {
        return static_cast<std::int64_t>(bytes_.size() / kRecord);
    }
    [[nodiscard]] std::int32_t label(std::int64_t index) const override {
        return static_cast<std::int32_t>(record(index)[0]);
    }
    [[nodiscard]] std::string name(std::int64_t index) const override {
        return "CIFAR-10 picture " + std::to_string(index);
    }
    [[nodiscard]] const std::vector<std::string> &classes() const override { return class_names(); }
    [[nodiscard]] std::uint64_t fingerprint() const override { return fingerprint_; }
    [[nodiscard]] image::Image decode(std::int64_t index, std::int64_t) const override {
        image::Image out(kSide, kSide, 3, image::SampleType::u8);
        const auto *planes = record(index) + 1;
        auto pixels = out.bytes();
        for (std::size_t i = 0; i < kPlane; ++i)
            for (std::size_t c = 0; c < 3; ++c) pixels[3 * i + c] = planes[c * kPlane + i];
        return out;
    }

  private:
    void add(const fs::path &file) {
        constexpr std::uint64_t kLargest = std::uint64_t{1} << 30;
        const auto content = read_file(file, kLargest);
        if (content.empty() || content.size() % kRecord != 0)
            throw Error(ErrorCode::corrupt, "not a CIFAR-10 batch: its size is no multiple of 3073 bytes",
                        file.string(), "use the binary version of the data set");
        for (std::size_t at = 0; at < content.size(); at += kRecord)
            if (std::to_integer<std::size_t>(content[at]) >= class_names().size())
                throw Error(ErrorCode::corrupt, "a label is beyond 9", file.string(), "fetch the file again");
        for (const auto byte : content)
            fingerprint_ = (fingerprint_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3u;
        bytes_.insert(bytes_.end(), content.begin(), content.end());
    }
    [[nodiscard]] const std::byte *record(std::int64_t index) const {
        return bytes_.data() + static_cast<std::size_t>(index) * kRecord;
    }

    std::vector<std::byte> bytes_;
    std::uint64_t fingerprint_ = 0xcbf29ce484222325u; // FNV-1a
};

/// Members SPLIT/CLASS/NNNN.jpg of a packed folder.
class PackedJpegs final : public PictureStore {
  public:
    explicit PackedJpegs(const fs::path &file) : file_(file), members_(read_tar_gz(file)) {
        std::erase_if(members_,
                      [](const auto &member) { return fs::path(member.name).extension() != ".jpg"; });
        std::ranges::sort(members_, {}, &TarMember::name);
        for (const auto &member : members_) {
            const auto name = fs::path(member.name).parent_path().filename().string();
            const auto found = std::ranges::find(class_names(), name);
            if (found == class_names().end())
                throw Error(ErrorCode::corrupt, "member '" + member.name + "' is in no folder of a class",
                            file.string(), "members are named SPLIT/CLASS/NNNN.jpg");
            labels_.push_back(static_cast<std::int32_t>(found - class_names().begin()));
            fingerprint_ = mix(fingerprint_ ^ member.bytes.size());
        }
        if (members_.empty())
            throw Error(ErrorCode::corrupt, "the container holds no picture", file.string(),
                        "fetch it again");
    }
    [[nodiscard]] std::int64_t size() const override { return static_cast<std::int64_t>(members_.size()); }
    [[nodiscard]] std::int32_t label(std::int64_t index) const override {
        return labels_.at(static_cast<std::size_t>(index));
    }
    [[nodiscard]] std::string name(std::int64_t index) const override {
        return file_.string() + ":" + members_.at(static_cast<std::size_t>(index)).name;
    }
    [[nodiscard]] const std::vector<std::string> &classes() const override { return class_names(); }
    [[nodiscard]] std::uint64_t fingerprint() const override { return fingerprint_; }
    [[nodiscard]] image::Image decode(std::int64_t index, std::int64_t) const override {
        return to_rgb8(decode_picture(members_.at(static_cast<std::size_t>(index)).bytes));
    }

  private:
    fs::path file_;
    std::vector<TarMember> members_;
    std::vector<std::int32_t> labels_;
    std::uint64_t fingerprint_ = 0;
};

std::vector<fs::path> batch_files(const fs::path &folder, Split split) {
    if (split == Split::test) return {folder / "test_batch.bin"};
    std::vector<fs::path> files;
    for (int i = 1; i <= 5; ++i) files.push_back(folder / ("data_batch_" + std::to_string(i) + ".bin"));
    return files;
}

} // namespace

std::unique_ptr<PictureStore> open_cifar10(const fs::path &folder, Split split) {
    const auto base =
        fs::is_directory(folder / "cifar-10-batches-bin") ? folder / "cifar-10-batches-bin" : folder;
    const auto batches = batch_files(base, split);
    if (std::ranges::all_of(batches, [](const auto &file) { return fs::exists(file); }))
        return std::make_unique<BinaryBatches>(batches);
    const auto packed =
        folder / (split == Split::test ? "cifar10-test-jpeg.tar.gz" : "cifar10-train-jpeg.tar.gz");
    if (fs::exists(packed)) return std::make_unique<PackedJpegs>(packed);
    throw Error(ErrorCode::not_found, "no CIFAR-10 here", folder.string(),
                "give the folder of data_batch_1.bin … test_batch.bin, or of cifar10-train-jpeg.tar.gz");
}

} // namespace mirra::trainer
