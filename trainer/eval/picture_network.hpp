// Runs a bundle's graph on one picture, in tiles, as the plugins do.
#pragma once

#include "eval/float_picture.hpp"
#include "mirra/bundle.hpp"
#include "mirra/runtime.hpp"
#include "mirra/tiling.hpp"

#include <memory>
#include <optional>
#include <span>

namespace mirra::trainer {

/// A graph from "image" to "image" of one size, with an input "noise_level" if it has one. Thread-safe.
class PictureNetwork {
  public:
    /// @throws Error not_found (no such graph) | as Module::compile
    PictureNetwork(const bundle::Bundle &bundle, const std::string &graph, runtime::Precision precision,
                   const std::string &device);
    /// @param noise_level  sigma in units of 1 if it is told to the network; else it finds it out
    [[nodiscard]] FloatPicture run(const FloatPicture &picture,
                                   std::optional<double> noise_level = std::nullopt) const;

  private:
    runtime::TensorPtr input(const graph::Input &port, const FloatPicture &picture, const runtime::Rect &rect,
                             std::optional<double> noise_level) const;
    graph::Graph graph_;
    std::shared_ptr<runtime::Executable> executable_;
    runtime::Precision precision_;
    std::string device_;
};

} // namespace mirra::trainer
