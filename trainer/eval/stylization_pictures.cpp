// Choosing and loading pictures.
#include "eval/stylization_pictures.hpp"

#include "core/random.hpp"
#include "data/evaluation_split.hpp"
#include "eval/evaluation_pictures.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <filesystem>

namespace mirra::trainer {
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
    , set_(std::make_unique<ClassSet>(
          sources, evaluation_split(sources),
          ClassSet::Options{
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
