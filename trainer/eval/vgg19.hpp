// VGG-19 up to conv5_1, from published weights that the user has.
#pragma once

#include "core/graph_module.hpp"

#include <filesystem>
#include <memory>

namespace mirra::trainer {

/// torchvision's layout (configuration E) behind ImageNet's mean and deviation: "image" [N,3,H,W] in [0,1] ->
/// "relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1" (64, 128, 256, 512, 512 channels). Weights
/// `features.N.{weight,bias}`. Extents: at least 16.
graph::Graph vgg19_features();

/// @param weights  torchvision's vgg19 as .pth, .safetensors or a bundle; what lies behind conv5_1 may be
/// missing
/// @throws Error mismatch (lists the tensors that are missing or misshapen) | as importer::read_state_dict()
std::shared_ptr<GraphModule> load_vgg19(const std::filesystem::path &weights);

} // namespace mirra::trainer
