// The common options.
#include "tasks/generator_command.hpp"

#include <CLI/CLI.hpp>

namespace mirra::trainer {

void add_generator_options(CLI::App &sub, GeneratorCommand &command) {
    sub.add_option("--encoder", command.encoder, "Bundle with the encoder, which stays as it is")->required();
    sub.add_option("--data", command.data,
                   "Folders of pictures, searched to any depth (train/ and val/ where there are), or "
                   "cifar10:DIR")
        ->required();
    sub.add_option("--validation", command.validation,
                   "The same, for validation [val/ or test/ of --data, else a part of it]");
    sub.add_option("--recipe", command.recipe, "Recipe (TOML), see trainer/recipes");
}

} // namespace mirra::trainer
