// Random valid graphs: many nodes that share weights, wide layers, concatenations, transposed convolutions.
#pragma once

#include "mirra/error.hpp"
#include "mirra/graph.hpp"

#include <algorithm>
#include <random>

namespace mirra::test {

class RandomGraph {
  public:
    struct Options {
        std::size_t nodes = 24;
        std::int64_t height = 128, width = 160; ///< at which every node must have a pixel
        std::int64_t most_channels = 48;
        bool keeps_size = false; ///< the only output, "image", is a picture of the input's size
    };

    RandomGraph(std::uint64_t seed, const Options &options) : random_(seed), options_(options) {
        graph_.name.append("random").append(std::to_string(seed));
        graph_.inputs = {{"image", 3}};
        values_.push_back({"image", {1, 3, options.height, options.width}});
    }

    graph::Graph make() {
        for (int tries = 0; graph_.nodes.size() < options_.nodes && tries < 4000; ++tries) try_one();
        if (options_.keeps_size)
            finish_picture();
        else
            finish_outputs();
        graph::validate(graph_);
        return graph_;
    }

  private:
    using Op = graph::Op;
    struct Value {
        std::string name;
        graph::Shape shape;
    };

    std::int64_t between(std::int64_t low, std::int64_t high) {
        return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
    }
    bool chance(double share) { return std::uniform_real_distribution<double>(0, 1)(random_) < share; }
    template<class T> T one_of(std::initializer_list<T> items) {
        return *(items.begin() + between(0, static_cast<std::int64_t>(items.size()) - 1));
    }
    /// Rather a late one, so that graphs are deep.
    const Value &pick() {
        const auto last = static_cast<std::int64_t>(values_.size()) - 1;
        return values_[static_cast<std::size_t>(chance(0.6) ? last : between(0, last))];
    }

    graph::Node node(Op op, std::vector<std::string> inputs) {
        graph::Node out;
        out.name.append("n").append(std::to_string(count_++));
        out.op = op;
        out.inputs = std::move(inputs);
        return out;
    }

    /// Tensors of one shape are one, more often than not.
    void give_weights(graph::Node &made) {
        for (const auto &info : graph::op_info(made.op).weights) {
            if (!info.required && chance(0.5)) continue;
            std::string name(info.role);
            for (const auto extent : info.shape(made)) name.append("_").append(std::to_string(extent));
            if (chance(0.3)) name.append("_").append(made.name);
            if (info.role.starts_with("running")) name.append(".running_var");
            made.weights[std::string(info.role)] = std::move(name);
        }
    }

    bool append(graph::Node made, const std::vector<graph::Shape> &inputs) {
        give_weights(made);
        graph::Shape shape;
        try {
            shape = graph::op_info(made.op).shape(made, inputs);
        } catch (const Error &) {
            return false;
        }
        std::int64_t elements = 1;
        for (const auto extent : shape) elements *= extent;
        if (elements > 8 * options_.height * options_.width * options_.most_channels) return false;
        values_.push_back({made.name, shape});
        graph_.nodes.push_back(std::move(made));
        return true;
    }

    void try_one() {
        const Value x = pick();
        if (x.shape.size() != 4) return;
        switch (between(0, 15)) {
        case 0:
        case 1:
        case 2:
        case 3:
        case 4:
            return try_convolution(x);
        case 5:
            return try_transposed(x);
        case 6: {
            auto norm = node(Op::batch_norm, {x.name});
            norm.attributes["channels"] = x.shape[1];
            append(norm, {x.shape});
            return;
        }
        case 7:
        case 8:
            append(node(one_of({Op::relu, Op::leaky_relu, Op::tanh, Op::sigmoid}), {x.name}), {x.shape});
            return;
        case 9:
        case 10:
            return try_joining(x);
        case 11:
            return try_cutting(x);
        default:
            return options_.keeps_size ? try_convolution(x) : try_resizing(x);
        }
    }

    void try_convolution(const Value &x) {
        auto made = node(Op::conv2d, {x.name});
        const auto kernel = one_of<std::int64_t>({1, 3, 3, 3, 5});
        const bool grouped = chance(0.15);
        const auto outputs =
            grouped ? x.shape[1] : one_of<std::int64_t>({1, 3, 8, 16, 17, 32, options_.most_channels});
        made.attributes = {{"in_channels", x.shape[1]},
                           {"out_channels", outputs},
                           {"kernel", kernel},
                           {"padding", kernel / 2}};
        if (grouped) made.attributes["groups"] = x.shape[1];
        if (!options_.keeps_size && chance(0.2)) made.attributes["stride"] = std::int64_t{2};
        append(made, {x.shape});
    }

