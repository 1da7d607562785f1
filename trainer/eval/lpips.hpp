// LPIPS: a distance of pictures over learned features (Zhang et al. 2018), from weights that the user has.
#pragma once

#include "core/graph_module.hpp"
#include "eval/float_picture.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace mirra::trainer {

/// One thread.
class Lpips {
  public:
    /// @param bundle  made by `mirra-train import --arch lpips-alex | lpips-vgg`
    /// @throws Error not_found | mismatch
    Lpips(const std::filesystem::path &bundle, const torch::Device &device);
    /// 0 for equal pictures; the larger, the less alike. Both of one size.
    /// @throws Error mismatch for pictures that are too small for the network (AlexNet: below 64 px)
    double distance(const FloatPicture &a, const FloatPicture &b);

  private:
    torch::Device device_;
    std::shared_ptr<GraphModule> taps_;
    std::vector<std::shared_ptr<GraphModule>> weightings_; ///< by tap
};

} // namespace mirra::trainer
