#include "options.hpp"

#include "error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <map>

namespace video {
namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return text;
}

/// The codec that most players of such files know; of .mkv one without loss.
std::string codec_for(const std::filesystem::path &output) {
    static const std::map<std::string, std::string> codecs{
        {".mp4", "avc1"}, {".m4v", "avc1"}, {".mov", "avc1"}, {".mkv", "FFV1"}, {".avi", "MJPG"}};
    const auto found = codecs.find(lower(output.extension().string()));
    if (found == codecs.end())
        throw Failure("the ending of " + output.string() + " names no kind of video",
                      "Use .mp4, .m4v, .mov, .mkv or .avi.");
    return found->second;
}

/// What can be said before anything is read.
void check(Options &options) {
    namespace fs = std::filesystem;
    const std::string wanted = codec_for(options.output);
    if (options.codec.empty()) options.codec = wanted;
    if (options.codec.size() != 4)
        throw Failure("--codec must have four characters, and " + options.codec + " has not",
                      "Examples: avc1, mp4v, FFV1, MJPG.");
    if (options.resume && options.restart)
        throw Failure("--resume and --restart exclude each other", "Give one of them.");
    if (!fs::exists(options.input))
        throw Failure("there is no file " + options.input.string(), "Check the path.");
    if (fs::exists(options.output) && fs::equivalent(options.input, options.output))
        throw Failure("the output is the input", "Give another OUTPUT.");
}

} // namespace

std::optional<Options> parse(int argc, char **argv, int &exit_code) {
    Options options;
    CLI::App app(
        "Takes the noise out of a video. What is done is kept in OUTPUT.parts: after Ctrl-C, a crash or "
        "a power cut the\nsame command with --resume goes on. Sound is not copied.",
        "video_denoise");
    app.add_option("INPUT", options.input, "Video that OpenCV can read.")->required();
    app.add_option("OUTPUT", options.output, "Video to write: .mp4, .m4v, .mov, .mkv or .avi.")->required();
    app.add_option("--sigma", options.sigma,
                   "Noise in steps of 1/255, or auto: measured at the beginning of each scene (auto).");
    app.add_option("--strength", options.strength, "How much of the noise is removed, 0 to 1 (1).");
    app.add_option("--quality", options.quality, "fast, balanced or best (balanced).");
    app.add_option("--codec", options.codec, "Four characters (avc1; FFV1 for .mkv, MJPG for .avi).");
    app.add_option("--part-frames", options.part_frames, "Frames of a part: so many are lost at most (48).")
        ->check(CLI::Range(1, 1000000));
    app.add_option("--threads", options.threads, "Threads of the network (all).")->check(CLI::Range(0, 1024));
    app.add_option("--memory-limit", options.memory_mb, "Most memory of the network, in MB (no limit).");
    app.add_flag("--resume", options.resume, "Goes on with an earlier run.");
    app.add_flag("--restart", options.restart, "Begins anew, and drops what an earlier run has done.");
    app.add_flag("-q,--quiet", options.quiet, "Shows no progress.");
    app.footer("Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped.");
    try {
        app.parse(argc, argv);
        check(options);
        return options;
    } catch (const CLI::ParseError &error) {
        exit_code = app.exit(error) == 0 ? 0 : 2;
        return std::nullopt;
    }
}

} // namespace video
