// What a trial of a plugin does.
#include "plugin_trials.hpp"

#include "mirra/error.hpp"

namespace mirra::test {

std::unique_ptr<Values> random_tensor(Dice &dice, const std::vector<std::int64_t> &shape,
                                      bool may_be_strange) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    std::vector<float> values;
    const bool strange = may_be_strange && dice.chance(0.1);
    Dice own = dice.of_values();
    for (std::int64_t i = 0; i < count; ++i)
        values.push_back(strange && own.chance(0.2) ? own.one_of(kStrange) : static_cast<float>(own.real()));
    return std::make_unique<Values>(shape, std::move(values));
}

Trial::Trial(std::shared_ptr<Engine> engine, Dice given, std::string path)
    : dice(given)
    , engine_(std::move(engine))
    , path_(std::move(path)) {}

void Trial::bundle_of(const char *task, const std::string &defaults,
                      const std::map<std::string, graph::Graph> &graphs) {
    write_small(path_, "random", task, defaults, graphs, random_weights_of(dice, graphs));
    ok("open", [&](mirra_error **error) { return mirra_bundle_open(path_.c_str(), bundle_.out(), error); });
}

bool Trial::session_of(const char *task, std::int32_t tile_size) {
    const mirra_session_options options =
        session_options(task, bundle_, tile_size, memory_limit, MIRRA_PRECISION_FP32);
    return ok("create", [&](mirra_error **error) {
        return mirra_session_create(engine_->get(), &options, session_.out(), error);
    });
}

void Trial::set(const char *name, const std::string &text) {
    ok("set", [&](mirra_error **error) {
        return mirra_session_set_text(session_.get(), name, text.c_str(), error);
    });
}

std::unique_ptr<Floats> Trial::some_picture(std::int32_t most) {
    const auto side = [&] { return static_cast<std::int32_t>(dice.between(1, most)); };
    const auto color = dice.chance(0.2) ? MIRRA_COLOR_GRAY : MIRRA_COLOR_RGB;
    auto out = std::make_unique<Floats>(side(), side(), color, MIRRA_FORMAT_F32);
    const bool strange = dice.chance(0.1);
    Dice own = dice.of_values();
    for (float &sample : out->samples)
        sample = strange && own.chance(0.1) ? own.one_of(kStrange) : static_cast<float>(own.real());
    return out;
}

void Trial::tensor(const char *name, const DLTensor *values) {
    MIRRA_STRUCT(mirra_port_value, value);
    value.name = name;
    value.tensor = values;
    ports_.push_back(value);
}

bool Trial::run() {
    const auto ports = std::exchange(ports_, {});
    return ok("run", [&](mirra_error **error) {
        return mirra_session_run(session_.get(), ports.data(), ports.size(), nullptr, result_.out(), error);
    });
}

std::vector<std::int64_t> Trial::shape_of(const char *result) const {
    const TensorView tensor = tensor_of(result_, result);
    if (tensor == nullptr) return {};
    return {tensor->dl_tensor.shape, tensor->dl_tensor.shape + tensor->dl_tensor.ndim};
}

std::vector<float> Trial::values(const char *result) const {
    const TensorView tensor = tensor_of(result_, result);
    return tensor == nullptr ? std::vector<float>() : values_of(tensor);
}

void Trial::run_graphs(const std::map<std::string, graph::Graph> &graphs) {
    for (const auto &[name, graph] : graphs) {
        const auto height = dice.between(1, 40), width = dice.between(1, 40), n = dice.between(1, 2);
        Tensors inputs, outputs;
        std::map<std::string, graph::Shape> shapes;
        ok("tensors", [&](mirra_error **error) { return mirra_tensors_create(inputs.out(), error); });
        for (const graph::Input &input : graph.inputs) {
            shapes[input.name] = {n, input.channels, height, width};
            const auto given = random_tensor(dice, shapes[input.name]);
            ok("add", [&](mirra_error **error) {
                return mirra_tensors_add(inputs.get(), input.name.c_str(), given->get(), error);
            });
        }
        MIRRA_STRUCT(mirra_graph_options, options);
        options.memory_limit = memory_limit;
        if (!ok("graph", [&](mirra_error **error) {
                return mirra_graph_run(engine_->get(), bundle_.get(), name.c_str(), &options, inputs.get(),
                                       outputs.out(), error);
            }))
            continue;
        const auto promised = graph::infer_shapes(graph, shapes);
        for (const graph::Output &output : graph.outputs) {
            DLManagedTensorVersioned *tensor = nullptr;
            EXPECT_OK(mirra_tensors_get_versioned(outputs.get(), output.name.c_str(), &tensor, error));
            const TensorView owner(tensor);
            EXPECT_EQ(
                promised.at(output.source),
                graph::Shape(tensor->dl_tensor.shape, tensor->dl_tensor.shape + tensor->dl_tensor.ndim));
        }
    }
}

/// Any error that says what it is about is fine, but not that the library is at fault.
bool Trial::ok(const char *what, const std::function<mirra_status(mirra_error **)> &call) {
    Failure failure;
    const mirra_status status = call(failure.out());
    EXPECT_NE(MIRRA_E_INTERNAL, status) << what << ": " << message(failure);
    EXPECT_NE(MIRRA_E_PLUGIN, status) << what << ": " << message(failure);
    if (std::getenv("MIRRA_TEST_TALK") != nullptr)
        std::printf("%s: %s %s\n", what, mirra_status_name(status), message(failure).c_str());
    return status == MIRRA_OK;
}

} // namespace mirra::test
