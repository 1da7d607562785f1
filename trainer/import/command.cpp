// mirra-train import: the command line of the importer.
#include "import.hpp"
#include "recipes.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <map>
#include <memory>

namespace mirra::trainer {

void add_import_command(CLI::App &app) {
    auto options = std::make_shared<ImportOptions>();
    CLI::App *command = app.add_subcommand("import", "Make a bundle from PyTorch or safetensors weights");
    command->add_option("--arch", options->architecture, "Architecture of the network")
        ->required()
        ->check(CLI::IsMember(importer::recipe_names()));
    command->add_option("FILE", options->files, "Checkpoints (.pth, .pt, .safetensors) that hold the network")
        ->required();
    command->add_option("-o,--output", options->output, "Bundle to write")->required();
    std::map<std::string, graph::InputTransform> transforms;
    for (const auto transform : graph::input_transforms())
        transforms.emplace(graph::name_of(transform), transform);
    command
        ->add_option("--input-transform", options->input_transform,
                     "What the encoder does to pixels first: scale_pm1 (default), mean_std or none")
        ->transform(CLI::CheckedTransformer(transforms));
    const std::map<std::string, bundle::DType> storages{
        {"f32", bundle::DType::f32}, {"f16", bundle::DType::f16}, {"bf16", bundle::DType::bf16}};
    command->add_option("--storage", options->storage, "Stored precision: f32 (default), f16 or bf16")
        ->transform(CLI::CheckedTransformer(storages));
    command->add_option("--name", options->name, "Name of the bundle, for people");
    command->add_option("--licence", options->licence, "Licence of the weights");
    command->add_flag("--allow-unexpected", options->allow_unexpected,
                      "Ignore tensors that the architecture does not know");
    command->callback([options] {
        import_checkpoint(*options);
        std::cout << "wrote " << options->output.string() << '\n';
    });
}

} // namespace mirra::trainer
