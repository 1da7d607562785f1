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

Attributes convolution(Dice &dice, std::int64_t channels, std::int64_t most_channels) {
    const auto kernel = dice.between(1, 5), stride = dice.chance(0.7) ? 1 : dice.between(2, 3);
    const auto dilation = dice.chance(0.8) ? 1 : dice.between(2, 3);
    const bool even = dice.chance(0.7), depthwise = dice.chance(0.15);
    const auto out = depthwise ? channels : dice.chance(0.2) ? most_channels : dice.between(1, most_channels);
    return {{"in_channels", whole(channels)},
            {"out_channels", whole(out)},
            {"kernel", whole(kernel)},
            {"stride", whole(stride)},
            {"padding", whole(even ? dilation * (kernel - 1) / 2 : dice.between(0, 1))},
            {"dilation", whole(dilation)},
            {"groups", whole(depthwise ? channels : 1)}};
}

Attributes transposed(Dice &dice, std::int64_t channels, std::int64_t most_channels) {
    const auto stride = dice.between(1, 3), padding = dice.between(0, 1);
    const auto kernel = dice.chance(0.5) ? stride + 2 * padding : dice.between(2, 5);
    return {{"in_channels", whole(channels)},
            {"out_channels", whole(dice.between(1, most_channels))},
            {"kernel", whole(kernel)},
            {"stride", whole(stride)},
            {"padding", whole(padding)}};
}

Attributes sides(Dice &dice) {
    const auto most = dice.one_of(std::vector<std::int64_t>{1, 5, 40});
    const auto some = [&] { return whole(dice.between(0, most)); };
    return {{"left", some()}, {"right", some()}, {"top", some()}, {"bottom", some()}};
}

} // namespace

Attributes random_attributes(Dice &dice, Op op, std::int64_t channels, std::int64_t most_channels) {
    switch (op) {
    case Op::conv2d:
        return convolution(dice, channels, most_channels);
    case Op::conv_transpose2d:
        return transposed(dice, channels, most_channels);
    case Op::batch_norm:
    case Op::layer_norm:
    case Op::scale:
    case Op::prelu:
        return {{"channels", whole(channels)}};
    case Op::gelu:
        return {{"approximate", whole(dice.between(0, 1))}};
    case Op::leaky_relu:
        return {{"slope", dice.real()}};
    case Op::max_pool:
    case Op::avg_pool:
        return {{"kernel", whole(dice.between(2, 5))},
                {"stride", whole(dice.between(1, 3))},
                {"padding", whole(dice.between(0, 1))}};
    case Op::adaptive_avg_pool:
        return {{"extent", whole(dice.between(1, 40))}};
    case Op::upsample_nearest:
    case Op::upsample_bilinear:
    case Op::pixel_shuffle:
    case Op::pixel_unshuffle:
        return {{"factor", whole(dice.between(1, 3))}};
    case Op::reflection_pad:
    case Op::crop:
        return sides(dice);
    case Op::normalise: {
        const std::vector<double> mean(static_cast<std::size_t>(dice.chance(0.5) ? channels : 1),
                                       dice.real() - 0.5);
        return {{"mean", mean}, {"deviation", std::vector<double>(mean.size(), 0.7)}};
    }
    case Op::channel_slice: {
        const auto begin = dice.between(0, channels - 1);
        return {{"begin", whole(begin)}, {"end", whole(dice.between(begin + 1, channels))}};
    }
    case Op::linear:
        return {{"in_channels", whole(channels)}, {"out_channels", whole(dice.between(1, 2048))}};
    default:
        return {};
    }
}

NetworkGrower::NetworkGrower(Dice &dice, std::string name, std::string prefix)
    : dice_(dice)
    , prefix_(std::move(prefix)) {
    graph_.name = std::move(name);
}

void NetworkGrower::input(const std::string &name, std::int64_t channels) {
    graph_.inputs.push_back({name, channels});
    value_ = name;
    channels_ = channels;
}

void NetworkGrower::join_inputs() {
    std::vector<std::string> names;
    channels_ = 0;
    for (const graph::Input &each : graph_.inputs) {
        names.push_back(each.name);
        channels_ += each.channels;
    }
    value_ = add(Op::concat, names);
}

std::string NetworkGrower::add(Op op, std::vector<std::string> inputs, Attributes attributes) {
    const std::string name = prefix_ + std::to_string(graph_.nodes.size());
    graph::Node node{name, op, std::move(inputs), std::move(attributes), {}};
    for (const auto &info : graph::op_info(op).weights)
        if (info.required || dice_.chance(0.5))
            node.weights[std::string(info.role)] = name + "." + std::string(info.role);
    graph_.nodes.push_back(std::move(node));
    return name;
}

void NetworkGrower::then(Op op, Attributes attributes) {
    value_ = add(op, {value_}, std::move(attributes));
}

void NetworkGrower::pad_for(std::int64_t reach, std::int64_t stride) {
    const auto all = reach - stride;
    const auto left = dice_.between(0, all), top = dice_.between(0, all);
    then(Op::reflection_pad, {{"left", whole(left)},
                              {"right", whole(all - left)},
                              {"top", whole(top)},
                              {"bottom", whole(all - top)}});
}