    void try_transposed(const Value &x) {
        auto made = node(Op::conv_transpose2d, {x.name});
        const auto outputs = one_of<std::int64_t>({1, 3, 4, 16, 24});
        made.attributes = {{"in_channels", x.shape[1]}, {"out_channels", outputs}};
        const bool same = options_.keeps_size || chance(0.3);
        made.attributes["kernel"] = std::int64_t{same ? 3 : 4};
        made.attributes["stride"] = std::int64_t{same ? 1 : 2};
        made.attributes["padding"] = std::int64_t{1};
        append(made, {x.shape});
    }

    void try_joining(const Value &x) {
        std::vector<const Value *> fitting;
        const bool adds = chance(0.5);
        for (const auto &value : values_)
            if (value.shape.size() == 4 && value.shape[2] == x.shape[2] && value.shape[3] == x.shape[3] &&
                (!adds || value.shape[1] == x.shape[1]))
                fitting.push_back(&value);
        std::vector<std::string> names;
        std::vector<graph::Shape> shapes;
        const auto parts = adds ? 2 : between(2, 6);
        for (std::int64_t i = 0; i < parts; ++i) {
            const auto *value =
                fitting[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(fitting.size()) - 1))];
            names.push_back(value->name);
            shapes.push_back(value->shape);
        }
        append(node(adds ? Op::add : Op::concat, names), shapes);
    }

    void try_cutting(const Value &x) {
        auto slice = node(Op::channel_slice, {x.name});
        const auto begin = between(0, x.shape[1] - 1);
        slice.attributes = {{"begin", begin}, {"end", between(begin + 1, x.shape[1])}};
        append(slice, {x.shape});
    }

    void try_resizing(const Value &x) {
        const auto op =
            one_of({Op::max_pool, Op::avg_pool, Op::upsample_nearest, Op::upsample_nearest,
                    Op::reflection_pad, Op::crop, Op::normalise, Op::haar_analysis, Op::haar_synthesis});
        auto made = node(op, {x.name});
        if (op == Op::max_pool || op == Op::avg_pool)
            made.attributes = {{"kernel", std::int64_t{2}}, {"stride", between(1, 2)}};
        if (op == Op::upsample_nearest) made.attributes = {{"factor", std::int64_t{2}}};
        if (op == Op::reflection_pad || op == Op::crop)
            made.attributes = {{"left", between(0, 2)},
                               {"right", between(0, 2)},
                               {"top", between(0, 2)},
                               {"bottom", between(0, 2)}};
        if (op == Op::normalise)
            made.attributes = {{"mean", std::vector<double>{-1}}, {"deviation", std::vector<double>{2}}};
        append(made, {x.shape});
    }

    void finish_picture() {
        Value last = values_.back();
        for (auto at = values_.rbegin(); at != values_.rend(); ++at)
            if (at->shape.size() == 4 && at->shape[2] == options_.height && at->shape[3] == options_.width) {
                last = *at;
                break;
            }
        auto made = node(Op::conv2d, {last.name});
        made.attributes = {{"in_channels", last.shape[1]},
                           {"out_channels", std::int64_t{3}},
                           {"kernel", std::int64_t{3}},
                           {"padding", std::int64_t{1}}};
        append(made, {last.shape});
        graph_.outputs = {{"image", values_.back().name}};
    }

    void finish_outputs() {
        if (chance(0.3)) add_head();
        graph_.outputs.push_back({"last", values_.back().name});
        for (std::int64_t i = between(0, 2); i > 0; --i)
            graph_.outputs.push_back({std::string("also").append(std::to_string(i)), pick().name});
    }

    void add_head() {
        const Value x = values_.back();
        if (x.shape.size() != 4) return;
        auto pool = node(Op::adaptive_avg_pool, {x.name});
        pool.attributes["extent"] = std::int64_t{4};
        if (!append(pool, {x.shape})) return;
        const Value pooled = values_.back();
        if (!append(node(Op::flatten, {pooled.name}), {pooled.shape})) return;
        const Value flat = values_.back();
        auto linear = node(Op::linear, {flat.name});
        linear.attributes = {{"in_channels", flat.shape[1]}, {"out_channels", between(16, 2048)}};
        append(linear, {flat.shape});
    }

    std::mt19937_64 random_;
    Options options_;
    graph::Graph graph_;
    std::vector<Value> values_;
    std::size_t count_ = 0;
};

} // namespace mirra::test
