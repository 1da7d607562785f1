#include "pipeline.hpp"

#include <optional>
#include <utility>

namespace mirra::cli {

Pipeline::Pipeline(TaskRun &run, std::span<const FilePair> files, std::span<const FurtherOutputs> further,
                   const Interrupt &interrupt, bool overlapping)
    : run_(run)
    , files_(files)
    , further_(further)
    , interrupt_(interrupt)
    , overlapping_(overlapping && files.size() > 1)
    , folder_(std::filesystem::current_path()) {}

void Pipeline::run(const Report &report) {
    std::optional<Computed> before;
    std::future<Source> source = read(0);
    for (std::size_t i = 0; i < files_.size(); ++i) {
        std::future<Source> next;
        Computed now = compute(i, std::move(source), next);
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
    return std::async(overlapping_ ? std::launch::async : std::launch::deferred, [this, &name]() -> Source {
        if (!overlapping_) return run_.read(name);
        const std::string path = name.empty() ? name : (folder_ / name).string();
        try {
            return run_.read(path);
        } catch (const Failure &failure) {
            throw failure.subject() == path ? failure.with_subject(name) : failure;
        }
    });
}

Pipeline::Computed Pipeline::compute(std::size_t index, std::future<Source> source,
                                     std::future<Source> &next) {
    Computed out{.index = index, .record = {}, .failure = nullptr, .written = {}};
    const std::string counter =
        files_.size() > 1 ? std::to_string(index + 1) + "/" + std::to_string(files_.size()) + " " : "";
    try {
        interrupt_.check();
        Source picture;
        try {
            picture = source.get();
        } catch (...) {
            next = read(index + 1);
            throw;
        }
        next = read(index + 1);
        auto done = run_.compute(files_[index], further_[index], std::move(picture), counter);
        out.record = std::move(done.record);
        const auto policy = overlapping_ ? std::launch::async : std::launch::deferred;
        out.written =
            std::async(policy, [this, index, work = std::move(done.work)] { write(index, *work); }).share();
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
