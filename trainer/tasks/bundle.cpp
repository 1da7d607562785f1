// The same as an import of graphs, with a task, its defaults, and its word on the bundle.
#include "tasks/bundle.hpp"

#include "core/task_check.hpp"
#include "core/text.hpp"
#include "log/log.hpp"
#include "report/table.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace mirra::trainer {

void make_bundle(const BundleCommand &command) {
    auto options = command.network;
    if (options.name.empty()) options.name = bundle_name(options.output);
    auto [manifest, weights, found] = read_network(options);
    const TaskCheck task(command.unchecked ? std::string() : manifest.task);
    manifest.defaults = task.defaults(command.defaults);
    task.check(manifest, weights);
    bundle::write_bundle(options.output, manifest, weights, options.storage);
    for (const auto &[name, graph] : manifest.graphs)
        log_info("graph '" + name + "': " + grouped(graph::parameter_count(graph)) + " parameters");
    log_info("wrote " + options.output.string());
}

void add_bundle_command(CLI::App &app) {
    auto *sub = app.add_subcommand("bundle", "Make a bundle for a task from graphs and their weights");
    const auto command = std::make_shared<BundleCommand>();
    command->network.storage = bundle::DType::f16;
    add_graph_option(*sub, command->network);
    sub->get_option("--graph")->required();
    sub->add_option("--weights", command->network.files,
                    "Files (.safetensors, .pth, .pt) that together hold the weights")
        ->required();
    add_task_options(*sub, command->network.task, command->defaults, command->unchecked);
    add_bundle_options(*sub, command->network);
    sub->callback([command] { make_bundle(*command); });
}

} // namespace mirra::trainer
