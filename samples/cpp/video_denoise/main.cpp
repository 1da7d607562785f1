// video_denoise - takes the noise out of a video, and goes on after it was stopped. See README.md.
#include "error.hpp"
#include "join.hpp"
#include "options.hpp"
#include "parts.hpp"
#include "pipeline.hpp"

#include <mirra/mirra.hpp>

#include <csignal>
#include <cstdio>

namespace {

volatile std::sig_atomic_t stopped = 0;

constexpr int kStopped = 130;

int fail(const std::string &message, const std::string &subject, const std::string &hint) {
    std::fprintf(stderr, "error: %s", message.c_str());
    if (!subject.empty()) std::fprintf(stderr, " (%s)", subject.c_str());
    std::fprintf(stderr, hint.empty() ? "\n" : "\n%s\n", hint.c_str());
    return 1;
}

int run(const video::Options &options) {
    mirra::api::check_write_file(options.output.string()); // before hours of work
    video::Parts parts(options);
    if (!parts.complete() && !video::denoise(options, parts, stopped)) {
        std::fprintf(stderr, "stopped; %lld frames are done. Go on with --resume.\n",
                     static_cast<long long>(parts.frames()));
        return kStopped;
    }
    const std::filesystem::path joined = parts.unfinished();
    video::join(parts.files(), joined);
    parts.finish(joined);
    std::fprintf(stderr, "wrote %s, %lld frames\n", options.output.c_str(),
                 static_cast<long long>(parts.frames()));
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    std::signal(SIGINT, [](int) { stopped = 1; });
    std::signal(SIGTERM, [](int) { stopped = 1; });
    try {
        int exit_code = 0;
        const auto options = video::parse(argc, argv, exit_code);
        return options ? run(*options) : exit_code;
    } catch (const mirra::api::Error &error) {
        return fail(error.message(), error.subject(), error.hint());
    } catch (const video::Failure &error) {
        return fail(error.what(), "", error.hint());
    } catch (const std::exception &error) {
        return fail(error.what(), "", "");
    }
}
