// Decoded pictures in the memory of a device, from which crops are cut there.
#pragma once

#include "data/loaders.hpp"
#include "runtime/torch/libtorch.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace mirra::trainer {

/// Each picture is brought there once, when a crop of it is cut first. One thread, but for takes().
class DevicePictures {
  public:
    /// @param most_bytes  of pictures
    DevicePictures(const torch::Device &device, std::uint64_t most_bytes);

    /// Whether pictures fit; once they do not, crops are cut elsewhere from there on.
    [[nodiscard]] bool takes() const { return takes_; }
    /// The crops as bytes [N, crop, crop, 3], the same as by cut_crop(); nothing where a picture does not
    /// fit.
    std::optional<torch::Tensor> cut(std::span<const CropCut> cuts, std::int64_t crop);

  private:
    bool hold(const CropCut &cut);
    bool grow(std::int64_t pixels);

    torch::Device device_;
    std::int64_t most_pixels_;
    std::atomic<bool> takes_ = true;
    torch::Tensor pixels_; ///< bytes [capacity, 3], one picture behind the other
    std::int64_t used_ = 0;
    std::map<std::int64_t, std::int64_t> first_; ///< picture of the set -> its first pixel
};

} // namespace mirra::trainer
