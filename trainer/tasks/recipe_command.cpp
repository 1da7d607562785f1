// The keys of all recipes as tables.
#include "core/data_files.hpp"
#include "core/text.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly.hpp"
#include "tasks/denoiser.hpp"
#include "tasks/encoder.hpp"
#include "tasks/inverter.hpp"
#include "tasks/network.hpp"
#include "tasks/stylizer.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <cctype>
#include <cstdio>
#include <fstream>

namespace mirra::trainer {
namespace {

struct Trained {
    const char *task, *what;
    std::vector<RecipeKey> (*keys)();
};

const std::array kTasks{
    Trained{"denoiser", "A denoiser, on clean pictures with noise added to them.",
            [] { return recipe_keys<DenoiserRecipe>(); }},
    Trained{"encoder", "A classifier, whose convolutional part is an encoder.",
            [] { return recipe_keys<EncoderRecipe>(); }},
    Trained{"inverter", "A generator that turns an encoder's features back into pictures.",
            [] { return recipe_keys<InverterRecipe>(); }},
    Trained{"anomaly",
            "An anomaly detector: such a generator, then a memory of normal features, then thresholds.",
            [] { return recipe_keys<AnomalyRecipe>(); }},
    Trained{"stylizer",
            "A generator for each level of a style transfer. A key `level.LAYER.*` is of one level.",
            stylizer_keys},
    Trained{"network", "A network of one's own, on pictures that are made worse.",
            [] { return recipe_keys<NetworkRecipe>(); }}};

/// A value is set in the type of a machine, a sentence about it is not.
std::string written(const RecipeKey &key) {
    const bool value = key.fallback.find(' ') == std::string::npos || key.fallback.front() == '[';
    return value ? "`" + key.fallback + "`" : key.fallback;
}

std::string table_of(const Trained &trained) {
    auto out = std::string("## ") + trained.task + "\n\n" + trained.what +
               "\n\n| Key | Takes | Default | What it is |\n|---|---|---|---|\n";
    for (const auto &key : trained.keys())
        out += "| `" + key.name + "` | " + described(key) + " | " + written(key) + " | " + key.doc + " |\n";
    return out;
}

/// The first sentence of the comment that a recipe begins with.
std::string summary_of(const std::string &name) {
    std::ifstream file(find_recipe(name));
    std::string out;
    for (std::string line; std::getline(file, line) && line.starts_with("# ");)
        out += (out.empty() ? "" : " ") + line.substr(2);
    for (std::size_t i = 0; i + 2 < out.size(); ++i) { // not that of "et al."
        const bool capital = std::isupper(static_cast<unsigned char>(out[i + 2])) != 0;
        if (out[i] == '.' && out[i + 1] == ' ' && capital) return out.substr(0, i + 1);
    }
    return out;
}

} // namespace

std::string recipe_reference(const std::string &task) {
    std::vector<std::string> names;
    for (const auto &trained : kTasks) {
        if (task == trained.task) return table_of(trained);
        names.emplace_back(trained.task);
    }
    if (!task.empty())
        throw Error(ErrorCode::not_found, "there is no training '" + task.substr(0, 80) + "'", "recipe",
                    "choose one of: " + joined(names));
    std::string out = "# Recipes\n\n"
                      "A recipe is a TOML file with the settings of a training. Every training takes one "
                      "with `--recipe`: a file, or\n"
                      "the name of one that comes along. `--set KEY=VALUE` overrides a key. A key that a "
                      "recipe leaves out has its\n"
                      "default. `mirra-train recipe` prints this page.\n\n"
                      "## Recipes that come along\n\n| Name | What it trains |\n|---|---|\n";
    for (const auto &name : recipe_names()) out += "| `" + name + "` | " + summary_of(name) + " |\n";
    for (const auto &trained : kTasks) out += "\n" + table_of(trained);
    return out;
}

void add_recipe_command(CLI::App &app) {
    auto *sub = app.add_subcommand("recipe", "Print the keys of recipes: what they take, their defaults");
    const auto task = std::make_shared<std::string>();
    sub->add_option("task", *task, "denoiser, encoder, inverter, anomaly, stylizer or network [all]");
    sub->callback([task] { std::fputs(recipe_reference(*task).c_str(), stdout); });
}

} // namespace mirra::trainer
