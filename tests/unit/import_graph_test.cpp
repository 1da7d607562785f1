// Networks that no recipe knows: a graph from a file, weights by their names in it.
#include "import/import.hpp"
#include "import_state.hpp"

#include "mirra/error.hpp"
#include "scratch.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

std::string path(const std::string &name) {
    return mirra::test::scratch() + "import_graph_" + name;
}

graph::Graph network(const std::string &name = "classifier") {
    graph::Builder b(name);
    auto x = b.conv2d(b.input("image", 3), {.in = 3, .out = 4, .bias = true}, "net.0");
    x = b.relu(b.batch_norm(x, 4, "net.1"));
    b.output("logits", b.linear(b.flatten(b.global_avg_pool(x)), 4, 2, "module.fc"));
    return b.finish();
}

test::TorchState weights() {
    test::TorchState state;
    for (const auto &[name, shape] : graph::weight_shapes(network()))
        state.emplace_back(name, test::random_tensor(shape));
    state.emplace_back("net.1.num_batches_tracked", test::random_tensor({1}));
    return state;
}

ImportOptions options_for(const std::vector<std::string> &graphs) {
    ImportOptions options;
    for (std::size_t i = 0; i < graphs.size(); ++i) {
        const auto file = path(std::to_string(i) + ".json");
        test::write_bytes(file, graphs[i]);
        options.graphs.emplace_back(file);
    }
    options.files = {path("in.pth")};
    options.output = path("out.mirra");
    return options;
}

std::string failure(const ImportOptions &options, ErrorCode code) {
    try {
        import_checkpoint(options);
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), code) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "imported";
    return {};
}

TEST(ImportGraph, TakesWeightsByTheirNames) {
    const auto state = weights();
    test::write_torch_zip(path("in.pth"), state);
    auto options = options_for({to_json(network()), to_json(network("other"))});
    options.class_names = {"cat", "dog"};
    import_checkpoint(options);
    const auto bundle = bundle::Bundle::open(options.output);
    EXPECT_EQ(bundle->graph("classifier"), network());
    EXPECT_EQ(bundle->graph("other").nodes, network().nodes);
    EXPECT_EQ(bundle->file().tensors().size() + 1, state.size()); // less the counter
    for (const auto &[name, tensor] : bundle->file().tensors()) {
        auto sources = state;
        EXPECT_EQ(test::stored(*bundle, name), test::values(test::tensor(sources, name))) << name;
    }
    const auto provenance = nlohmann::json::parse(bundle->manifest().provenance);
    EXPECT_EQ(provenance["classes"], (nlohmann::json{"cat", "dog"}));
    EXPECT_FALSE(provenance.contains("extent"));
}

TEST(ImportGraph, TakesAGraphThatEnlarges) {
    const std::string text = R"({"name": "double", "inputs": [{"name": "image", "channels": 3}], "nodes": [
        {"name": "c", "op": "conv2d", "inputs": ["image"],
         "attributes": {"in_channels": 3, "out_channels": 12, "kernel": 3, "padding": 1}, "weights": {"weight": "c.weight"}},
        {"name": "p", "op": "prelu", "inputs": ["c"], "attributes": {"channels": 12}, "weights": {"weight": "p.weight"}},
        {"name": "s", "op": "scale", "inputs": ["p"], "attributes": {"channels": 12}, "weights": {"weight": "beta"}},
        {"name": "y", "op": "pixel_shuffle", "inputs": ["s"], "attributes": {"factor": 2}}],
        "outputs": [{"name": "image", "source": "y"}]})";
    test::TorchState state;
    for (const auto &[name, shape] : graph::weight_shapes(graph::parse_json(text)))
        state.emplace_back(name, test::random_tensor(shape));
    test::write_torch_zip(path("in.pth"), state);
    const auto options = options_for({text});
    import_checkpoint(options);
    const auto bundle = bundle::Bundle::open(options.output);
    EXPECT_EQ(bundle->graph("double"), graph::parse_json(text));
    EXPECT_EQ(test::stored(*bundle, "beta"), test::values(test::tensor(state, "beta")));
}

TEST(ImportGraph, ListsTensorsThatDoNotFit) {
    auto state = weights();
    test::tensor(state, "net.0.bias") = test::random_tensor({5});
    test::remove_tensor(state, "module.fc.bias");
    state.emplace_back("module.fc2.bias", test::random_tensor({5}));
    test::write_torch_zip(path("in.pth"), state);
    const auto message = failure(options_for({to_json(network())}), ErrorCode::mismatch);
    EXPECT_NE(
        message.find("missing: module.fc.bias [2]; wrong: net.0.bias has shape [5], wanted [4]; unexpected: "
                     "module.fc2.bias"),
        std::string::npos)
        << message;
}

TEST(ImportGraph, RefusesGraphsThatAreNone) {
    test::write_torch_zip(path("in.pth"), weights());
    EXPECT_NE(failure(options_for({"{}"}), ErrorCode::corrupt).find("0.json"), std::string::npos);
    failure(options_for({"not JSON"}), ErrorCode::corrupt);
    failure(options_for({to_json(network()), to_json(network())}), ErrorCode::invalid_argument);
    auto options = options_for({to_json(network())});
    options.graphs.front() = path("missing.json");
    failure(options, ErrorCode::not_found);
}

TEST(ImportGraph, RefusesGraphsThatTakeNoPicture) {
    test::write_torch_zip(path("in.pth"), weights());
    auto graph = network();
    graph.inputs.front().channels = 4;
    const auto message = failure(options_for({to_json(graph)}), ErrorCode::corrupt);
    EXPECT_NE(message.find("do not fit together: conv2d: needs 3 channels"), std::string::npos) << message;
}

TEST(ImportGraph, TakesGraphsOfOneLargeSize) {
    graph::Builder b("large");
    b.output("logits", b.linear(b.flatten(b.input("image", 1)), 100 * 100, 2, "fc"));
    test::TorchState state;
    const auto graph = b.finish();
    for (const auto &[name, shape] : graph::weight_shapes(graph))
        state.emplace_back(name, test::random_tensor(shape));
    test::write_torch_zip(path("in.pth"), state);
    const auto options = options_for({to_json(graph)});
    import_checkpoint(options);
    EXPECT_EQ(bundle::Bundle::open(options.output)->graph("large"), graph);
}

TEST(ImportGraph, RefusesOptionsThatContradictIt) {
    test::write_torch_zip(path("in.pth"), weights());
    auto options = options_for({to_json(network())});
    options.input_transform = graph::InputTransform::mean_std;
    failure(options, ErrorCode::invalid_argument);
    options = options_for({to_json(network())});
    options.architecture = "resnet18-classifier";
    failure(options, ErrorCode::invalid_argument);
    options = options_for({to_json(network("encoder"))});
    options.class_names = {"cat", "dog"};
    failure(options, ErrorCode::invalid_argument);
    failure(options_for({}), ErrorCode::invalid_argument);
}

TEST(ImportGraph, CommandTakesSeveral) {
    test::write_torch_zip(path("in.pth"), weights());
    const auto options = options_for({to_json(network()), to_json(network("other"))});
    CLI::App app;
    add_import_command(app);
    app.parse("import --graph " + options.graphs[0].string() + " --graph " + options.graphs[1].string() +
              " " + path("in.pth") + " -o " + path("command.mirra"));
    EXPECT_EQ(bundle::Bundle::open(path("command.mirra"))->manifest().graphs.size(), 2u);
}

} // namespace
} // namespace mirra::trainer
