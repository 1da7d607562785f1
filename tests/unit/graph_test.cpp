// The graph: shapes, validation, alignment, receptive field, Mirra's own architecture.
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "mirra/geometry.hpp"
#include "mirra/graph_work.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace mirra;
using namespace mirra::graph;

template<typename Body> ErrorCode code_of(Body &&body) {
    try {
        body();
    } catch (const Error &error) {
        return error.code();
    }
    return ErrorCode::internal;
}

Shape run_shape(const Graph &graph, const std::string &name, Shape input) {
    return infer_shapes(graph, {{graph.inputs[0].name, std::move(input)}}).at(name);
}

/// A node with the weights that its op needs.
Node node_of(const std::string &name, Op op, std::vector<std::string> inputs,
             std::map<std::string, Attribute> attributes) {
    Node node{.name = name,
              .op = op,
              .inputs = std::move(inputs),
              .attributes = std::move(attributes),
              .weights = {}};
    for (const auto &info : op_info(op).weights)
        if (info.required) node.weights[std::string(info.role)] = name + "." + std::string(info.role);
    return node;
}

/// A one-op graph for testing what an op does to shapes and intervals.
Graph single(Op op, std::map<std::string, Attribute> attributes, std::int64_t channels) {
    return {.name = "g",
            .inputs = {{"x", channels}},
            .nodes = {node_of("n", op, {"x"}, std::move(attributes))},
            .outputs = {{"y", "n"}}};
}

TEST(OpTable, NamesAreUniqueAndFound) {
    std::set<std::string_view> names;
    for (const auto &op : ops()) {
        EXPECT_TRUE(names.insert(op.name).second) << op.name;
        EXPECT_EQ(op_info(op.name).op, op.op);
    }
    EXPECT_EQ(code_of([] { op_info("attention"); }), ErrorCode::unsupported);
}

TEST(Shapes, OfEveryWindowOp) {
    const auto conv = single(Op::conv2d,
                             {{"in_channels", std::int64_t{3}},
                              {"out_channels", std::int64_t{64}},
                              {"kernel", std::int64_t{11}},
                              {"stride", std::int64_t{4}},
                              {"padding", std::int64_t{2}}},
                             3);
    EXPECT_EQ(run_shape(conv, "n", {2, 3, 224, 300}), (Shape{2, 64, 55, 74}));
    const auto up = single(Op::conv_transpose2d,
                           {{"in_channels", std::int64_t{8}},
                            {"out_channels", std::int64_t{4}},
                            {"kernel", std::int64_t{4}},
                            {"stride", std::int64_t{2}},
                            {"padding", std::int64_t{1}}},
                           8);
    EXPECT_EQ(run_shape(up, "n", {1, 8, 7, 5}), (Shape{1, 4, 14, 10}));
    const auto pool = single(Op::max_pool, {{"kernel", std::int64_t{3}}, {"stride", std::int64_t{2}}}, 4);
    EXPECT_EQ(run_shape(pool, "n", {1, 4, 55, 13}), (Shape{1, 4, 27, 6}));
    const auto pad = single(Op::reflection_pad, {{"left", std::int64_t{2}}, {"bottom", std::int64_t{1}}}, 4);
    EXPECT_EQ(run_shape(pad, "n", {1, 4, 5, 6}), (Shape{1, 4, 6, 8}));
    EXPECT_EQ(run_shape(single(Op::haar_analysis, {}, 4), "n", {1, 4, 27, 55}), (Shape{1, 16, 13, 27}));
    EXPECT_EQ(run_shape(single(Op::haar_synthesis, {}, 8), "n", {1, 8, 3, 4}), (Shape{1, 2, 6, 8}));
    const std::map<std::string, Attribute> by_three{{"factor", std::int64_t{3}}};
    EXPECT_EQ(run_shape(single(Op::pixel_shuffle, by_three, 18), "n", {2, 18, 5, 4}), (Shape{2, 2, 15, 12}));
    EXPECT_EQ(run_shape(single(Op::pixel_unshuffle, by_three, 2), "n", {2, 2, 6, 9}), (Shape{2, 18, 2, 3}));
    EXPECT_EQ(run_shape(single(Op::upsample_bilinear, by_three, 2), "n", {2, 2, 5, 4}),
              (Shape{2, 2, 15, 12}));
}

