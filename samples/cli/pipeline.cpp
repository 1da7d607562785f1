#include "pipeline.hpp"

#include <deque>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

namespace mirra::cli {
namespace {

namespace fs = std::filesystem;

/// "" of a folder that was removed.
fs::path current_folder() {
    std::error_code ignored;
    return fs::current_path(ignored);
}

/// Whether a result replaces the input of another file: then what that one reads depends on the order.
bool feeds_another(std::span<const FilePair> files) {
    const auto place = [](const std::string &file) {
        std::error_code ignored;
        return fs::weakly_canonical(fs::absolute(file, ignored), ignored);
    };
    std::map<fs::path, std::size_t> results;
    for (std::size_t i = 0; i < files.size(); ++i)
        if (!files[i].output.empty()) results.emplace(place(files[i].output), i);
    for (std::size_t i = 0; i < files.size(); ++i)
        if (const auto found = results.find(place(files[i].input));
            found != results.end() && found->second != i)
            return true;
    return false;
}

/// On a thread of its own where there may be one more, else where its result is asked for.
template<class Body> auto started(bool at_once, const Body &body) {
    if (at_once) {
        try {
            return std::async(std::launch::async, body);
        } catch (const std::system_error &) { // the process may start no thread
        }
    }
    return std::async(std::launch::deferred, body);
}

} // namespace

std::string counter(std::size_t index, std::size_t count) {
    return count > 1 ? std::to_string(index + 1) + "/" + std::to_string(count) + " " : "";
}

Pipeline::Pipeline(TaskRun &run, std::span<const FilePair> files, std::span<const FurtherOutputs> further,
                   const Interrupt &interrupt, const Width &width)
    : run_(run)
    , files_(files)
    , further_(further)
    , interrupt_(interrupt)
    , overlapping_(width.overlapping && files.size() > 1 && !feeds_another(files))
    // One more for each device, so that the next picture is there when it is free.
    , at_once_(overlapping_ && width.devices > 1 ? 2 * width.devices : 1)
    , folder_(current_folder()) {}

void Pipeline::run(const Report &report, const Beside &beside) {
    at_once_ > 1 ? run_spread(report, beside) : run_in_turn(report, beside);
}

/// Each file is read, computed and written on threads of its own; the session finds a device for it.
void Pipeline::run_spread(const Report &report, const Beside &beside) {
    std::deque<std::future<Computed>> under_way;
    const auto tell_first = [&] {
        const Computed first = under_way.front().get();
        under_way.pop_front();
        tell(report, first);
    };
    for (std::size_t i = 0; i < files_.size(); ++i) {
        under_way.push_back(started(true, [this, i, &beside] {
            std::future<Source> none;
            return compute(i, read(i), none, beside);
        }));
        if (under_way.size() >= at_once_) tell_first();
    }
    while (!under_way.empty()) tell_first();
}

void Pipeline::run_in_turn(const Report &report, const Beside &beside) {
    std::optional<Computed> before;
    std::future<Source> source = read(0);
    for (std::size_t i = 0; i < files_.size(); ++i) {
        std::future<Source> next;
        Computed now = compute(i, std::move(source), next, beside);
        if (before) tell(report, *before);
        before.reset();
        if (overlapping_)
            before = std::move(now);
        else
            tell(report, now);
        source = std::move(next);
    }
    if (before) tell(report, *before);
}

std::future<Pipeline::Source> Pipeline::read(std::size_t index) const {
    if (index >= files_.size()) return {};
    const auto &name = files_[index].input;
    return started(overlapping_, [this, &name]() -> Source {
        if (!overlapping_) return run_.read(name);
        const std::string path = name.empty() ? name : (folder_ / name).string();
        try {
            return run_.read(path);
        } catch (const Failure &failure) {
            throw failure.subject() == path ? failure.with_subject(name) : failure;
        }
    });
}

Pipeline::Computed Pipeline::compute(std::size_t index, std::future<Source> source, std::future<Source> &next,
                                     const Beside &beside) {
    Computed out{.index = index, .record = {}, .failure = nullptr, .written = {}};
    try {
        interrupt_.check();
        source.wait();
        if (at_once_ == 1) next = read(index + 1); // whatever became of this one
        std::optional<std::string> label;          // several lines of progress would be drawn over each other
        if (at_once_ == 1) label = counter(index, files_.size());
        auto done = run_.compute(files_[index], further_[index], source.get(), label);
        out.record = std::move(done.record);
        out.written =
            started(overlapping_, [this, index, work = std::move(done.work), record = out.record, &beside] {
                write(index, *work);
                beside(index, record);
            }).share();
    } catch (...) {
        out.failure = std::current_exception();
    }
    return out;
}

/// The names that the caller gave stand in messages.
void Pipeline::write(std::size_t index, const TaskRun::Work &work) const {
    const std::string root = folder_.string() + "/";
    try {
        run_.write(work);
    } catch (const Failure &failure) {
        const bool relative = std::filesystem::path(files_[index].output).is_relative();
        if (!relative || !failure.subject().starts_with(root)) throw;
        throw failure.with_subject(failure.subject().substr(root.size()));
    }
}

void Pipeline::tell(const Report &report, const Computed &computed) {
    report(computed.index, [&] {
        if (computed.failure) std::rethrow_exception(computed.failure);
        computed.written.get();
        return computed.record;
    });
}

} // namespace mirra::cli
