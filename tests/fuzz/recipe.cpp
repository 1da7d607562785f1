// Recipes of the trainer: TOML.
#include "fuzz.hpp"

#include "core/recipe.hpp"

using namespace mirra;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const std::string text(reinterpret_cast<const char *>(data), size);
    fuzz::taken([&] {
        auto recipe = trainer::Recipe::parse(text, "input.toml");
        fuzz::taken([&] { (void)recipe.real("optimizer.rate", 0.1, 0, 1); });
        fuzz::taken([&] { (void)recipe.integers("network.channels", {8, 8}); });
        fuzz::taken([&] { (void)recipe.texts("network.frozen", {}); });
        fuzz::taken([&] { recipe.set("data.crop", std::int64_t{32}); });
        fuzz::taken([&] { recipe.finish(); });
        (void)recipe.without({"data"});
        // What an override wrote is read again.
        (void)trainer::Recipe::parse(recipe.source(), "again.toml");
    });
    return 0;
}