/// What is said of a graph of three channels with these nodes; empty: it is valid.
std::string refusal_of(std::vector<Node> nodes) {
    const auto last = nodes.back().name;
    try {
        validate({.name = "g", .inputs = {{"x", 3}}, .nodes = std::move(nodes), .outputs = {{"y", last}}});
        return {};
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::corrupt);
        return error.what() + (" (" + error.subject() + ")");
    }
}

/// Runtimes join neighbours by what each states of itself, before any size is known.
TEST(Validation, ChannelsThatTheNextOpDoesNotTakeAreRefusedWithoutASize) {
    using Attributes = std::map<std::string, Attribute>;
    const std::int64_t many = 65536;
    const Attributes to_sixteen{
        {"in_channels", std::int64_t{3}}, {"out_channels", std::int64_t{16}}, {"kernel", std::int64_t{1}}};
    const auto conv = node_of("conv", Op::conv2d, {"x"}, to_sixteen);
    EXPECT_EQ(refusal_of({conv}), "");
    EXPECT_EQ(
        refusal_of({conv, node_of("norm", Op::batch_norm, {"conv"}, {{"channels", many}})}),
        "graph: operations do not fit together: batch_norm: needs 65536 channels, got [1, 16, H, W] (norm)");
    for (const auto op : {Op::batch_norm, Op::layer_norm, Op::scale, Op::prelu})
        EXPECT_NE(refusal_of({conv, node_of("n", op, {"conv"}, {{"channels", std::int64_t{15}}})}), "");
    EXPECT_NE(refusal_of({conv, node_of("n", Op::conv2d, {"conv"}, to_sixteen)}), "");
    EXPECT_NE(refusal_of({conv, node_of("n", Op::conv_transpose2d, {"conv"}, to_sixteen)}), "");
    EXPECT_NE(refusal_of({conv, node_of("n", Op::normalise, {"conv"},
                                        {{"mean", std::vector<double>{1, 2}},
                                         {"deviation", std::vector<double>{1, 2}}})}),
              "");
    EXPECT_EQ(
        refusal_of({conv, node_of("n", Op::add, {"conv", "x"}, {})}),
        "graph: operations do not fit together: add: inputs differ: [1, 16, H, W] and [1, 3, H, W] (n)");
    EXPECT_NE(refusal_of({conv, node_of("n", Op::channel_slice, {"conv"},
                                        {{"begin", std::int64_t{3}}, {"end", std::int64_t{17}}})}),
              "");
    EXPECT_NE(refusal_of({conv, node_of("n", Op::pixel_shuffle, {"conv"}, {{"factor", std::int64_t{3}}})}),
              "");
    EXPECT_NE(refusal_of({node_of("n", Op::haar_synthesis, {"x"}, {})}), "");
    EXPECT_NE(refusal_of({node_of("n", Op::linear, {"x"},
                                  {{"in_channels", std::int64_t{3}}, {"out_channels", std::int64_t{2}}})}),
              "")
        << "a picture is no vector";
    const auto flat = node_of("flat", Op::flatten, {"conv"}, {});
    const Attributes of_any{{"in_channels", std::int64_t{160}}, {"out_channels", std::int64_t{10}}};
    const auto classes = node_of("classes", Op::linear, {"flat"}, of_any);
    EXPECT_EQ(refusal_of({conv, flat, classes}), "") << "how long it is hangs on the size";
    EXPECT_NE(refusal_of({conv, flat, classes, node_of("n", Op::linear, {"classes"}, of_any)}), "");
    EXPECT_NE(refusal_of({conv, flat, node_of("n", Op::relu, {"flat"}, {}),
                          node_of("m", Op::conv2d, {"n"}, to_sixteen)}),
              "")
        << "a vector is no picture";
    EXPECT_NE(
        refusal_of({conv, flat, node_of("n", Op::batch_norm, {"flat"}, {{"channels", std::int64_t{16}}})}),
        "");
    EXPECT_NE(refusal_of({conv, flat, node_of("n", Op::add, {"conv", "flat"}, {})}), "");
    EXPECT_NE(refusal_of({conv, flat, node_of("n", Op::concat, {"flat", "conv"}, {})}), "");
    EXPECT_EQ(refusal_of({conv, flat, classes, node_of("n", Op::add, {"classes", "flat"}, {})}), "")
        << "they may be as long";
}

