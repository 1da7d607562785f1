// contact_sheet - pictures of a folder on sheets, or pairs of what a task makes of them. See README.md.
#include "canvas.hpp"
#include "options.hpp"
#include "task.hpp"

#include <mirra/mirra.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace {

namespace api = mirra::api;
namespace fs = std::filesystem;

volatile std::sig_atomic_t stopped = 0;
constexpr int kStopped = 130;

std::vector<fs::path> pictures(const fs::path &folder) {
    std::vector<fs::path> found;
    for (const fs::directory_entry &file : fs::directory_iterator(folder)) {
        std::string ending = file.path().extension().string();
        std::transform(ending.begin(), ending.end(), ending.begin(),
                       [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
        for (const char *known : {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".jxl"})
            if (ending == known && file.is_regular_file()) found.push_back(file.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// sheets.png: sheets-1.png, or sheets-01.png where there may be ten or more.
fs::path numbered(const fs::path &output, std::size_t number, std::size_t most) {
    std::string text = std::to_string(number);
    text.insert(0, std::to_string(most).size() - text.size(), '0');
    return output.parent_path() / (output.stem().string() + "-" + text + output.extension().string());
}

void complain(const api::Error &error, const std::string &about) {
    std::fprintf(stderr, "error: %s: %s\n", api::printable(about).c_str(),
                 api::printable(error.message()).c_str());
    if (!error.hint().empty()) std::fprintf(stderr, "  %s\n", api::printable(error.hint()).c_str());
}

/// Pictures are read, worked on and drawn one by one, so that memory does not grow with their number.
class Sheets {
  public:
    Sheets(const api::Engine &engine, const sheet::Options &options)
        : options_(options)
        , files_(pictures(options.folder))
        , canvas_(options.columns, options.rows, options.cell, options.task.empty() ? 1 : 2) {
        const auto on_a_sheet =
            static_cast<std::size_t>(options.columns) * static_cast<std::size_t>(options.rows);
        most_ = (files_.size() + on_a_sheet - 1) / on_a_sheet;
        if (!options.task.empty()) task_.emplace(engine, options, stopped);
    }

    int run() {
        if (files_.empty())
            throw api::Error(MIRRA_E_NOT_FOUND, "the folder has no pictures", options_.folder.string(),
                             "Files end in .png, .jpg, .jpeg, .tif, .tiff, .webp or .jxl.");
        for (const fs::path &file : files_) {
            try {
                if (stopped == 0) add(file);
            } catch (const api::Error &error) {
                if (error.code() == MIRRA_E_CANCELLED) return kStopped;
                complain(error, file.string());
                failed_.push_back(file.filename().string());
            }
            if (stopped != 0) return kStopped;
            if (canvas_.full()) finish();
        }
        if (!canvas_.empty()) finish();
        return report();
    }

  private:
    void add(const fs::path &file) {
        api::Picture picture = api::Picture::read(file.string(), options_.megapixels * 1000000);
        std::vector<sheet::Surface> drawn(1);
        if (task_) {
            api::Picture made = task_->run(picture);
            drawn.push_back(sheet::reduced(made, options_.cell));
        }
        drawn[0] = sheet::reduced(picture, options_.cell);
        canvas_.add(drawn, api::printable(file.filename().string()));
    }
    void finish() {
        const std::string path = numbered(options_.output, ++written_, most_).string();
        canvas_.write(path);
        std::printf("wrote %s\n", api::printable(path).c_str());
    }
    [[nodiscard]] int report() const {
        if (failed_.empty()) return 0;
        std::fprintf(stderr, "%zu of %zu pictures are on no sheet:\n", failed_.size(), files_.size());
        for (const std::string &name : failed_) std::fprintf(stderr, "  %s\n", api::printable(name).c_str());
        return 1;
    }

    const sheet::Options &options_;
    std::vector<fs::path> files_;
    sheet::Canvas canvas_;
    std::optional<sheet::Task> task_;
    std::vector<std::string> failed_;
    std::size_t most_ = 0, written_ = 0;
};

int run(int argc, char **argv) {
    const api::Engine engine = api::Engine::create();
    int exit_code = 0;
    const auto options = sheet::parse(argc, argv, engine, exit_code);
    if (!options) return exit_code;
    api::check_write(options->output.string()); // before long work
    const fs::path target = options->output.parent_path().empty() ? "." : options->output.parent_path();
    if (fs::equivalent(target, options->folder))
        throw api::Error(MIRRA_E_INVALID_ARGUMENT, "the sheets would lie among the pictures",
                         options->output.string(), "Choose another folder for OUTPUT.");
    const int status = Sheets(engine, *options).run();
    if (status == kStopped) std::fprintf(stderr, "stopped; sheets that were written stay\n");
    return status;
}

} // namespace

int main(int argc, char **argv) {
    std::signal(SIGINT, [](int) { stopped = 1; });
    std::signal(SIGTERM, [](int) { stopped = 1; });
    try {
        return run(argc, argv);
    } catch (const api::Error &error) {
        complain(error, error.subject().empty() ? "contact_sheet" : error.subject());
    } catch (const std::exception &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
    }
    return 1;
}
