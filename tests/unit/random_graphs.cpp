// Random valid networks.
#include "random_graphs.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <cmath>

namespace mirra::test {

using graph::Op;

namespace {

constexpr std::int64_t kMostChannels = 9;

graph::Attribute whole(std::int64_t value) {
    return graph::Attribute(value);
}

} // namespace

RandomNetwork::RandomNetwork(Dice &dice, std::string name, std::string prefix)
    : dice_(dice)
    , prefix_(std::move(prefix)) {
    graph_.name = std::move(name);
}

void RandomNetwork::input(const std::string &name, std::int64_t channels) {
    graph_.inputs.push_back({name, channels});
    value_ = name;
    channels_ = channels;
}

void RandomNetwork::join_inputs() {
    std::vector<std::string> names;
    channels_ = 0;
    for (const graph::Input &each : graph_.inputs) {
        names.push_back(each.name);
        channels_ += each.channels;
    }
    value_ = add(Op::concat, names);
}

std::string RandomNetwork::add(Op op, std::vector<std::string> inputs, Attributes attributes) {
    const std::string name = prefix_ + std::to_string(graph_.nodes.size());
    graph::Node node{name, op, std::move(inputs), std::move(attributes), {}};
    for (const auto &info : graph::op_info(op).weights)
        if (info.required || dice_.chance(0.5))
            node.weights[std::string(info.role)] = name + "." + std::string(info.role);
    graph_.nodes.push_back(std::move(node));
    return name;
}

void RandomNetwork::then(Op op, Attributes attributes) {
    value_ = add(op, {value_}, std::move(attributes));
}

void RandomNetwork::pad_for(std::int64_t reach, std::int64_t stride) {
    const auto all = reach - stride;
    const auto left = dice_.between(0, all), top = dice_.between(0, all);
    then(Op::reflection_pad, {{"left", whole(left)},
                              {"right", whole(all - left)},
                              {"top", whole(top)},
                              {"bottom", whole(all - top)}});
}

void RandomNetwork::conv(std::int64_t out, std::int64_t stride) {
    const auto kernel = dice_.between(stride, stride + 3);
    const auto dilation = stride == 1 ? dice_.between(1, 2) : 1;
    const auto groups = channels_ % 2 == 0 && out % 2 == 0 && dice_.chance(0.3) ? 2 : 1;
    const auto reach = dilation * (kernel - 1) + 1;
    const bool even = stride == 1 && reach % 2 == 1 && dice_.chance(0.5);
    if (!even && reach > stride) pad_for(reach, stride);
    then(Op::conv2d, {{"in_channels", whole(channels_)},
                      {"out_channels", whole(out)},
                      {"kernel", whole(kernel)},
                      {"stride", whole(stride)},
                      {"padding", whole(even ? reach / 2 : 0)},
                      {"dilation", whole(dilation)},
                      {"groups", whole(groups)}});
    channels_ = out;
    scale_ *= stride;
}

void RandomNetwork::pool(std::int64_t stride) {
    const auto kernel = dice_.between(stride, stride + 2);
    if (kernel > stride) pad_for(kernel, stride);
    then(dice_.chance(0.5) ? Op::max_pool : Op::avg_pool,
         {{"kernel", whole(kernel)}, {"stride", whole(stride)}, {"padding", whole(0)}});
    scale_ *= stride;
}

/// Takes rows and columns away and gives as many back, elsewhere.
void RandomNetwork::shift() {
    const auto columns = dice_.between(0, 12), rows = dice_.between(0, 12);
    const auto left = dice_.between(0, columns), top = dice_.between(0, rows);
    then(Op::crop, {{"left", whole(left)},
                    {"right", whole(columns - left)},
                    {"top", whole(top)},
                    {"bottom", whole(rows - top)}});
    const auto before = dice_.between(0, columns), above = dice_.between(0, rows);
    then(Op::reflection_pad, {{"left", whole(before)},
                              {"right", whole(columns - before)},
                              {"top", whole(above)},
                              {"bottom", whole(rows - above)}});
}

void RandomNetwork::curve() {
    switch (dice_.between(0, 5)) {
    case 0:
        return then(Op::relu);
    case 1:
        return then(Op::leaky_relu, {{"slope", dice_.real()}});
    case 2:
        return then(Op::tanh);
    case 3:
        return then(Op::sigmoid);
    case 4:
        return then(Op::batch_norm, {{"channels", whole(channels_)}});
    default:
        const std::vector<double> mean(static_cast<std::size_t>(channels_), dice_.real() - 0.5);
        return then(Op::normalise, {{"mean", mean}, {"deviation", std::vector<double>(mean.size(), 0.7)}});
    }
}

/// Two ways of one value, added or side by side.
void RandomNetwork::branch() {
    const std::string other = value_;
    const auto before = channels_;
    conv(dice_.chance(0.5) ? channels_ : dice_.between(1, 4));
    if (channels_ == before) {
        value_ = add(Op::add, {value_, other});
    } else {
        value_ = add(Op::concat, {other, value_});
        channels_ += before;
    }
}

void RandomNetwork::narrow() {
    if (channels_ < 2) return curve();
    const auto begin = dice_.between(0, channels_ - 2), end = dice_.between(begin + 1, channels_);
    then(Op::channel_slice, {{"begin", whole(begin)}, {"end", whole(end)}});
    channels_ = end - begin;
}

void RandomNetwork::layer(std::int64_t largest_scale) {
    if (channels_ > kMostChannels) conv(dice_.between(1, kMostChannels));
    const auto stride = dice_.between(2, 3);
    const bool reduces = scale_ * stride <= largest_scale;
    switch (dice_.between(0, 9)) {
    case 0:
    case 1:
        return conv(dice_.between(1, 6), reduces ? stride : 1);
    case 2:
        return pool(reduces ? stride : 1);
    case 3:
        return branch();
    case 4:
        return shift();
    case 5:
        return narrow();
    case 6:
        if (scale_ * 2 > largest_scale) return curve();
        then(Op::haar_analysis);
        channels_ *= 4;
        scale_ *= 2;
        return;
    default:
        return curve();
    }
}

void RandomNetwork::wild_layer() {
    const auto some = [&](std::int64_t most) { return whole(dice_.between(0, most)); };
    const auto sides = [&] {
        const auto most = dice_.one_of(std::vector<std::int64_t>{1, 5, 40});
        return Attributes{
            {"left", some(most)}, {"right", some(most)}, {"top", some(most)}, {"bottom", some(most)}};
    };
    const auto window = [&] {
        return Attributes{{"kernel", whole(dice_.between(2, 5))},
                          {"stride", whole(dice_.between(1, 3))},
                          {"padding", some(1)}};
    };
    const auto with_channels = [&](Attributes attributes) {
        const auto out = dice_.between(1, 4);
        attributes["in_channels"] = whole(channels_);
        attributes["out_channels"] = whole(out);
        channels_ = out;
        return attributes;
    };
    switch (dice_.between(0, 9)) {
    case 0:
        return then(Op::crop, sides());
    case 1:
        return then(Op::reflection_pad, sides());
    case 2:
        return then(Op::conv2d, with_channels(window()));
    case 3:
        return then(Op::conv_transpose2d, with_channels(window()));
    case 4:
        return then(Op::max_pool, window());
    case 5:
        return then(Op::avg_pool, window());
    case 6:
        return then(Op::global_avg_pool);
    case 7:
        return then(Op::adaptive_avg_pool, {{"extent", whole(dice_.between(1, 40))}});
    case 8:
        return then(Op::upsample_nearest, {{"factor", whole(dice_.between(1, 3))}});
    default:
        then(Op::haar_analysis);
        channels_ *= 4;
    }
}

void RandomNetwork::enlarge_by(std::int64_t factor) {
    const auto way = dice_.between(0, 2);
    if (way == 0) {
        then(Op::upsample_nearest, {{"factor", whole(factor)}});
    } else if (way == 1 && factor == 2) {
        conv(4 * dice_.between(1, 3));
        then(Op::haar_synthesis);
        channels_ /= 4;
    } else {
        const auto padding = dice_.between(0, 1), behind = dice_.between(0, 1), out = dice_.between(1, 5);
        then(Op::conv_transpose2d, {{"in_channels", whole(channels_)},
                                    {"out_channels", whole(out)},
                                    {"kernel", whole(factor + 2 * padding - behind)},
                                    {"stride", whole(factor)},
                                    {"padding", whole(padding)},
                                    {"output_padding", whole(behind)}});
        channels_ = out;
    }
    scale_ /= factor;
}

void RandomNetwork::enlarge() {
    while (scale_ > 1) {
        enlarge_by(scale_ % 2 == 0 ? 2 : 3);
        if (dice_.chance(0.5)) layer(0);
    }
}

void RandomNetwork::finish_with(std::int64_t channels) {
    conv(channels);
    const auto way = dice_.between(0, 3);
    if (way == 0) then(Op::sigmoid);
    if (way == 1) {
        then(Op::tanh);
        then(Op::normalise, {{"mean", std::vector<double>{-1}}, {"deviation", std::vector<double>{2}}});
    }
}

bool RandomNetwork::crops() const {
    return std::ranges::find(graph_.nodes, Op::crop, &graph::Node::op) != graph_.nodes.end();
}

graph::Graph RandomNetwork::done() const {
    graph::validate(graph_);
    return graph_;
}

bundle::Weights random_weights_of(Dice &dice, const std::map<std::string, graph::Graph> &graphs) {
    const double strange = dice.chance(0.1) ? 0.02 : 0;
    const std::vector<float> values{3e38F, -3e38F, 1e20F, 1e-42F};
    bundle::Weights weights;
    for (const auto &[graph_name, graph] : graphs)
        for (const auto &[name, shape] : graph::weight_shapes(graph)) {
            if (weights.contains(name)) continue;
            double count = 1;
            for (const std::int64_t extent : shape) count *= static_cast<double>(extent);
            const double spread =
                shape.size() < 2 ? 0.2 : 3 / std::sqrt(count / static_cast<double>(shape[0]));
            auto &tensor = weights[name];
            tensor.shape = shape;
            for (double i = 0; i < count; ++i) {
                const double plain = spread * (dice.real() - 0.5);
                const bool variance = name.ends_with("running_var");
                tensor.values.push_back(strange > 0 && dice.chance(strange) ? dice.one_of(values)
                                        : variance ? static_cast<float>(std::abs(plain) + 0.1)
                                                   : static_cast<float>(plain));
            }
        }
    return weights;
}

namespace {

graph::Graph generator_for(Dice &dice, const std::string &tap, std::int64_t channels, std::int64_t scale,
                           double wild) {
    RandomNetwork network(dice, "generator-" + tap, "g." + tap + ".");
    network.input("features", channels);
    network.set_scale(scale);
    for (auto layers = dice.between(0, 2); layers > 0; --layers) network.layer(0);
    network.enlarge();
    if (dice.chance(wild)) network.wild_layer();
    network.finish_with(3);
    network.output("image");
    return network.done();
}

} // namespace

std::map<std::string, graph::Graph> random_autoencoders(Dice &dice, const std::vector<std::string> &taps,
                                                        bool alone) {
    const double wild = dice.chance(0.3) ? 0.5 : 0;
    std::map<std::string, graph::Graph> graphs;
    RandomNetwork encoder(dice, "encoder", "e.");
    encoder.input("image", 3);
    for (const std::string &tap : taps) {
        for (auto layers = dice.between(1, 3); layers > 0; --layers)
            dice.chance(wild) ? encoder.wild_layer() : encoder.layer(12);
        encoder.output(tap);
        graphs["generator-" + tap] = generator_for(dice, tap, encoder.channels(), encoder.scale(), wild);
    }
    graphs["encoder"] = encoder.done();
    for (const std::string &tap : taps) {
        auto first = graph::part_of(graphs["encoder"], tap, "features");
        first.name = "encoder-" + tap;
        auto both = graph::chain(first, graphs["generator-" + tap], "autoencoder-" + tap);
        if (dice.chance(0.1)) { // one that has nothing to do with its parts
            RandomNetwork other(dice, both.name, "o." + tap + ".");
            other.input("image", 3);
            other.finish_with(3);
            other.output("image");
            both = other.done();
        }
        graphs[both.name] = std::move(both);
        if (alone) graphs[first.name] = std::move(first);
    }
    return graphs;
}

} // namespace mirra::test
