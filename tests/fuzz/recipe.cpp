// Recipes of the trainer: TOML.
#include "fuzz.hpp"

#include "core/recipe.hpp"

using namespace mirra;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const std::string text(reinterpret_cast<const char *>(data), size);
    fuzz::taken([&] {
        auto recipe = trainer::Recipe::parse(text, "input.toml");
        fuzz::taken([&] {
            trainer::RecipeKeys keys(recipe);
            double rate = 0.1;
            std::vector<std::int64_t> channels{8, 8};
            std::vector<std::string> frozen;
            fuzz::taken([&] { keys.real("optimizer.rate", rate, {0, 1}, ""); });
            fuzz::taken([&] { keys.integers("network.channels", channels, ""); });
            fuzz::taken([&] { keys.texts("network.frozen", frozen, ""); });
            keys.finish();
        });
        fuzz::taken([&] { recipe.set("data.crop", std::int64_t{32}); });
        (void)recipe.without({"data"});
        // What an override wrote is read again.
        (void)trainer::Recipe::parse(recipe.source(), "again.toml");
    });
    return 0;
}