TEST(Validation, NoSizeIsTakenForWrong) {
    EXPECT_EQ(refusal_of({node_of("n", Op::crop, {"x"},
                                  {{"left", std::int64_t{4096}}, {"right", std::int64_t{4096}}})}),
              "");
    EXPECT_EQ(refusal_of({node_of("n", Op::pixel_unshuffle, {"x"}, {{"factor", std::int64_t{61}}})}), "");
    EXPECT_EQ(refusal_of({node_of("small", Op::max_pool, {"x"},
                                  {{"kernel", std::int64_t{256}}, {"stride", std::int64_t{256}}}),
                          node_of("n", Op::concat, {"x", "small"}, {})}),
              "")
        << "where the picture fits, a later look at its size says";
    EXPECT_EQ(refusal_of({node_of("mean", Op::global_avg_pool, {"x"}, {}),
                          node_of("n", Op::multiply, {"x", "mean"}, {})}),
              "");
}

TEST(Shapes, PixelsThatDoNotMakeUpChannelsAreAMismatch) {
    const std::map<std::string, Attribute> by_three{{"factor", std::int64_t{3}}};
    EXPECT_EQ(code_of([&] { run_shape(single(Op::pixel_shuffle, by_three, 8), "n", {1, 8, 6, 6}); }),
              ErrorCode::mismatch);
    for (const auto &shape : {Shape{1, 8, 6, 7}, Shape{1, 8, 7, 6}, Shape{1, 8, 2, 2}})
        EXPECT_EQ(code_of([&] { run_shape(single(Op::pixel_unshuffle, by_three, 8), "n", shape); }),
                  ErrorCode::mismatch);
}

TEST(Shapes, OfTwoValuesTheSecondMayBeOneForEachChannelOrForEachPlace) {
    for (const auto op : {Op::add, Op::multiply}) {
        const Node node{.name = "n", .op = op, .inputs = {"a", "b"}, .attributes = {}, .weights = {}};
        const auto shape = [&](const Shape &a, const Shape &b) {
            const std::vector<Shape> inputs{a, b};
            return op_info(op).shape(node, inputs);
        };
        const Shape picture{2, 4, 6, 5};
        for (const auto &second : {picture, Shape{2, 4, 1, 1}, Shape{2, 1, 6, 5}})
            EXPECT_EQ(shape(picture, second), picture);
        EXPECT_EQ(shape({2, 7}, {2, 7}), (Shape{2, 7}));
        for (const auto &second : {Shape{1, 4, 1, 1}, Shape{2, 1, 1, 1}, Shape{2, 4, 6, 1}, Shape{1, 1, 6, 5},
                                   Shape{2, 4}, Shape{2, 3, 6, 5}})
            EXPECT_EQ(code_of([&] { shape(picture, second); }), ErrorCode::mismatch);
        EXPECT_EQ(code_of([&] { shape({2, 4, 1, 1}, picture); }), ErrorCode::mismatch);
        EXPECT_EQ(code_of([&] { shape({2, 4}, {2, 1}); }), ErrorCode::mismatch);
    }
}

TEST(Shapes, TooSmallOrWrongChannelsIsAMismatchThatNamesTheNode) {
    const auto pool = single(Op::max_pool, {{"kernel", std::int64_t{3}}, {"stride", std::int64_t{2}}}, 4);
    try {
        run_shape(pool, "n", {1, 4, 2, 9});
        FAIL() << "a window larger than the image was accepted";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::mismatch);
        EXPECT_EQ(error.subject(), "n");
    }
    EXPECT_EQ(code_of([&] { run_shape(pool, "n", {1, 3, 9, 9}); }), ErrorCode::mismatch);
}

TEST(Shapes, HugeTensorsAreRefusedBeforeAnythingIsAllocated) {
    const auto up = single(Op::upsample_nearest, {{"factor", std::int64_t{64}}}, 4);
    EXPECT_EQ(code_of([&] { run_shape(up, "n", {1, 4, 1 << 19, 8}); }), ErrorCode::limit);
}

TEST(Validate, RejectsWhatAHostileFileMayHold) {
    const auto good = single(Op::upsample_nearest, {{"factor", std::int64_t{2}}}, 4);
    EXPECT_NO_THROW(validate(good));
    auto cycle = good;
    cycle.nodes[0].inputs = {"n"};
    EXPECT_EQ(code_of([&] { validate(cycle); }), ErrorCode::corrupt);
    auto range = good;
    range.nodes[0].attributes["factor"] = std::int64_t{1'000'000};
    EXPECT_EQ(code_of([&] { validate(range); }), ErrorCode::corrupt);
    auto type = good;
    type.nodes[0].attributes["factor"] = 2.0;
    EXPECT_EQ(code_of([&] { validate(type); }), ErrorCode::corrupt);
    auto unknown = good;
    unknown.nodes[0].attributes["colour"] = std::int64_t{1};
    EXPECT_EQ(code_of([&] { validate(unknown); }), ErrorCode::corrupt);
    auto twice = good;
    twice.nodes.push_back(twice.nodes[0]);
    EXPECT_EQ(code_of([&] { validate(twice); }), ErrorCode::corrupt);
    auto many = good;
    many.nodes.resize(Limits::kNodes + 1, good.nodes[0]);
    EXPECT_EQ(code_of([&] { validate(many); }), ErrorCode::limit);
}

