// Places in one long row of pixels, computed and gathered on the device.
#include "data/device_pictures.hpp"

#include "core/device.hpp"
#include "log/log.hpp"

#include <algorithm>
#include <array>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kChannels = 3;

std::int64_t pixels_of(const image::Image &picture) {
    return std::int64_t{picture.width()} * picture.height();
}

} // namespace

DevicePictures::DevicePictures(const torch::Device &device, std::uint64_t most_bytes)
    : device_(device)
    , most_pixels_(static_cast<std::int64_t>(most_bytes / kChannels))
    , pixels_(torch::empty({0, kChannels}, torch::dtype(at::kByte).device(device))) {}

/// To twice the room at least, so that few copies are made.
bool DevicePictures::grow(std::int64_t pixels) {
    constexpr std::int64_t kFirst = std::int64_t{1} << 24;
    const auto wanted = used_ + pixels;
    if (wanted > most_pixels_) return false;
    try {
        const auto room = std::min(most_pixels_, std::max({wanted, 2 * pixels_.size(0), kFirst}));
        const auto wider = torch::empty({room, kChannels}, pixels_.options());
        wider.narrow(0, 0, used_).copy_(pixels_.narrow(0, 0, used_));
        pixels_ = wider;
        return true;
    } catch (const c10::OutOfMemoryError &) {
        return false;
    }
}

bool DevicePictures::hold(const CropCut &cut) {
    if (first_.contains(cut.index)) return true;
    const auto &picture = *cut.picture;
    const auto pixels = pixels_of(picture);
    if (used_ + pixels > pixels_.size(0) && !grow(pixels)) return false;
    const auto bytes =
        torch::from_blob(const_cast<std::byte *>(picture.bytes().data()), {pixels, kChannels}, at::kByte);
    pixels_.narrow(0, used_, pixels).copy_(bytes, true);
    first_[cut.index] = used_;
    used_ += pixels;
    return true;
}

std::optional<torch::Tensor> DevicePictures::cut(std::span<const CropCut> cuts, std::int64_t crop) {
    if (!takes_) return std::nullopt;
    const auto count = std::ssize(cuts);
    constexpr std::int64_t kNumbers = 8;
    const auto numbers = torch::empty({kNumbers, count, 1, 1}, at::kLong);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto &each = cuts[static_cast<std::size_t>(i)];
        if (!hold(each)) {
            takes_ = false;
            log_warning("the pictures do not fit into the device's memory; crops are cut by the processor");
            return std::nullopt;
        }
        const std::array<std::int64_t, kNumbers> all{
            first_.at(each.index), each.picture->width(), each.picture->height(), each.left, each.top,
            each.flip_x ? 1 : 0,   each.flip_y ? 1 : 0,   each.turn ? 1 : 0};
        auto *place = numbers.mutable_data_ptr<std::int64_t>() + i;
        for (std::int64_t k = 0; k < kNumbers; ++k) place[k * count] = all[static_cast<std::size_t>(k)];
    }
    const auto of = sent(numbers, device_).unbind(0);
    const auto &first = of[0], &width = of[1], &height = of[2], &left = of[3], &top = of[4];
    const auto flip_x = of[5] > 0, flip_y = of[6] > 0, turn = of[7] > 0;
    const auto along = torch::arange(crop, numbers.options().device(device_));
    const auto x = along.view({1, -1}), y = along.view({-1, 1});
    const auto u = torch::where(turn, y, x), v = torch::where(turn, x, y);
    const auto column = (left + torch::where(flip_x, crop - 1 - u, u)).clamp_min(0).minimum(width - 1);
    const auto row = (top + torch::where(flip_y, crop - 1 - v, v)).clamp_min(0).minimum(height - 1);
    return pixels_.index_select(0, (first + row * width + column).flatten())
        .view({count, crop, crop, kChannels});
}

} // namespace mirra::trainer
