// mirra graph: runs one named graph of a bundle on raw tensors.
#include "../command.hpp"
#include "../graph_run.hpp"
#include "../loading.hpp"
#include "../paths.hpp"
#include "../results.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

class GraphCommand final : public Command {
  public:
    GraphCommand() : Command("graph", "Runs one graph of a bundle on tensors (.safetensors, NCHW).") {
        settings_.precision = "fp32";
    }

    void declare(CLI::App &app) override {
        console_.declare(app);
        app.add_option("BUNDLE", settings_.bundle, "Bundle, by path or file name.")->required();
        app.add_option("--run", graph_, "Name of the graph (the only one).");
        app.add_option("--in", input_,
                       "Tensors by the names of the graph's inputs; a lone one may have any name.")
            ->required();
        app.add_option("--out", output_, "File for the outputs, fp32, by their names in the graph.")
            ->required();
        settings_.declare(app);
    }

    ExitCode run() override {
        DashNames::none(output_, "--out");
        check_not_same(output_, input_);
        const Engine engine = make_engine();
        const std::string file = find_bundle(engine, settings_.bundle);
        check_not_same(output_, file);
        check_writable(output_);
        const Bundle bundle = open_bundle(file);
        const GraphShape graph = find_graph(bundle, graph_);
        const Tensors inputs = named_inputs(graph);
        const auto begin = std::chrono::steady_clock::now();
        const Tensors outputs = about_files(
            file, input_, [&] { return run_graph(engine, bundle, graph.name, settings_, inputs); });
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        into_folder(output_, [&] {
            call(Phase::output,
                 [&](mirra_error **e) { return mirra_tensors_write(outputs.get(), output_.c_str(), e); });
        });
        const Json shapes = shapes_json(outputs);
        if (console_.json())
            console_.document(Json{{"bundle", settings_.bundle},
                                   {"graph", graph.name},
                                   {"output", output_},
                                   {"device", settings_.device},
                                   {"precision", settings_.precision},
                                   {"seconds", seconds},
                                   {"outputs", shapes}});
        console_.note(graph.name + " -> " + output_ + ": " + shapes.dump() + ", " + fixed(seconds, 2) + " s");
        return ExitCode::ok;
    }

  private:
    /// The file's tensors; a lone one under the name that the graph's only input has.
    [[nodiscard]] Tensors named_inputs(const GraphShape &graph) const {
        Tensors tensors = read_tensors(input_);
        const std::vector<std::string> names = tensors.names();
        if (graph.inputs.size() != 1 || names.size() != 1) return tensors;
        Tensors renamed = make_tensors();
        in_phase(Phase::input, [&] { renamed.add(graph.inputs[0], *tensors.at(names[0]).get()); });
        return renamed;
    }

    RunSettings settings_;
    std::string graph_, input_, output_;
};

} // namespace

std::unique_ptr<Command> make_graph_command() {
    return std::make_unique<GraphCommand>();
}

} // namespace mirra::cli
