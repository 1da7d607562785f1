// How close pictures come to others: PSNR, SSIM, LPIPS and the Gram loss.
#pragma once

#include "core/graph_module.hpp"
#include "eval/float_picture.hpp"
#include "eval/statistics.hpp"
#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Pictures one behind the other as {N, 3, height, width}. All of one size, at least one.
torch::Tensor to_tensor(const std::vector<FloatPicture> &pictures);

/// A picture [3, H, W] as floats.
FloatPicture to_picture(const torch::Tensor &picture);

/// Adds pictures of one shape, both [N, 3, H, W] in [0, 1], on any device.
void add(Similarity &similarity, const torch::Tensor &pictures, const torch::Tensor &references);

/// A distance over learned features (Zhang et al. 2018), from weights that the user has. One thread.
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

/// torchvision's layout (configuration E) behind ImageNet's mean and deviation: "image" [N,3,H,W] in [0,1] ->
/// "relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1" (64, 128, 256, 512, 512 channels). Weights
/// `features.N.{weight,bias}`. Extents: at least 16.
graph::Graph vgg19_features();

/// @param weights  torchvision's vgg19 as .pth, .safetensors or a bundle; what lies behind conv5_1 may be
/// missing
/// @throws Error mismatch (lists the tensors that are missing or misshapen) | as importer::read_state_dict()
std::shared_ptr<GraphModule> load_vgg19(const std::filesystem::path &weights);

/// What the Gram loss (Table 9) looks at in one layer.
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
