// Runs a denoiser bundle on one picture, in tiles, as the plugin does.
#pragma once

#include "mirra/bundle.hpp"
#include "mirra/runtime.hpp"
#include "mirra/tiling.hpp"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace mirra::trainer {

/// A float picture, height x width x 3.
struct FloatPicture {
    std::int32_t width = 0, height = 0;
    std::vector<float> values;
};

class BundleDenoiser {
  public:
    /// @throws Error not_found (no graph "denoiser") | as Module::compile
    BundleDenoiser(const bundle::Bundle &bundle, runtime::Precision precision, const std::string &device);
    /// @param noise_level sigma in units of 1 if it is told to the network; else it finds it out
    FloatPicture run(const FloatPicture &noisy, std::optional<double> noise_level) const;

  private:
    runtime::TensorPtr input(const graph::Input &port, const FloatPicture &noisy, const runtime::Rect &rect,
                             std::optional<double> noise_level) const;
    graph::Graph graph_;
    std::shared_ptr<runtime::Executable> executable_;
    runtime::Precision precision_;
    std::string device_;
};

} // namespace mirra::trainer