TEST(Validate, RejectsAttributesOutOfTheirRangeOrOfAnotherKind) {
    const std::int64_t one = 1;
    for (const auto &[op, attribute, value] : std::vector<std::tuple<Op, std::string, Attribute>>{
             {Op::gelu, "approximate", one + 1},
             {Op::gelu, "approximate", 1.0},
             {Op::silu, "approximate", one},
             {Op::layer_norm, "epsilon", 0.0},
             {Op::layer_norm, "channels", one - 1},
             {Op::prelu, "channels", 4.0},
             {Op::scale, "channels", one << 40},
             {Op::pixel_shuffle, "factor", one - 1},
             {Op::pixel_unshuffle, "factor", one + 64},
             {Op::upsample_bilinear, "factor", std::vector<double>{2}},
             {Op::multiply, "factor", one}}) {
        SCOPED_TRACE(std::string(op_info(op).name) + " " + attribute);
        auto graph = single(op, {}, op == Op::pixel_shuffle ? 16 : 4);
        graph.nodes[0].inputs.assign(op_info(op).inputs.value.least, "x");
        for (const auto &info : op_info(op).attributes)
            if (!info.fallback) graph.nodes[0].attributes[std::string(info.name)] = std::int64_t{4};
        EXPECT_NO_THROW(validate(graph));
        graph.nodes[0].attributes[attribute] = value;
        EXPECT_EQ(code_of([&] { validate(graph); }), ErrorCode::corrupt);
    }
}

TEST(Validate, InputsOfAllNodesTogetherAreBounded) {
    constexpr std::size_t kInputs = 64;
    const auto joins = [](std::size_t count) {
        Graph graph{.name = "g", .inputs = {{"x", 1}}, .nodes = {}, .outputs = {{"y", "n0"}}};
        for (std::size_t i = 0; i < count; ++i)
            graph.nodes.push_back({.name = "n" + std::to_string(i),
                                   .op = Op::concat,
                                   .inputs = std::vector<std::string>(kInputs, "x"),
                                   .attributes = {},
                                   .weights = {}});
        return graph;
    };
    validate(joins(Limits::kEdges / kInputs));
    EXPECT_EQ(code_of([&] { validate(joins(Limits::kEdges / kInputs + 1)); }), ErrorCode::limit);
}

TEST(Shapes, OneInferenceServesManySizes) {
    const auto graph = wavelet_denoiser({});
    ShapeInference inference(graph);
    for (const std::int64_t extent : {64, 16, 40}) {
        const auto expected =
            infer_shapes(graph, {{"image", {1, 3, extent, 24}}, {"noise_level", {1, 1, extent, 24}}});
        const auto &shapes = inference.infer(std::vector<Shape>{{1, 3, extent, 24}, {1, 1, extent, 24}});
        ASSERT_EQ(shapes.size(), expected.size());
        for (const auto &[name, shape] : expected) EXPECT_EQ(shapes[inference.tensor(name)], shape) << name;
    }
    EXPECT_EQ(code_of([&] { inference.infer(std::vector<Shape>{{1, 2, 8, 8}, {1, 1, 8, 8}}); }),
              ErrorCode::mismatch);
    EXPECT_EQ(code_of([&] { infer_shapes(graph, {{"image", {1, 3, 8, 8}}}); }), ErrorCode::mismatch);
}

TEST(Geometry, FieldOfAStackOfConvolutions) {
    Builder b("stack");
    auto x = b.input("image", 3);
    for (int i = 0; i < 3; ++i) x = b.conv2d(x, {.in = 3, .out = 3}, "c" + std::to_string(i));
    b.output("image", x);
    const auto halo = receptive_field(b.finish());
    EXPECT_EQ(halo.left, 3);
    EXPECT_EQ(halo.bottom, 3);
    EXPECT_FALSE(halo.unbounded);
}

