// Common options, the start of a colour tail, and reconstructions of a set.
#include "tasks/generator.hpp"

#include "core/graph_module.hpp"
#include "data/evenly_spaced.hpp"
#include "data/loaders.hpp"
#include "eval/classifier.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace mirra::trainer {

void add_generator_options(CLI::App &sub, GeneratorCommand &command) {
    sub.add_option("--encoder", command.encoder, "Bundle with the encoder, which stays as it is")->required();
    sub.add_option("--data", command.data,
                   "Folders of pictures, searched to any depth (train/ and val/ where there are), or "
                   "cifar10:DIR")
        ->required();
    sub.add_option("--validation", command.validation,
                   "The same, for validation [val/ or test/ of --data, else a part of it]");
}

std::vector<std::pair<std::string, std::string>> options_of(const GeneratorCommand &command) {
    std::vector<std::pair<std::string, std::string>> out{{"--encoder", command.encoder.string()}};
    for (const auto &source : command.data) out.emplace_back("--data", source);
    for (const auto &source : command.validation) out.emplace_back("--validation", source);
    return out;
}

namespace {

constexpr std::int64_t kColors = 3;
// With tanh behind it, a picture's values lie about 0.5 around 0: after the ReLU, 0.5 around 1.
constexpr double kDeviation = 0.5, kShift = 1;

const graph::Node *producer(const graph::Graph &graph, const std::string &value) {
    const auto found = std::ranges::find(graph.nodes, value, &graph::Node::name);
    return found == graph.nodes.end() ? nullptr : &*found;
}

/// The node that gives `node` its input, if it is this op.
const graph::Node *before(const graph::Graph &graph, const graph::Node *node, graph::Op op) {
    const auto *found = node ? producer(graph, node->inputs.front()) : nullptr;
    return found && found->op == op ? found : nullptr;
}

} // namespace

bool start_color_tail(GraphModule &generator) {
    const auto &graph = generator.graph();
    const auto last = std::ranges::find_if(graph.nodes.rbegin(), graph.nodes.rend(), [](const auto &node) {
        return node.op == graph::Op::conv2d || node.op == graph::Op::conv_transpose2d;
    });
    if (last == graph.nodes.rend() || last->op != graph::Op::conv2d || !last->weights.contains("bias"))
        return false;
    const auto *norm = before(graph, before(graph, &*last, graph::Op::relu), graph::Op::batch_norm);
    auto state = generator.state();
    auto &kernel = state.at(last->weights.at("weight"));
    if (!norm || kernel.size(0) != kColors || kernel.size(1) != kColors || kernel.size(2) % 2 == 0)
        return false;
    const torch::NoGradGuard no_grad;
    const auto middle = kernel.size(2) / 2;
    kernel.zero_();
    kernel.select(3, middle).select(2, middle).copy_(torch::eye(kColors));
    state.at(last->weights.at("bias")).fill_(-kShift);
    state.at(norm->weights.at("weight")).fill_(kDeviation);
    state.at(norm->weights.at("bias")).fill_(kShift);
    return true;
}

Similarity reconstruction_similarity(PictureSet &set, const ReconstructionOptions &options,
                                     const std::function<torch::Tensor(const torch::Tensor &)> &reconstruct) {
    constexpr std::int64_t kBatch = 25;
    const torch::NoGradGuard no_grad;
    Similarity similarity;
    const auto count = std::min(options.pictures, set.size());
    for (std::int64_t begin = 0; begin < count; begin += kBatch) {
        std::vector<std::int64_t> indices;
        for (auto i = begin; i < std::min(begin + kBatch, count); ++i)
            indices.push_back(evenly_spaced(i, count, set.size()));
        const auto batch = evaluation_batch(set, indices, options.extent);
        if (batch.labels.empty()) continue;
        const auto images = to_images(batch, options.device).contiguous(at::MemoryFormat::ChannelsLast);
        add(similarity, reconstruct(images), images);
    }
    return similarity;
}

} // namespace mirra::trainer
