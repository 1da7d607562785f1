#include "parts.hpp"

#include "error.hpp"
#include "join.hpp"

#include <mirra/mirra.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace video {
namespace fs = std::filesystem;
namespace {

/// What a part depends on. Another input, option or version would not fit to the parts that are there.
nlohmann::json identity(const Options &options) {
    return {{"input", fs::absolute(options.input).string()},
            {"bytes", fs::file_size(options.input)},
            {"modified", fs::last_write_time(options.input).time_since_epoch().count()},
            {"--sigma", options.sigma},
            {"--strength", options.strength},
            {"--quality", options.quality},
            {"--codec", options.codec},
            {"--part-frames", options.part_frames},
            {"mirra", mirra_version_string()}};
}

[[noreturn]] void fail(const std::string &what, const fs::path &path) {
    throw Failure(what + " " + path.string() + ": " + std::strerror(errno),
                  "Check the folder's permissions and the free space.");
}

} // namespace

Parts::Parts(const Options &options)
    : folder_(options.output.string() + ".parts")
    , output_(options.output)
    , run_(identity(options)) {
    const bool there = fs::exists(folder_ / "state.json");
    if (there && !options.resume && !options.restart)
        throw Failure("an earlier run has begun this video",
                      "--resume goes on with it; --restart begins anew.");
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) throw Failure("cannot make " + folder_.string() + ": " + error.message(), "Check the path.");
    lock();
    if (there && options.resume) {
        load();
        return;
    }
    for (const fs::directory_entry &each : fs::directory_iterator(folder_))
        if (each.path().filename() != "lock") fs::remove(each.path());
    save();
}

Parts::~Parts() {
    if (lock_ >= 0) close(lock_);
}

void Parts::lock() {
    const fs::path path = folder_ / "lock";
    lock_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock_ < 0) fail("cannot open", path);
    if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
    const int reason = errno;
    close(lock_);
    errno = reason;
    if (reason == EWOULDBLOCK)
        throw Failure("another run works on " + output_.string(), "Wait for it, or give another OUTPUT.");
    fail("cannot lock", path);
}

void Parts::load() {
    const fs::path path = folder_ / "state.json";
    try {
        std::ifstream stream(path);
        const nlohmann::json state = nlohmann::json::parse(stream);
        for (const auto &[name, value] : run_.items())
            if (state.at("run").at(name) != value)
                throw Failure("the earlier run had another " + name + ": " + state["run"][name].dump() +
                                  ", not " + value.dump(),
                              "Give the same again, or begin anew with --restart.");
        counts_ = state.at("parts").get<std::vector<std::int64_t>>();
        scene_ = {state.at("scene_start").get<std::int64_t>(), state.at("sigma").get<double>()};
        complete_ = state.at("complete").get<bool>();
    } catch (const nlohmann::json::exception &error) {
        throw Failure(path.string() + " is damaged: " + error.what(), "Begin anew with --restart.");
    }
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        if (count_frames(file(i)) != counts_[i])
            throw Failure("the part " + file(i).string() + " is damaged", "Begin anew with --restart.");
        frames_ += counts_[i];
    }
}

void Parts::save() const {
    const nlohmann::json state{{"run", run_},
                               {"parts", counts_},
                               {"scene_start", scene_.start},
                               {"sigma", scene_.sigma},
                               {"complete", complete_}};
    const std::string text = state.dump(2) + "\n";
    mirra::api::write_file((folder_ / "state.json").string(), text.data(), text.size());
}

fs::path Parts::file(std::size_t number) const {
    std::string name = std::to_string(number);
    name.insert(0, name.size() < 6 ? 6 - name.size() : 0, '0');
    return folder_ / (name + output_.extension().string());
}

std::vector<fs::path> Parts::files() const {
    std::vector<fs::path> all;
    for (std::size_t i = 0; i < counts_.size(); ++i) all.push_back(file(i));
    return all;
}

fs::path Parts::unfinished() const {
    return folder_ / ("unfinished" + output_.extension().string());
}

void Parts::add(std::int64_t frames, const Scene &scene) {
    // OpenCV does not say when a frame could not be written.
    const std::int64_t there = count_frames(unfinished());
    if (there != frames)
        throw Failure(unfinished().string() + " holds " + std::to_string(there) + " of " +
                          std::to_string(frames) + " frames",
                      "Is the disk full? Make room, and go on with --resume. Or try another --codec.");
    const int file_there = open(unfinished().c_str(), O_RDONLY | O_CLOEXEC);
    const bool stored = file_there >= 0 && fsync(file_there) == 0;
    if (file_there >= 0) close(file_there);
    if (!stored) fail("cannot store", unfinished());
    fs::rename(unfinished(), file(counts_.size()));
    counts_.push_back(frames);
    frames_ += frames;
    scene_ = scene;
    save();
}

void Parts::set_complete() {
    complete_ = true;
    save();
}

void Parts::finish(const fs::path &joined) {
    fs::rename(joined, output_);
    fs::remove_all(folder_);
}

} // namespace video
