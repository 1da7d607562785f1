// Networks that give other sizes than a task would guess: each size is promised, and checked, axis by axis.
#include "stylizer_support.hpp"

namespace {

using namespace mirra;
using namespace mirra::test;

using Graphs = std::map<std::string, graph::Graph>;

Bundle bundle_of(const char *task, const std::string &defaults, const Graphs &graphs) {
    const std::string path = temporary("geometry.mirra");
    write_small(path, "geometry", task, defaults, graphs, random_weights(graphs));
    return open_bundle(path);
}

struct Sides {
    std::int64_t left = 0, right = 0, top = 0, bottom = 0;
};

std::string crop(graph::Builder &b, const std::string &x, const Sides &sides) {
    return b.crop(x, sides.left, sides.right, sides.top, sides.bottom);
}
std::string pad(graph::Builder &b, const std::string &x, const Sides &sides) {
    return b.reflection_pad(x, sides.left, sides.right, sides.top, sides.bottom);
}

/// A graph with one input and one output, of no more than its body.
template<class Body>
graph::Graph graph_of(const std::string &name, const std::string &input, const std::string &output,
                      const Body &body, std::int64_t channels = 3) {
    graph::Builder builder(name);
    builder.output(output, body(builder, builder.input(input, channels)));
    return builder.finish();
}

class Geometry : public OverRuntimes {};

// The generator needs 61 columns and 4 rows: 44 x 64 features give 47 x 64 pixels, not 64 x 64.
TEST_P(Geometry, APictureOfAnotherHeightIsRefusedByDetect) {
    const auto bundle =
        bundle_of("detect", R"({"layer": "l", "extent": 64, "method": "reconstruction"})",
                  {{"encoder", graph_of("encoder", "image", "l",
                                        [](auto &b, const auto &x) { return crop(b, x, {.top = 20}); })},
                   {"generator-l", graph_of("generator-l", "features", "image", [](auto &b, const auto &x) {
                        return pad(b, crop(b, x, {.left = 40}), {.left = 20, .right = 20, .top = 3});
                    })}});
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = "detect";
    options.bundle = bundle.get();
    const auto engine = inverter_engine(GetParam());
    Session session;
    Failure failure;
    EXPECT_EQ(MIRRA_E_MISMATCH, mirra_session_create(engine->get(), &options, session.out(), failure.out()));
    EXPECT_THAT(message(failure), ::testing::HasSubstr("does not make pictures of 64 pixels"));
}

// Of 40 x 160 pixels the encoder makes 40 x 110 features, though the smallest square that it takes has 51.
TEST_P(Geometry, AStyleThatIsLowAndWideIsRead) {
    const auto bundle =
        bundle_of("stylize", R"({"levels": "l"})",
                  {{"encoder-l", graph_of("encoder-l", "image", "features",
                                          [](auto &b, const auto &x) { return crop(b, x, {.left = 50}); })},
                   {"generator-l",
                    graph_of("generator-l", "features", "image",
                             [](auto &b, const auto &x) { return pad(b, x, {.left = 25, .right = 25}); })},
                   {"autoencoder-l", graph_of("autoencoder-l", "image", "image",
                                              [](auto &b, const auto &x) { return b.relu(x); })}});
    Stylizer stylizer(GetParam(), bundle);
    const auto in = picture(160, 40), style = picture(160, 40, 1);
    const auto styled = stylizer.stylize(*in, *style);
    EXPECT_GT(largest_difference(styled, in->samples), 0.01);
}

graph::Graph denoiser_of(const std::function<std::string(graph::Builder &, const std::string &)> &body) {
    return graph_of("denoiser", "image", "image", body);
}

/// What a run says of a denoiser whose network does not give what it was given.
std::string refused(const char *runtime, const graph::Graph &denoiser, const char *parameter,
                    const char *value) {
    const auto bundle = bundle_of("denoise", "{}", {{"denoiser", denoiser}});
    const auto engine = make_engine(MIRRA_TEST_PLUGINS, runtime);
    const auto session = make_session(engine, bundle);
    EXPECT_OK(mirra_session_set_text(session.get(), parameter, value, error));
    const auto in = picture(16, 16);
    Floats out(16, 16, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Failure failure;
    EXPECT_EQ(MIRRA_E_MISMATCH, run(session, in->image, out.image, failure.out()));
    return message(failure);
}

// As many values as the picture has, but not its pixels.
TEST_P(Geometry, BandsAreNotTakenForAPicture) {
    const auto bands = denoiser_of([](auto &b, const auto &x) { return b.haar_analysis(x); });
    EXPECT_THAT(refused(GetParam(), bands, "detail", "0.5"), ::testing::HasSubstr("{1, 12, 8, 8}"));
}

// A single pixel would be repeated over the picture where both are added.
TEST_P(Geometry, APixelIsNotTakenForAPicture) {
    const auto mean = denoiser_of([](auto &b, const auto &x) { return b.global_avg_pool(x); });
    EXPECT_THAT(refused(GetParam(), mean, "strength", "0.5"), ::testing::HasSubstr("{1, 3, 1, 1}"));
}

graph::Graph far_reduced(const std::string &name, const std::string &output) {
    return graph_of(name, "image", output, [](auto &b, std::string x) {
        for (int i = 0; i < 17; ++i) x = b.conv2d(x, {3, 3, 1, 2, 0}, "half." + std::to_string(i));
        return x;
    });
}

// There is no grid of 131,072 pixels: nothing is divided by it.
TEST_P(Geometry, StridesThatMultiplyBeyondAnyPictureAreRefused) {
    const auto engine = inverter_engine(GetParam());
    const graph::Graph generator =
        graph_of("generator-l", "features", "image", [](auto &b, const auto &x) { return b.relu(x); });
    const std::map<std::string, std::string> tasks{{"detect", R"({"layer": "l", "extent": 64})"},
                                                   {"invert", R"({"layer": "l"})"},
                                                   {"stylize", R"({"levels": "l"})"}};
    for (const auto &[task, defaults] : tasks) {
        graph::Graph both = far_reduced("autoencoder-l", "image");
        const auto bundle = bundle_of(task.c_str(), defaults,
                                      {{"encoder", far_reduced("encoder", "l")},
                                       {"encoder-l", far_reduced("encoder-l", "features")},
                                       {"generator-l", generator},
                                       {"autoencoder-l", both}});
        MIRRA_STRUCT(mirra_session_options, options);
        options.task = task.c_str();
        options.bundle = bundle.get();
        Session session;
        Failure failure;
        EXPECT_EQ(MIRRA_E_MISMATCH,
                  mirra_session_create(engine->get(), &options, session.out(), failure.out()))
            << task;
        EXPECT_THAT(message(failure), ::testing::HasSubstr("no size of pictures")) << task;
    }
}

INSTANTIATE_TEST_SUITE_P(Runtimes, Geometry, ::testing::ValuesIn(all_runtimes()), runtime_name);

TEST(BrokenPromises, ARuntimeThatGivesAnotherSizeIsAnError) {
    const auto engine = make_engine();
    const auto bundle = make_bundle({.noise_level = false});
    const auto session = make_session(engine, bundle);
    const auto in = picture(16, 16);
    Floats out(16, 16, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    EXPECT_OK(run(session, in->image, out.image, error));
    const Environment shorter("MIRRA_FAKE_SHORT", "1");
    EXPECT_STATUS(MIRRA_E_MISMATCH, run(session, in->image, out.image, error));
    Values values({1, 3, 16, 16}, std::vector<float>(3 * 16 * 16));
    Tensors inputs, outputs;
    EXPECT_OK(mirra_tensors_create(inputs.out(), error));
    EXPECT_OK(mirra_tensors_add(inputs.get(), "image", values.get(), error));
    EXPECT_STATUS(MIRRA_E_MISMATCH, mirra_graph_run(engine.get(), bundle.get(), "denoiser", nullptr,
                                                    inputs.get(), outputs.out(), error));
}

} // namespace
