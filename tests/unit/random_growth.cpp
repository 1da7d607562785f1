// Free graphs: nodes over any earlier ones, as far as they fit a size.
#include "mirra/error.hpp"
#include "random_graphs.hpp"

#include <optional>

namespace mirra::test {

using graph::Op;

namespace {

class Growth {
  public:
    Growth(Dice &dice, const Freedom &freedom) : dice_(dice), freedom_(freedom) {
        graph_.name = "random";
        graph_.inputs = {{"image", 3}};
        values_.push_back({"image", {1, 3, freedom.height, freedom.width}});
    }

    graph::Graph make() {
        constexpr int kMostTries = 4000;
        for (int tries = 0; graph_.nodes.size() < freedom_.nodes && tries < kMostTries; ++tries) try_one();
        if (freedom_.keeps_size)
            finish_picture();
        else
            finish_outputs();
        graph::validate(graph_);
        return graph_;
    }

  private:
    struct Value {
        std::string name;
        graph::Shape shape;
    };

    /// Rather a late one, so that graphs are deep.
    const Value &pick() { return dice_.chance(0.6) ? values_.back() : dice_.one_of(values_); }

    /// Tensors of one shape are one, more often than not.
    void give_weights(graph::Node &node) {
        for (const auto &info : graph::op_info(node.op).weights) {
            if (!info.required && dice_.chance(0.5)) continue;
            std::string name(info.role);
            for (const auto extent : info.shape(node)) name.append("_").append(std::to_string(extent));
            if (dice_.chance(0.3)) name.append("_").append(node.name);
            if (info.role.starts_with("running")) name.append(".running_var");
            node.weights[std::string(info.role)] = std::move(name);
        }
    }

    bool fits(const graph::Shape &shape) const {
        const bool same = shape.size() == 4 && shape[2] == freedom_.height && shape[3] == freedom_.width;
        std::int64_t elements = 1;
        for (const auto extent : shape) elements *= extent;
        return (same || !freedom_.keeps_size) &&
               elements <= 8 * freedom_.height * freedom_.width * freedom_.most_channels;
    }

    bool append(Op op, const std::vector<Value> &inputs, Attributes attributes = {}) {
        graph::Node node{"n" + std::to_string(graph_.nodes.size()), op, {}, std::move(attributes), {}};
        std::vector<graph::Shape> shapes;
        for (const Value &input : inputs) {
            node.inputs.push_back(input.name);
            shapes.push_back(input.shape);
        }
        graph::Shape shape;
        try {
            shape = graph::op_info(op).shape(node, shapes);
        } catch (const Error &) {
            return false;
        }
        if (!fits(shape)) return false;
        give_weights(node);
        values_.push_back({node.name, std::move(shape)});
        graph_.nodes.push_back(std::move(node));
        return true;
    }

    void try_one() {
        const std::vector<Op> ops{Op::conv2d,
                                  Op::conv2d,
                                  Op::conv2d,
                                  Op::conv2d,
                                  Op::conv2d,
                                  Op::conv2d,
                                  Op::conv_transpose2d,
                                  Op::batch_norm,
                                  Op::relu,
                                  Op::leaky_relu,
                                  Op::tanh,
                                  Op::sigmoid,
                                  Op::add,
                                  Op::concat,
                                  Op::channel_slice,
                                  Op::max_pool,
                                  Op::avg_pool,
                                  Op::global_avg_pool,
                                  Op::upsample_nearest,
                                  Op::reflection_pad,
                                  Op::crop,
                                  Op::normalise,
                                  Op::haar_analysis,
                                  Op::haar_synthesis,
                                  Op::prelu,
                                  Op::silu,
                                  Op::gelu,
                                  Op::multiply,
                                  Op::scale,
                                  Op::layer_norm,
                                  Op::pixel_shuffle,
                                  Op::pixel_unshuffle,
                                  Op::upsample_bilinear};
        const Value x = pick();
        if (x.shape.size() != 4) return;
        const Op op = dice_.one_of(ops);
        if (op == Op::add || op == Op::multiply)
            pair(op, x);
        else if (op == Op::concat)
            join(x);
        else
            append(op, {x}, random_attributes(dice_, op, x.shape[1], freedom_.most_channels));
    }

    /// Any value of those that are there whose shape is right.
    template<class Right> std::optional<Value> one_that(const Right &right) {
        std::vector<Value> fitting;
        for (const Value &value : values_)
            if (value.shape.size() == 4 && right(value.shape)) fitting.push_back(value);
        return fitting.empty() ? std::nullopt : std::optional(dice_.one_of(fitting));
    }

    void join(const Value &x) {
        std::vector<Value> inputs;
        for (auto parts = dice_.between(2, 6); parts > 0; --parts)
            inputs.push_back(*one_that(
                [&](const graph::Shape &shape) { return shape[2] == x.shape[2] && shape[3] == x.shape[3]; }));
        append(Op::concat, inputs);
    }

    /// With one as large, or with one value for each channel or for each place.
    void pair(Op op, const Value &x) {
        const bool smaller = dice_.chance(0.3);
        const auto second = one_that([&](const graph::Shape &shape) {
            if (!smaller) return shape == x.shape;
            return shape != x.shape && (shape == graph::Shape{1, x.shape[1], 1, 1} ||
                                        shape == graph::Shape{1, 1, x.shape[2], x.shape[3]});
        });
        if (second)
            append(op, dice_.chance(0.5) && !smaller ? std::vector{*second, x} : std::vector{x, *second});
    }

    void finish_picture() {
        const Value last = values_.back();
        append(Op::conv2d, {last},
               {{"in_channels", last.shape[1]},
                {"out_channels", std::int64_t{3}},
                {"kernel", std::int64_t{3}},
                {"padding", std::int64_t{1}}});
        graph_.outputs = {{"image", values_.back().name}};
    }

    void finish_outputs() {
        if (dice_.chance(0.3)) add_head();
        graph_.outputs.push_back({"last", values_.back().name});
        for (auto i = dice_.between(0, 2); i > 0; --i)
            graph_.outputs.push_back({"also" + std::to_string(i), pick().name});
    }

    void add_head() {
        for (const Op op : {Op::adaptive_avg_pool, Op::flatten, Op::linear}) {
            const Value x = values_.back();
            auto attributes = random_attributes(dice_, op, x.shape[1], freedom_.most_channels);
            if (op == Op::adaptive_avg_pool) attributes["extent"] = std::int64_t{4};
            if (!append(op, {x}, std::move(attributes))) return;
        }
    }

    Dice &dice_;
    const Freedom &freedom_;
    graph::Graph graph_;
    std::vector<Value> values_;
};

} // namespace

graph::Graph random_graph(Dice &dice, const Freedom &freedom) {
    return Growth(dice, freedom).make();
}

} // namespace mirra::test
