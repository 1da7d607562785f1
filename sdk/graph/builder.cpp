// A weight is called NODE.ROLE, as in the published state dicts.
#include "mirra/graph.hpp"

#include <utility>

namespace mirra::graph {

std::string Builder::append(Op op, std::vector<std::string> inputs, std::string name,
                            std::map<std::string, Attribute> attributes) {
    if (name.empty()) name = std::string(op_info(op).name) + "_" + std::to_string(graph_.nodes.size());
    Node node{.name = name,
              .op = op,
              .inputs = std::move(inputs),
              .attributes = std::move(attributes),
              .weights = {}};
    for (const auto &info : op_info(op).weights)
        if (info.required) node.weights[std::string(info.role)] = name + "." + std::string(info.role);
    graph_.nodes.push_back(std::move(node));
    return name;
}

std::string Builder::input(std::string name, std::int64_t channels) {
    graph_.inputs.push_back({name, channels});
    return name;
}

std::string Builder::conv2d(const std::string &x, const Conv &conv, std::string name) {
    name = append(Op::conv2d, {x}, std::move(name),
                  {{"in_channels", conv.in},
                   {"out_channels", conv.out},
                   {"kernel", conv.kernel},
                   {"stride", conv.stride},
                   {"padding", conv.padding}});
    if (conv.bias) graph_.nodes.back().weights["bias"] = name + ".bias";
    return name;
}

std::string Builder::conv_transpose2d(const std::string &x, const Conv &conv, std::string name) {
    name = append(Op::conv_transpose2d, {x}, std::move(name),
                  {{"in_channels", conv.in},
                   {"out_channels", conv.out},
                   {"kernel", conv.kernel},
                   {"stride", conv.stride},
                   {"padding", conv.padding}});
    if (conv.bias) graph_.nodes.back().weights["bias"] = name + ".bias";
    return name;
}

std::string Builder::batch_norm(const std::string &x, std::int64_t channels, std::string name) {
    return append(Op::batch_norm, {x}, std::move(name), {{"channels", channels}});
}

std::string Builder::linear(const std::string &x, std::int64_t in, std::int64_t out, std::string name) {
    name = append(Op::linear, {x}, std::move(name), {{"in_channels", in}, {"out_channels", out}});
    graph_.nodes.back().weights["bias"] = name + ".bias";
    return name;
}

std::string Builder::relu(const std::string &x, std::string name) {
    return append(Op::relu, {x}, std::move(name));
}
std::string Builder::leaky_relu(const std::string &x, double slope, std::string name) {
    return append(Op::leaky_relu, {x}, std::move(name), {{"slope", slope}});
}
std::string Builder::tanh(const std::string &x, std::string name) {
    return append(Op::tanh, {x}, std::move(name));
}
std::string Builder::sigmoid(const std::string &x, std::string name) {
    return append(Op::sigmoid, {x}, std::move(name));
}

std::string Builder::max_pool(const std::string &x, std::int64_t kernel, std::int64_t stride,
                              std::string name) {
    return append(Op::max_pool, {x}, std::move(name), {{"kernel", kernel}, {"stride", stride}});
}

std::string Builder::global_avg_pool(const std::string &x, std::string name) {
    return append(Op::global_avg_pool, {x}, std::move(name));
}

std::string Builder::adaptive_avg_pool(const std::string &x, std::int64_t extent, std::string name) {
    return append(Op::adaptive_avg_pool, {x}, std::move(name), {{"extent", extent}});
}

std::string Builder::flatten(const std::string &x, std::string name) {
    return append(Op::flatten, {x}, std::move(name));
}

std::string Builder::concat(std::vector<std::string> inputs, std::string name) {
    return append(Op::concat, std::move(inputs), std::move(name));
}

std::string Builder::add(const std::string &a, const std::string &b, std::string name) {
    return append(Op::add, {a, b}, std::move(name));
}

std::string Builder::channel_slice(const std::string &x, std::int64_t begin, std::int64_t end,
                                   std::string name) {
    return append(Op::channel_slice, {x}, std::move(name), {{"begin", begin}, {"end", end}});
}

std::string Builder::upsample_nearest(const std::string &x, std::int64_t factor, std::string name) {
    return append(Op::upsample_nearest, {x}, std::move(name), {{"factor", factor}});
}

std::string Builder::reflection_pad(const std::string &x, std::int64_t left, std::int64_t right,
                                    std::int64_t top, std::int64_t bottom, std::string name) {
    return append(Op::reflection_pad, {x}, std::move(name),
                  {{"left", left}, {"right", right}, {"top", top}, {"bottom", bottom}});
}

std::string Builder::crop(const std::string &x, std::int64_t left, std::int64_t right, std::int64_t top,
                          std::int64_t bottom, std::string name) {
    return append(Op::crop, {x}, std::move(name),
                  {{"left", left}, {"right", right}, {"top", top}, {"bottom", bottom}});
}

std::string Builder::normalise(const std::string &x, std::vector<double> mean, std::vector<double> deviation,
                               std::string name) {
    return append(Op::normalise, {x}, std::move(name),
                  {{"mean", std::move(mean)}, {"deviation", std::move(deviation)}});
}

std::string Builder::haar_analysis(const std::string &x, std::string name) {
    return append(Op::haar_analysis, {x}, std::move(name));
}

std::string Builder::haar_synthesis(const std::string &x, std::string name) {
    return append(Op::haar_synthesis, {x}, std::move(name));
}

void Builder::output(std::string name, std::string source) {
    graph_.outputs.push_back({std::move(name), std::move(source)});
}

Graph Builder::finish() const {
    validate(graph_);
    return graph_;
}

} // namespace mirra::graph
