// The Gram loss between two pictures: how far the statistics of their features are apart (Table 9,
// docs/explanation/method.md).
#pragma once

#include "core/graph_module.hpp"
#include "eval/float_picture.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

/// What the loss looks at in one layer.
struct LayerStatistics {
    torch::Tensor mean; ///< {C}, of each channel over its places
    torch::Tensor gram; ///< {C, C}, F F^T / (C H W)
};
/// @param features  {1, C, H, W}
LayerStatistics layer_statistics(const torch::Tensor &features);
/// Mean squared difference of the means plus that of the Gram matrices; pictures may differ in size.
double gram_distance(const LayerStatistics &a, const LayerStatistics &b);

/// A fixed network over whose layers pictures are compared. One thread.
class GramNetwork {
  public:
    /// All taps of a bundle's graph "encoder". @throws Error not_found | mismatch | as Bundle::open()
    static GramNetwork of_encoder(const std::filesystem::path &bundle, const torch::Device &device);
    /// relu1_1, relu2_1, relu3_1, relu4_1, relu5_1 of VGG-19. @param weights  see load_vgg19()
    static GramNetwork of_vgg19(const std::filesystem::path &weights, const torch::Device &device);

    [[nodiscard]] const std::string &name() const { return name_; }
    /// The network is told apart from another of the same name.
    void rename(std::string name) { name_ = std::move(name); }
    [[nodiscard]] std::vector<std::string> layers() const;
    /// @throws Error mismatch for a picture on which a layer has no pixel left
    void check_size(std::int64_t width, std::int64_t height) const;
    /// Layer by layer. @throws Error mismatch
    [[nodiscard]] std::vector<LayerStatistics> statistics(const FloatPicture &picture) const;

  private:
    GramNetwork(std::string name, std::shared_ptr<GraphModule> network, const torch::Device &device);

    std::string name_;
    std::shared_ptr<GraphModule> network_;
    torch::Device device_;
};

} // namespace mirra::trainer
