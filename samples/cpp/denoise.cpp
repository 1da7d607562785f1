// denoise.cpp - denoises a photograph: denoise INPUT OUTPUT [SIGMA]
//   flags="$(pkg-config --cflags --libs mirra) -Wl,-rpath,$(pkg-config --variable=libdir mirra)"
//   c++ -std=c++17 denoise.cpp $flags -o denoise
#include <mirra/mirra.hpp>

#include <cstdio>

namespace api = mirra::api;

namespace {

void denoise(const char *from, const char *to, const char *sigma) {
    const api::Engine engine = api::Engine::create();
    api::SessionOptions options;
    options.task = "denoise";
    options.memory_limit = 2000000000; // bytes
    api::Session session = engine.session(options);
    session.set_text("sigma", sigma);

    api::Picture picture = api::Picture::read(from);
    api::RunOptions run;
    run.progress = [](const mirra_progress &progress) {
        std::fprintf(stderr, "\r%s %3.0f %%", progress.stage, 100 * progress.fraction);
        return true; // go on
    };
    session.run({api::in("image", picture), api::out("output", picture)}, run); // in place
    picture.write(to);
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 3) return std::fprintf(stderr, "usage: denoise INPUT OUTPUT [SIGMA]\n"), 2;
    try {
        denoise(argv[1], argv[2], argc > 3 ? argv[3] : "auto");
    } catch (const api::Error &error) {
        std::fprintf(stderr, "error: %s (%s)\n%s\n", error.what(), error.subject().c_str(),
                     error.hint().c_str());
        return 1;
    }
    std::fprintf(stderr, "\nwrote %s\n", argv[2]);
    return 0;
}
