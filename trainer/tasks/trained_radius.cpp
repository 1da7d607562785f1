// Reading the adversary back from the recipe that a manifest keeps.
#include "tasks/trained_radius.hpp"

#include "mirra/error.hpp"
#include "tasks/encoder_recipe.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {

std::optional<TrainedRadius> trained_radius(const bundle::Manifest &manifest) {
    const auto provenance = nlohmann::json::parse(manifest.provenance);
    const auto text = provenance.find("recipe_text");
    if (text == provenance.end() || !text->is_string()) return std::nullopt;
    try {
        auto recipe = Recipe::parse(text->get<std::string>(), "recipe of " + manifest.name);
        const auto settings = EncoderRecipe::read(recipe);
        const bool standard = settings.adversary == Adversary::none;
        return TrainedRadius{settings.budget.norm == Norm::l2 ? "l2" : "linf",
                             standard ? 0 : settings.budget.epsilon};
    } catch (const Error &) { // another trainer's recipe: the radius stays unknown
        return std::nullopt;
    }
}

} // namespace mirra::trainer
