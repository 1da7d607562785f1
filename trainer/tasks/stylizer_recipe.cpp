// A recipe of an inverter for every level.
#include "tasks/stylizer_recipe.hpp"

#include "core/joined.hpp"
#include "mirra/error.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <string_view>

namespace mirra::trainer {
namespace {

struct LevelKey {
    std::string_view name, table;
    std::string_view key = {}; ///< in the table; empty: the same
};

/// What may differ from level to level, and where a recipe of an inverter has it.
constexpr std::array kLevelKeys{
    LevelKey{"layout", "network"},
    LevelKey{"width", "network"},
    LevelKey{"color_tail", "network"},
    LevelKey{"batch", "data"},
    LevelKey{"extent", "data"},
    LevelKey{"growth", "data"},
    LevelKey{"growth_epochs", "data"},
    LevelKey{"smallest_area", "data"},
    LevelKey{"loss", "loss", "kind"},
    LevelKey{"pixel", "loss"},
    LevelKey{"pixel_weight", "loss"},
    LevelKey{"feature", "loss"},
    LevelKey{"feature_layer", "loss"},
    LevelKey{"feature_weight", "loss"},
    LevelKey{"adversarial_weight", "loss"},
    LevelKey{"steps", "optimizer"},
    LevelKey{"rate", "optimizer"},
    LevelKey{"final_rate", "optimizer"},
    LevelKey{"warmup", "optimizer"},
    LevelKey{"schedule", "optimizer"},
    LevelKey{"step_every", "optimizer"},
    LevelKey{"step_factor", "optimizer"},
    LevelKey{"clip_norm", "optimizer"},
    LevelKey{"average_decay", "optimizer"},
};

/// The setting of a level that no inverter has.
constexpr std::string_view kDetail = "detail";

/// trainer/recipes/small/stylizer.toml says the same, but for the pace of conv1 and conv5.
InverterRecipe level_defaults() {
    InverterRecipe out;
    out.batch = 16;
    out.extent = 128;
    out.augmentation.smallest_area = 0.3;
    out.color_tail = ColorTail::automatic;
    out.feature_distance = FeatureDistance::relative;
    out.feature_weight = 0.1;
    auto &optimizer = out.optimizer;
    optimizer.adam.beta1 = 0.5;
    optimizer.adam.beta2 = 0.99;
    optimizer.clip_norm = 1;
    optimizer.schedule.steps = 1400;
    optimizer.schedule.rate = 2e-3;
    optimizer.schedule.warmup = 50;
    out.average_decay = 0.99;
    out.validation_every = 200;
    out.validation_pictures = 60;
    return out;
}

std::string trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return "";
    return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

std::string taps_of(const graph::Graph &encoder) {
    std::vector<std::string> names;
    for (const auto &output : encoder.outputs) names.push_back(output.name);
    return joined(names);
}

bool has_tap(const graph::Graph &encoder, std::string_view layer) {
    return std::ranges::find(encoder.outputs, layer, &graph::Output::name) != encoder.outputs.end();
}

[[noreturn]] void no_tap(const graph::Graph &encoder, const std::string &layer, const std::string &subject) {
    throw Error(ErrorCode::not_found, "the encoder has no layer '" + layer.substr(0, 80) + "'", subject,
                "choose among: " + taps_of(encoder));
}

/// Layers name folders, and stand in lists such as "conv5:0.8,conv2".
void check_layer_name(const std::string &layer) {
    const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
    if (layer.empty() || !std::ranges::all_of(layer, plain))
        throw Error(ErrorCode::unsupported,
                    "the encoder's layer '" + layer.substr(0, 80) + "' cannot be a level", "levels",
                    "levels have names of letters, digits, _ and - alone; name others with --levels");
}

/// The table of this name, made where there is none.
toml::table &table_in(toml::table &parent, std::string_view name, const std::string &recipe) {
    if (!parent.contains(name)) parent.insert(name, toml::table());
    auto *table = parent[name].as_table();
    if (table == nullptr)
        throw Error(ErrorCode::invalid_argument, "recipe: '" + std::string(name) + "' must be a table",
                    recipe);
    return *table;
}

/// Puts a level's own settings into the shared ones.
void merge(const toml::table &level, toml::table &shared, const std::string &name) {
    std::vector<std::string> unknown;
    for (const auto &[key, value] : level) {
        const auto found = std::ranges::find(kLevelKeys, key.str(), &LevelKey::name);
        if (found == kLevelKeys.end()) {
            unknown.emplace_back(key.str());
            continue;
        }
        auto &table = table_in(shared, found->table, name);
        value.visit([&](const auto &node) {
            table.insert_or_assign(found->key.empty() ? found->name : found->key, node);
        });
    }
    if (unknown.empty()) return;
    std::vector<std::string> known{std::string(kDetail)};
    for (const auto &each : kLevelKeys) known.emplace_back(each.name);
    throw Error(ErrorCode::invalid_argument, "recipe: unknown keys of a level: " + joined(unknown), name,
                "those that there are: " + joined(known));
}

/// Takes it out of the level's own settings.
double take_detail(toml::table &own, const std::string &name) {
    if (!own.contains(kDetail)) return 0;
    const auto detail = own[kDetail].value<double>();
    own.erase(kDetail);
    if (!detail || !(*detail >= 0 && *detail <= 1))
        throw Error(ErrorCode::invalid_argument, "recipe: 'detail' of a level must be a number from 0 to 1",
                    name);
    return *detail;
}

StylizerLevelRecipe level_recipe(toml::table shared, const toml::table *given, const std::string &layer,
                                 const std::string &recipe_name) {
    const std::string name = recipe_name + " [level." + layer + "]";
    toml::table own = given == nullptr ? toml::table() : *given;
    const double detail = take_detail(own, name);
    merge(own, shared, name);
    table_in(shared, "network", name).insert_or_assign("layer", layer);
    std::ostringstream text;
    text << shared << '\n';
    StylizerLevelRecipe out{
        .layer = layer, .recipe = Recipe::parse(text.str(), name), .settings = {}, .detail = detail};
    out.settings = InverterRecipe::read(out.recipe, level_defaults());
    return out;
}

} // namespace

std::vector<std::string> stylizer_layers(const std::string &list, const graph::Graph &encoder) {
    std::vector<std::string> out;
    if (trimmed(list).empty()) {
        for (const auto &output : encoder.outputs) out.insert(out.begin(), output.name);
    } else {
        std::istringstream names(list + ","); // so that an empty last name is seen
        for (std::string name; std::getline(names, name, ',');) out.push_back(trimmed(name));
    }
    for (auto layer = out.begin(); layer != out.end(); ++layer) {
        if (layer->empty() || std::find(out.begin(), layer, *layer) != layer)
            throw Error(ErrorCode::invalid_argument,
                        layer->empty() ? "an empty name in the list of levels"
                                       : "the level '" + layer->substr(0, 80) + "' is listed twice",
                        "levels", "list each layer once, such as conv5,conv2,conv1");
        if (!has_tap(encoder, *layer)) no_tap(encoder, *layer, "levels");
        check_layer_name(*layer);
    }
    return out;
}

std::vector<StylizerLevelRecipe> read_stylizer_recipe(const Recipe &recipe, const graph::Graph &encoder) {
    auto whole = Recipe::parse(recipe.source(), recipe.name());
    const auto layers = stylizer_layers(whole.text("levels", ""), encoder);
    auto shared = toml::parse(recipe.source());
    if (shared.at_path("network.layer"))
        throw Error(ErrorCode::invalid_argument,
                    "recipe: 'network.layer' is of one layer, a stylizer of many", recipe.name(),
                    "leave it out, or name layers with 'levels'");
    const toml::table levels = table_in(shared, "level", recipe.name());
    shared.erase("level");
    shared.erase("levels");
    for (const auto &[key, value] : levels) { // of layers that are not trained as well
        const std::string layer(key.str());
        if (!has_tap(encoder, layer)) no_tap(encoder, layer, recipe.name() + " [level." + layer + "]");
        if (!value.is_table())
            throw Error(ErrorCode::invalid_argument, "recipe: 'level." + layer + "' must be a table",
                        recipe.name());
        level_recipe(shared, value.as_table(), layer, recipe.name());
    }
    std::vector<StylizerLevelRecipe> out;
    for (const auto &layer : layers)
        out.push_back(level_recipe(shared, levels[layer].as_table(), layer, recipe.name()));
    return out;
}

} // namespace mirra::trainer
