// Reading an optimiser's keys.
#include "tasks/adam_recipe.hpp"

namespace mirra::trainer {

void AdamRecipe::read(Recipe &recipe, const std::string &table) {
    constexpr double kLarge = 1e12, kAlmostOne = 0.999999;
    constexpr std::int64_t kMany = 1'000'000'000;
    const auto key = [&](const char *name) { return table + "." + name; };
    adam.beta1 = recipe.real(key("beta1"), adam.beta1, 0, kAlmostOne);
    adam.beta2 = recipe.real(key("beta2"), adam.beta2, 0, kAlmostOne);
    adam.epsilon = recipe.real(key("epsilon"), adam.epsilon, 0, 1);
    adam.weight_decay = recipe.real(key("weight_decay"), adam.weight_decay, 0, 1);
    clip_norm = recipe.real(key("clip_norm"), clip_norm, 0, kLarge);
    schedule.kind = recipe.choice(key("schedule"), {"cosine", "constant", "step"});
    schedule.steps = recipe.integer(key("steps"), schedule.steps, 1, kMany);
    schedule.rate = recipe.real(key("rate"), schedule.rate, 0, 10);
    schedule.final_rate = recipe.real(key("final_rate"), schedule.final_rate, 0, schedule.rate);
    schedule.warmup = recipe.integer(key("warmup"), schedule.warmup, 0, kMany);
    schedule.step_every = recipe.integer(key("step_every"), schedule.steps, 1, kMany);
    schedule.step_factor = recipe.real(key("step_factor"), schedule.step_factor, 0, 1);
}

} // namespace mirra::trainer
