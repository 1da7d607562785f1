// A Graph as a torch::nn::Module: autograd, batch statistics, spectral norm.
#pragma once

#include "core/spectral_norm.hpp"
#include "mirra/bundle.hpp"
#include "mirra/graph.hpp"
#include "runtime/torch/libtorch.hpp"

#include <torch/nn/module.h>

#include <map>
#include <string>
#include <vector>

namespace mirra::trainer {

class GraphModule : public torch::nn::Module {
  public:
    struct Options {
        std::vector<std::string> spectral_norm = {}; ///< prefixes of convolution weights that are normalised
        std::vector<std::string> zero_init = {};     ///< prefixes of weights that start at zero
        std::vector<std::string> dropout = {}; ///< nodes whose input is dropped at random while training
        double dropout_probability = 0.5;
        bool channels_last = true; ///< memory format of convolution weights
    };

    /// Weights are initialised as LibTorch's layers do (Kaiming uniform, a = sqrt 5), from the global
    /// generator.
    GraphModule(graph::Graph graph, const Options &options);

    /// @param inputs  by graph input name, NCHW
    /// @returns outputs by name
    std::map<std::string, torch::Tensor> forward(const std::map<std::string, torch::Tensor> &inputs);

    using torch::nn::Module::load;
    /// Copies weights in by name. @throws Error not_found | mismatch
    void load(const bundle::Bundle &bundle);
    /// The same from weights that are in no bundle yet. @throws Error not_found | mismatch
    void load(const bundle::Weights &weights);
    /// Copies all weights whose names begin with a prefix. @throws Error not_found | mismatch
    void load_all(const bundle::Bundle &bundle, const std::string &prefix);
    /// Copies all weights but those named. @throws Error not_found | mismatch
    void load_except(const bundle::Bundle &bundle, const std::vector<std::string> &names);
    /// Excludes weights with these name prefixes from training.
    void freeze(const std::vector<std::string> &prefixes);
    /// Whether batch norm uses the running statistics in training mode too, and leaves them as they are.
    void freeze_statistics(bool frozen) { statistics_frozen_ = frozen; }
    /// The weights as a pass in evaluation mode uses them, detached, by name.
    [[nodiscard]] std::map<std::string, torch::Tensor> effective_weights() const;
    /// fp32 weights by name for a bundle; spectral norm folded in with the stored vectors.
    [[nodiscard]] bundle::Weights weights() const;
    /// Everything that training changes (parameters, running statistics, power-iteration vectors) by name.
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const;
    /// Trainable tensors in a fixed order.
    [[nodiscard]] std::vector<torch::Tensor> trainable() const;
    [[nodiscard]] const graph::Graph &graph() const { return graph_; }

  private:
    void create(const graph::Node &node, const Options &options);
    void create_spectral(const graph::Node &node, const std::string &name, const torch::Tensor &weight);
    torch::Tensor effective(const std::string &name);

    graph::Graph graph_;
    std::vector<std::string> dropout_;
    double dropout_probability_;
    bool statistics_frozen_ = false;
    std::map<std::string, torch::Tensor> tensors_;
    std::map<std::string, SpectralNorm> spectral_;
};

} // namespace mirra::trainer
