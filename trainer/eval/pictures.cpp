#include "eval/pictures.hpp"

#include "core/random.hpp"
#include "data/evenly_spaced.hpp"
#include "data/picture_files.hpp"
#include "data/picture_store.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <filesystem>

namespace mirra::trainer {
namespace {

std::unique_ptr<PictureSet> open_set(const std::vector<std::string> &sources) {
    return std::make_unique<PictureSet>(sources, evaluation_split(sources),
                                        PictureSet::Options{.side = 0, .cache_bytes = 0, .labelled = false});
}

} // namespace

image::Image resized(const image::Image &picture, std::int64_t extent) {
    const auto side = static_cast<std::int32_t>(extent);
    image::Image out(side, side, 3, image::SampleType::u8);
    resample(picture, {0, 0, picture.width(), picture.height()}, extent,
             reinterpret_cast<std::uint8_t *>(out.bytes().data()));
    return out;
}

FloatPicture to_float(const image::Image &picture) {
    FloatPicture out{picture.width(), picture.height(), {}};
    out.values.resize(static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height) * 3);
    image::gather(picture.view(), {0, 0, out.width, out.height}, out.values, 3);
    return out;
}

runtime::Precision parse_precision(const std::string &name) {
    if (name == "fp32") return runtime::Precision::fp32;
    if (name == "bf16") return runtime::Precision::bf16;
    if (name == "fp16") return runtime::Precision::fp16;
    throw Error(ErrorCode::invalid_argument, "unknown precision '" + name.substr(0, 20) + "'", "precision",
                "one of: fp32, bf16, fp16");
}

EvaluationPictures::EvaluationPictures(const std::vector<std::string> &sources, std::int64_t count)
    : set_(open_set(sources))
    , count_(count > 0 ? std::min(count, set_->size()) : set_->size()) {}

std::optional<FloatPicture> EvaluationPictures::get(std::int64_t index, const PictureSize &size) {
    const auto place = evenly_spaced(index, count_, set_->size());
    const auto found = set_->get(place);
    if (found.index != place) return std::nullopt;
    if (size.extent == 0) return to_float(*found.picture);
    auto picture = resized(*found.picture, size.extent);
    if (size.scale > 1) picture = resized(picture, size.extent * size.scale);
    return to_float(picture);
}

namespace {

/// Contents are read once a style.
constexpr std::uint64_t kCacheBytes = std::uint64_t{256} << 20;

} // namespace

std::vector<std::int64_t> spaced_places(std::int64_t size, std::int64_t count, std::uint64_t seed) {
    if (count <= 0 || count > size) count = size;
    const auto step = size > 0 && seed != 0 ? CounterRandom(seed, 0).below(size) : 0;
    std::vector<std::int64_t> out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back((i * size / count + step) % size);
    std::ranges::sort(out);
    return out;
}

StylizationPictures::StylizationPictures(const std::vector<std::string> &sources, const Options &options)
    : options_(options)
    , set_(std::make_unique<PictureSet>(
          sources, evaluation_split(sources),
          PictureSet::Options{
              .side = 0, .cache_bytes = kCacheBytes, .labelled = false, .option = options.option}))
    , places_(spaced_places(set_->size(), options.count, options.seed)) {}

std::string StylizationPictures::name(std::size_t index) const {
    return std::filesystem::path(set_->name(places_[index])).stem().string();
}

bool StylizationPictures::measurable(std::size_t index, const FloatPicture &picture) {
    if (!options_.check_size) return true;
    try {
        options_.check_size(picture.width, picture.height);
        return true;
    } catch (const Error &error) {
        const auto line = set_->name(places_[index]) + ": " + error.what();
        if (std::ranges::find(unfit_, line) == unfit_.end()) unfit_.push_back(line);
        return false;
    }
}

std::optional<FloatPicture> StylizationPictures::get(std::size_t index) {
    const auto found = set_->get(places_[index]);
    if (found.index != places_[index]) return std::nullopt;
    auto picture = to_float(options_.extent == 0 ? *found.picture : resized(*found.picture, options_.extent));
    if (!measurable(index, picture)) return std::nullopt;
    return picture;
}

std::vector<std::string> StylizationPictures::skipped() const {
    auto out = set_->skipped();
    out.insert(out.end(), unfit_.begin(), unfit_.end());
    return out;
}

} // namespace mirra::trainer
