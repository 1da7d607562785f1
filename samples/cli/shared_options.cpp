// The options that several commands have; here, so that the parser's headers are compiled in few units.
#include "checks.hpp"
#include "console.hpp"
#include "formats.hpp"
#include "pictures.hpp"
#include "session.hpp"

#include <CLI/CLI.hpp>

namespace mirra::cli {

void Console::declare_json(CLI::App &app) {
    app.add_flag("--json", json_, "Print the result as JSON.");
}

void Console::declare(CLI::App &app) {
    declare_json(app);
    app.add_flag("-q,--quiet", quiet_, "No progress and no notes.");
}

void ReadSettings::declare(CLI::App &app) {
    app.add_option("--max-pixels", max_pixels, "Larger pictures are refused (268435456).")
        ->check(between(std::uint64_t{1}, std::uint64_t{1} << 62));
}

void WriteSettings::declare(CLI::App &app, const Console &notes) {
    console = &notes;
    app.add_option("--jpeg-quality", jpeg_quality,
                   "Quality of a JPEG, WebP or JPEG XL output, 1 ... 100 (95); 100 is lossless but in JPEG.")
        ->check(between(1, 100));
    app.add_option(
           "--bit-depth", bit_depth,
           "Bits of the output's samples, 8 or 16; 32 of a TIFF or JPEG XL: real numbers (as the input).")
        ->check(one_of({"8", "16", "32"}));
    app.add_option("--format", format, joined(format_names()) + " (as the output's name says; PNG for -).")
        ->check(one_of(format_names()));
}

void RunSettings::declare(CLI::App &app) {
    app.add_option(
        "--device", device,
        "Device that runs the network, as `mirra devices` lists them (cpu). cuda:all, or a list such "
        "as cuda:0,1: pictures are spread over them.");
    app.add_option("--precision", precision, "auto, fp32, bf16 or fp16 (" + precision + ").")
        ->check(one_of({"auto", "fp32", "bf16", "fp16"}));
    app.add_option(
           "--memory-limit", memory_megabytes,
           "The most memory, in MB, that the run may add to the process, or take of a GPU's (no limit).")
        ->check(between(std::uint64_t{1}, std::uint64_t{1} << 40));
    app.add_option("--threads", threads, "Threads of the processor (all that may be used).")
        ->check(between(1, 1024));
}

void RunSettings::declare_bundle(CLI::App &app) {
    app.add_option("--bundle", bundle, "Bundle of trained networks, by path or file name (the task's own).");
}

void RunSettings::declare_tile_size(CLI::App &app) {
    app.add_option("--tile-size", tile_size, "Largest height and width of a tile, in pixels (chosen).")
        ->check(between(16, 1 << 16));
}

} // namespace mirra::cli