void NetworkGrower::conv(std::int64_t out, std::int64_t stride) {
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

void NetworkGrower::pool(std::int64_t stride) {
    const auto kernel = dice_.between(stride, stride + 2);
    if (kernel > stride) pad_for(kernel, stride);
    then(dice_.chance(0.5) ? Op::max_pool : Op::avg_pool,
         {{"kernel", whole(kernel)}, {"stride", whole(stride)}, {"padding", whole(0)}});
    scale_ *= stride;
}

/// Takes rows and columns away and gives as many back, elsewhere.
void NetworkGrower::shift() {
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

void NetworkGrower::curve() {
    const std::vector<Op> ops{Op::relu,       Op::leaky_relu, Op::tanh,       Op::sigmoid,
                              Op::batch_norm, Op::normalise,  Op::layer_norm, Op::scale,
                              Op::prelu,      Op::silu,       Op::gelu};
    const Op op = dice_.one_of(ops);
    then(op, random_attributes(dice_, op, channels_, channels_));
}

/// Two ways of one value, added, multiplied or side by side.
void NetworkGrower::branch() {
    const std::string other = value_;
    const auto before = channels_;
    conv(dice_.chance(0.5) ? channels_ : dice_.between(1, 4));
    const Op op = dice_.chance(0.6) ? Op::add : Op::multiply;
    if (channels_ == before) {
        value_ = add(op, {value_, other});
    } else if (channels_ == 1) {
        value_ = add(op, {other, value_});
        channels_ = before;
    } else {
        value_ = add(Op::concat, {other, value_});
        channels_ += before;
    }
}

void NetworkGrower::narrow() {
    if (channels_ < 2) return curve();
    const auto begin = dice_.between(0, channels_ - 2), end = dice_.between(begin + 1, channels_);
    then(Op::channel_slice, {{"begin", whole(begin)}, {"end", whole(end)}});
    channels_ = end - begin;
}

void NetworkGrower::layer(std::int64_t largest_scale) {
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
        if (scale_ * stride > largest_scale) return curve();
        if (stride == 2 && dice_.chance(0.5))
            then(Op::haar_analysis);
        else
            then(Op::pixel_unshuffle, {{"factor", whole(stride)}});
        channels_ *= stride * stride;
        scale_ *= stride;
        return;
    default:
        return curve();
    }
}

void NetworkGrower::wild_layer() {
    constexpr std::int64_t kMostWild = 4;
    const std::vector<Op> ops{Op::crop,
                              Op::reflection_pad,
                              Op::conv2d,
                              Op::conv_transpose2d,
                              Op::max_pool,
                              Op::avg_pool,
                              Op::global_avg_pool,
                              Op::adaptive_avg_pool,
                              Op::upsample_nearest,
                              Op::upsample_bilinear,
                              Op::haar_analysis};
    const Op op = dice_.one_of(ops);
    const auto attributes = random_attributes(dice_, op, channels_, kMostWild);
    const auto out = attributes.find("out_channels");
    if (out != attributes.end()) channels_ = std::get<std::int64_t>(out->second);
    if (op == Op::haar_analysis) channels_ *= 4;
    then(op, attributes);
}

void NetworkGrower::enlarge_by(std::int64_t factor) {
    const auto way = dice_.between(0, 4);
    if (way == 0) {
        then(Op::upsample_nearest, {{"factor", whole(factor)}});
    } else if (way == 3) {
        then(Op::upsample_bilinear, {{"factor", whole(factor)}});
    } else if (way == 4) {
        conv(factor * factor * dice_.between(1, 3));
        then(Op::pixel_shuffle, {{"factor", whole(factor)}});
        channels_ /= factor * factor;
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

void NetworkGrower::enlarge() {
    while (scale_ > 1) {
        enlarge_by(scale_ % 2 == 0 ? 2 : 3);
        if (dice_.chance(0.5)) layer(0);
    }
}

void NetworkGrower::finish_with(std::int64_t channels) {
    conv(channels);
    const auto way = dice_.between(0, 3);
    if (way == 0) then(Op::sigmoid);
    if (way == 1) {
        then(Op::tanh);
        then(Op::normalise, {{"mean", std::vector<double>{-1}}, {"deviation", std::vector<double>{2}}});
    }
}

graph::Graph NetworkGrower::done() const {
    graph::validate(graph_);
    return graph_;
}

bundle::Weights random_weights_of(Dice &dice, const std::map<std::string, graph::Graph> &graphs) {
    const double strange = dice.chance(0.1) ? 0.02 : 0;
    const std::vector<float> values{3e38F, -3e38F, 1e20F, 1e-42F};
    Dice own = dice.of_values();
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
                const double plain = spread * (own.real() - 0.5);
                const bool variance = name.ends_with("running_var");
                tensor.values.push_back(strange > 0 && own.chance(strange) ? own.one_of(values)
                                        : variance ? static_cast<float>(std::abs(plain) + 0.1)
                                                   : static_cast<float>(plain));
            }
        }
    return weights;
}

namespace {

graph::Graph generator_for(Dice &dice, const std::string &tap, std::int64_t channels, std::int64_t scale,
                           double wild) {
    NetworkGrower network(dice, "generator-" + tap, "g." + tap + ".");
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
    NetworkGrower encoder(dice, "encoder", "e.");
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
            NetworkGrower other(dice, both.name, "o." + tap + ".");
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
