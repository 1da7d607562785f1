// A store over a store.
#include "data/square_pictures.hpp"

#include "core/random.hpp"
#include "host/resample.hpp"

namespace mirra::trainer {
namespace {

class SquarePictures final : public PictureStore {
  public:
    SquarePictures(std::unique_ptr<PictureStore> store, std::int64_t extent)
        : store_(std::move(store))
        , extent_(extent) {}
    [[nodiscard]] std::int64_t size() const override { return store_->size(); }
    [[nodiscard]] std::int32_t label(std::int64_t index) const override { return store_->label(index); }
    [[nodiscard]] std::string name(std::int64_t index) const override { return store_->name(index); }
    [[nodiscard]] const std::vector<std::string> &classes() const override { return store_->classes(); }
    [[nodiscard]] std::uint64_t fingerprint() const override {
        return mix(store_->fingerprint() ^ static_cast<std::uint64_t>(extent_));
    }
    [[nodiscard]] image::Image decode(std::int64_t index, std::int64_t) const override {
        return squared(store_->decode(index, 0), extent_);
    }
    [[nodiscard]] image::Image original(std::int64_t index) const override { return store_->original(index); }

  private:
    std::unique_ptr<PictureStore> store_;
    std::int64_t extent_;
};

} // namespace

image::Image squared(const image::Image &picture, std::int64_t extent) {
    if (picture.width() == extent && picture.height() == extent) return picture;
    const auto side = static_cast<std::int32_t>(extent);
    std::vector<float> values(static_cast<std::size_t>(extent * extent * 3));
    host::load_resampled(host::see(picture.view()), extent, extent, {0, 0, extent, extent}, 3, values);
    image::Image out(side, side, 3, image::SampleType::u8);
    image::scatter({values, side, side, 3}, 0, 0, out.view(), {0, 0, side, side});
    return out;
}

std::unique_ptr<PictureStore> square_pictures(std::unique_ptr<PictureStore> store, std::int64_t extent) {
    return std::make_unique<SquarePictures>(std::move(store), extent);
}

} // namespace mirra::trainer
