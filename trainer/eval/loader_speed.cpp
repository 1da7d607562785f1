// Timing the loader.
#include "eval/loader_speed.hpp"

#include "data/loaders.hpp"
#include "log/log.hpp"
#include "tasks/encoder.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>

namespace mirra::trainer {
namespace {

using Clock = std::chrono::steady_clock;

struct LoaderSpeed {
    std::vector<std::string> data;
    std::filesystem::path recipe;
    int threads = 1;
    double seconds = 10;
};

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Pictures a second that are decoded and augmented anew each time, as in the first epoch or of a set that
/// memory cannot hold.
double pictures_per_second(PictureSet &set, const ClassLoaderOptions &options, double seconds) {
    ClassLoader loader(set, options, 0);
    for (int i = 0; i < 3 * options.threads; ++i) loader.next(); // those that the threads had ready
    const auto begin = Clock::now();
    std::int64_t pictures = 0;
    do pictures += static_cast<std::int64_t>(loader.next().labels.size());
    while (seconds_since(begin) < seconds);
    return static_cast<double>(pictures) / seconds_since(begin);
}

int measure(const LoaderSpeed &command) {
    auto recipe = Recipe::load(command.recipe);
    const auto settings = EncoderRecipe::read(recipe);
    PictureSet set(command.data, Split::train, {.side = settings.kept_side(), .cache_bytes = 0});
    const ClassLoaderOptions options{.batch = std::min(settings.batch, set.size()),
                                     .extent = settings.extent,
                                     .augmentation = settings.augmentation,
                                     .seed = settings.seed,
                                     .threads = command.threads};
    std::printf("%.0f pictures/s at %lld px, decoded and augmented by %d threads\n",
                pictures_per_second(set, options, command.seconds), static_cast<long long>(settings.extent),
                command.threads);
    const auto skipped = set.skipped();
    for (const auto &file : skipped) log_warning("skipped " + file);
    return skipped.empty() ? 0 : 1;
}

} // namespace

void add_loader_command(CLI::App &app, int &status) {
    constexpr double kADay = 86'400;
    auto *sub = app.add_subcommand("loader", "Time the loading of a training's pictures by itself");
    const auto command = std::make_shared<LoaderSpeed>();
    sub->add_option("--data", command->data, "As for 'encoder'")->required();
    sub->add_option("--recipe", command->recipe, "Recipe (TOML) of an encoder")->required();
    sub->add_option("--threads", command->threads, "Threads that prepare batches")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    sub->add_option("--seconds", command->seconds, "Length of the measurement")
        ->check(CLI::PositiveNumber)
        ->check(CLI::Range(0.0, kADay))
        ->capture_default_str();
    sub->callback([command, &status] { status = measure(*command); });
}

} // namespace mirra::trainer
