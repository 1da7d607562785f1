// What trainings of generators on a frozen encoder have in common.
#pragma once

#include "data/picture_set.hpp"
#include "eval/similarity.hpp"
#include "runtime/torch/libtorch.hpp"
#include "tasks/command.hpp"

#include <functional>
#include <vector>

namespace mirra::trainer {

struct GeneratorCommand : RunCommand {
    std::filesystem::path encoder;             ///< bundle with the graph "encoder"
    std::vector<std::string> data, validation; ///< folders at any depth, or cifar10:DIR
};

/// Declares these. `command` must outlive `sub`.
void add_generator_options(CLI::App &sub, GeneratorCommand &command);

/// Them with their values, for words_of().
std::vector<std::pair<std::string, std::string>> options_of(const GeneratorCommand &command);

class GraphModule;

/// Where the generator ends in batch norm and ReLU of three channels and a convolution of them, makes that
/// convolution pass each channel on and shifts the batch norm, so that nearly all of a picture's range lies
/// where the ReLU lets it through. From random weights channels die there, and the pictures stay gray
/// (docs/explanation/method.md).
/// @returns whether it ends so; any other ending is left as it is
bool start_color_tail(GraphModule &generator);

struct ReconstructionOptions {
    std::int64_t pictures = 100; ///< at most, spread over the set, which may be in the order of its classes
    std::int64_t extent = 0;
    torch::Device device = torch::kCPU;
};

/// PSNR and SSIM of `reconstruct`'s pictures. Those that cannot be read are left out.
/// @param reconstruct  [N, 3, extent, extent] in [0, 1] -> the same, called without gradients
Similarity reconstruction_similarity(PictureSet &set, const ReconstructionOptions &options,
                                     const std::function<torch::Tensor(const torch::Tensor &)> &reconstruct);

} // namespace mirra::trainer
