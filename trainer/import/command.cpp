// mirra-train import: the command line of the importer.
#include "import.hpp"
#include "recipes.hpp"

#include "mirra/printable.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

namespace mirra::trainer {
namespace {

struct CommandLine {
    ImportOptions options;
    std::string input_transform;
    std::vector<double> mean, deviation;
};

void add_network_options(CLI::App &command, CommandLine &line) {
    auto *network = command.add_option_group("Network");
    network->require_option(1);
    network->add_option("--arch", line.options.architecture, "Architecture of the network")
        ->check(CLI::IsMember(importer::recipe_names()));
    network
        ->add_option(
            "--graph", line.options.graphs,
            "JSON file of a graph of one's own whose weights have the names of the tensors; repeatable")
        ->allow_extra_args(false);
}

void add_pixel_options(CLI::App &command, CommandLine &line) {
    std::vector<std::string> names;
    for (const auto transform : graph::input_transforms()) names.emplace_back(graph::name_of(transform));
    auto *transform =
        command
            .add_option("--input-transform", line.input_transform,
                        "What the network does to pixels first: none, scale_pm1, mean_std or mean_std_cifar "
                        "[of classifiers: as the checkpoint says, else none; of others: scale_pm1]")
            ->check(CLI::IsMember(names));
    constexpr int kChannels = 3;
    auto *mean = command
                     .add_option("--mean", line.mean,
                                 "Of a classifier that normalises pixels by other constants: R,G,B")
                     ->expected(kChannels)
                     ->delimiter(',')
                     ->excludes(transform);
    auto *deviation = command.add_option("--std", line.deviation, "The deviation beside it: R,G,B")
                          ->expected(kChannels)
                          ->delimiter(',')
                          ->excludes(transform)
                          ->needs(mean);
    mean->needs(deviation);
}

void add_bundle_options(CLI::App &command, ImportOptions &options) {
    command.add_option("-o,--output", options.output, "Bundle to write")->required();
    const std::map<std::string, bundle::DType> storages{
        {"f32", bundle::DType::f32}, {"f16", bundle::DType::f16}, {"bf16", bundle::DType::bf16}};
    command
        .add_option_function<std::string>(
            "--storage",
            [&options, storages](const std::string &name) { options.storage = storages.at(name); },
            "Stored precision [f32]")
        ->check(CLI::IsMember(storages));
    command
        .add_option("--class-names", options.class_names,
                    "Of a classifier, in the order of its logits: CAT,DOG,...")
        ->delimiter(',')
        ->allow_extra_args(false);
    command.add_option("--extent", options.extent, "Height and width of the pictures [what is usual]")
        ->check(CLI::Range(8, 4096));
    command.add_option("--name", options.name, "Name of the bundle, for people");
    command.add_option("--licence", options.licence, "Licence of the weights");
    command.add_flag("--allow-unexpected", options.allow_unexpected,
                     "Ignore tensors that the architecture does not know");
}

ImportOptions finished(CommandLine line) {
    if (!line.input_transform.empty())
        line.options.input_transform = graph::parse_input_transform(line.input_transform);
    if (!line.mean.empty()) {
        auto &constants = line.options.normalisation.emplace();
        std::ranges::copy(line.mean, constants.mean.begin());
        std::ranges::copy(line.deviation, constants.deviation.begin());
    }
    return line.options;
}

} // namespace

void add_import_command(CLI::App &app) {
    auto line = std::make_shared<CommandLine>();
    CLI::App *command = app.add_subcommand("import", "Make a bundle from PyTorch or safetensors weights");
    add_network_options(*command, *line);
    command
        ->add_option("FILE", line->options.files,
                     "Checkpoints (.pth, .pt, .safetensors) that hold the network")
        ->required();
    add_pixel_options(*command, *line);
    add_bundle_options(*command, line->options);
    command->callback([line] {
        const ImportOptions options = finished(*line);
        const std::string found = import_checkpoint(options);
        std::cout << printable("wrote " + options.output.string() + (found.empty() ? "" : " (" + found + ")"))
                  << '\n';
    });
}

} // namespace mirra::trainer