TEST(Geometry, FieldOfTransposedConvolutionAndUpsampling) {
    Builder b("updown");
    auto x = b.input("image", 4);
    x = b.max_pool(x, 2, 2);
    x = b.conv_transpose2d(x, {.in = 4, .out = 4, .kernel = 4, .stride = 2, .padding = 1}, "up");
    b.output("image", x);
    const auto graph = b.finish();
    EXPECT_EQ(alignment(graph), 2);
    // Output pixel 0 takes coarse pixels -1 and 0, that is pixels -2 to 1.
    const auto field = input_interval(graph, "image", false, {0, 0});
    EXPECT_EQ(field.low, -2);
    EXPECT_EQ(field.high, 1);
}

TEST(Geometry, FieldOfAGraphThatEnlarges) {
    Builder b("twice");
    auto x = b.input("image", 3);
    x = b.conv_transpose2d(x, {.in = 3, .out = 3, .kernel = 4, .stride = 2, .padding = 1}, "up");
    x = b.conv2d(x, {.in = 3, .out = 3, .kernel = 5, .padding = 2}, "smooth");
    b.output("image", x);
    // Of pixel 0 the outputs 0 and 1 want enlarged pixels -2 to 3, and so pixels -2 to 2.
    const auto halo = receptive_field(b.finish());
    for (const auto side : {halo.left, halo.top, halo.right, halo.bottom}) EXPECT_EQ(side, 2);
}

TEST(Geometry, FieldOfAGraphThatReduces) {
    Builder b("eighth");
    auto x = b.input("image", 3);
    for (int i = 0; i < 3; ++i) x = b.max_pool(x, 2, 2);
    b.output("features", x);
    const auto halo = receptive_field(b.finish()); // each output has its own eight pixels
    for (const auto side : {halo.left, halo.top, halo.right, halo.bottom}) EXPECT_EQ(side, 0);
}

TEST(Geometry, GlobalPoolingCannotBeTiled) {
    EXPECT_TRUE(receptive_field(single(Op::global_avg_pool, {}, 4)).unbounded);
    Builder b("gated");
    const auto x = b.input("image", 3);
    b.output("image", b.add(x, b.global_avg_pool(x)));
    EXPECT_TRUE(receptive_field(b.finish()).unbounded);
}

Interval field_of(Op op, std::int64_t factor, std::int64_t channels, Interval pixels) {
    return input_interval(single(op, {{"factor", factor}}, channels), "y", false, pixels);
}

TEST(Geometry, FieldsOfChangedPixels) {
    const auto expect = [](Interval field, std::int64_t low, std::int64_t high) {
        EXPECT_EQ(field.low, low);
        EXPECT_EQ(field.high, high);
    };
    expect(field_of(Op::pixel_shuffle, 3, 9, {3, 5}), 1, 1);
    expect(field_of(Op::pixel_shuffle, 3, 9, {-1, 6}), -1, 2);
    expect(field_of(Op::pixel_unshuffle, 3, 1, {-1, 1}), -3, 5);
    // Of the places of pixel 1 the first half lies between it and the one before, the second half behind it.
    expect(field_of(Op::upsample_bilinear, 2, 1, {2, 2}), 0, 1);
    expect(field_of(Op::upsample_bilinear, 2, 1, {3, 3}), 1, 2);
    expect(field_of(Op::upsample_bilinear, 3, 1, {3, 3}), 0, 1);
    expect(field_of(Op::upsample_bilinear, 3, 1, {4, 4}), 1, 1);
    expect(field_of(Op::upsample_bilinear, 3, 1, {5, 5}), 1, 2);
    expect(field_of(Op::upsample_bilinear, 1, 1, {5, 5}), 5, 5);
    EXPECT_EQ(alignment(single(Op::pixel_unshuffle, {{"factor", std::int64_t{3}}}, 1)), 3);
    EXPECT_EQ(alignment(single(Op::pixel_shuffle, {{"factor", std::int64_t{3}}}, 9)), 1);
}

TEST(Geometry, LeastExtentsAreThoseOfEachAxis) {
    Builder b("axes");
    auto x = b.crop(b.input("image", 1), 40, 0, 0, 0);
    x = b.reflection_pad(x, 20, 20, 3, 0);
    b.output("image", x);
    const auto graph = b.finish();
    EXPECT_EQ(minimum_extents(graph), (Extents{.height = 4, .width = 61}));
    EXPECT_EQ(minimum_extent(graph), 61);
    const PictureGrid grid(graph);
    EXPECT_EQ(grid.place({.height = 44, .width = 64}), (Extents{.height = 44, .width = 64}));
    EXPECT_EQ(grid.place({.height = -1, .width = 1}), (Extents{.height = 4, .width = 61}));
}

