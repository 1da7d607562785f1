// denoise_folder.cpp - takes the noise out of the pictures of a folder: denoise_folder PICTURES CLEAN
//   flags="$(pkg-config --cflags --libs mirra) -Wl,-rpath,$(pkg-config --variable=libdir mirra)"
//   c++ -std=c++17 denoise_folder.cpp $flags -o denoise_folder
#include <mirra/mirra.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <vector>

namespace api = mirra::api;
namespace fs = std::filesystem;

namespace {

volatile std::sig_atomic_t stopped = 0;

void denoise(api::Session &session, const fs::path &from, const fs::path &to) {
    api::Picture picture = api::Picture::read(from.string());
    api::RunOptions run;
    run.progress = [&from](const mirra_progress &progress) {
        std::fprintf(stderr, "\r%s %3.0f %%", from.c_str(), 100 * progress.fraction);
        return stopped == 0; // false stops the run
    };
    session.run({api::in("image", picture), api::out("output", picture)}, run); // in place
    picture.write(to.string());
}

std::vector<fs::path> pictures(const fs::path &folder) {
    std::vector<fs::path> found;
    for (const fs::directory_entry &file : fs::directory_iterator(folder))
        for (const char *ending : {".png", ".jpg", ".jpeg", ".PNG", ".JPG", ".JPEG"})
            if (file.path().extension() == ending) found.push_back(file.path());
    std::sort(found.begin(), found.end());
    return found;
}

/// Returns how many pictures failed.
int denoise_folder(const fs::path &from, const fs::path &to) {
    const std::vector<fs::path> files = pictures(from);
    fs::create_directories(to);
    const api::Engine engine = api::Engine::create();
    api::SessionOptions options;
    options.task = "denoise";
    api::Session session = engine.session(options);
    int failed = 0;
    for (const fs::path &file : files) {
        if (stopped != 0) break;
        try {
            denoise(session, file, to / file.filename());
        } catch (const api::Error &error) {
            std::fprintf(stderr, "\n%s: %s. %s", file.c_str(), error.what(), error.hint().c_str());
            ++failed;
        }
        std::fputc('\n', stderr);
    }
    return failed;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3) return std::fprintf(stderr, "usage: denoise_folder PICTURES CLEAN\n"), 2;
    std::signal(SIGINT, [](int) { stopped = 1; });
    try {
        const int failed = denoise_folder(argv[1], argv[2]);
        return stopped != 0 ? 130 : failed > 0;
    } catch (const api::Error &error) {
        std::fprintf(stderr, "error: %s: %s. %s\n", error.subject().c_str(), error.what(),
                     error.hint().c_str());
        return 1;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
}