TEST(Geometry, ExtentsThatNoTensorHasAreRefusedNotRounded) {
    Builder b("plain");
    b.output("image", b.max_pool(b.input("image", 1), 3, 3));
    const auto graph = b.finish();
    const auto extents = PictureGrid(graph).place({.height = INT64_MAX, .width = 4});
    EXPECT_EQ(extents.width, 6);
    EXPECT_EQ(code_of([&] { infer_shapes(graph, {{"image", {1, 1, extents.height, extents.width}}}); }),
              ErrorCode::limit);
}

/// One convolution behind the other, each with the largest window and the largest stride, along a way that
/// the alignment does not follow: the first of two joined inputs says what it goes on with.
Graph multiplied_far_beyond() {
    Builder b("far");
    auto x = b.input("image", 1);
    for (int i = 0; i < 40; ++i) {
        const auto name = std::to_string(i);
        const auto reduced =
            b.conv2d(x, {.in = 1, .out = 1, .kernel = 256, .stride = 256, .padding = 256}, "conv" + name);
        x = b.channel_slice(b.concat({x, reduced}, "join" + name), 0, 1, "slice" + name);
    }
    b.output("image", x);
    return b.finish();
}

TEST(Geometry, FieldsThatReachBeyondEveryTensorAreTheWholeAxis) {
    const auto graph = multiplied_far_beyond();
    const auto field = input_interval(graph, "image", true, {0, INT64_MAX});
    EXPECT_TRUE(field.unbounded);
    EXPECT_EQ(field.low, -kFarthest);
    EXPECT_EQ(field.high, kFarthest);
    EXPECT_TRUE(receptive_field(graph).unbounded);
    EXPECT_EQ(code_of([&] { minimum_extents(graph); }), ErrorCode::mismatch);
}

TEST(Geometry, WhyNoPictureFitsIsSaid) {
    Builder b("net");
    const auto x = b.input("image", 3);
    b.output("image", b.concat({x, b.max_pool(x, 2, 2)}));
    try {
        minimum_extents(b.finish());
        FAIL() << "it fits";
    } catch (const Error &error) {
        EXPECT_EQ(
            std::string(error.what()).find("no input size up to 128 pixels fits the graph 'net': concat"), 0u)
            << error.what();
    }
}

TEST(Geometry, WorkIsThatOfConvolutionsInAllPictures) {
    Builder b("work");
    b.output("image", b.relu(b.conv2d(b.input("image", 3), {.in = 3, .out = 4, .stride = 2}, "conv")));
    const auto graph = b.finish();
    constexpr std::int64_t kWeights = 3 * 4 * 3 * 3;
    EXPECT_EQ(multiply_accumulates(graph, infer_shapes(graph, {{"image", {2, 3, 10, 14}}})),
              2 * kWeights * 5 * 7);
    EXPECT_EQ(multiply_accumulates(graph, 10, 14), kWeights * 5 * 7);
}

TEST(Geometry, CountsThatNoNumberHoldsAreTheLargest) {
    Builder b("heavy");
    auto x = b.input("image", 1);
    for (int i = 0; i < 8; ++i)
        x = b.conv_transpose2d(
            x, {.in = i == 0 ? 1 : 65536, .out = 65536, .kernel = 256, .stride = 1, .padding = 127},
            "conv" + std::to_string(i));
    b.output("image", x);
    EXPECT_EQ(multiply_accumulates(b.finish(), 4000, 4000), INT64_MAX);
}

TEST(WaveletDenoiser, ShapesAlignmentAndSize) {
    const auto graph = wavelet_denoiser({});
    EXPECT_EQ(alignment(graph), 8);
    EXPECT_EQ(minimum_extent(graph), 8);
    const auto shapes = infer_shapes(graph, {{"image", {1, 3, 24, 40}}, {"noise_level", {1, 1, 24, 40}}});
    EXPECT_EQ(shapes.at(graph.outputs[0].source), (Shape{1, 3, 24, 40}));
    EXPECT_EQ(parameter_count(graph), 2'303'548);
    EXPECT_EQ(code_of([] { wavelet_denoiser({.channels = {8, 8}, .blocks = {1}}); }),
              ErrorCode::invalid_argument);
}

} // namespace
