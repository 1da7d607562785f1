// Several files through a task at once: the next is read and the one before is written while one is computed.
#pragma once

#include "task_run.hpp"

#include <cstddef>
#include <functional>
#include <future>
#include <span>
#include <string>

namespace mirra::cli {

/// "2/5 ", before what is said of one of several files; "" of a single one.
std::string counter(std::size_t index, std::size_t count);

class Pipeline {
  public:
    /// What became of a file: a record, or a throw of Failure.
    using Outcome = std::function<Json()>;
    /// Called for each file in its turn, once it is written. What it throws ends the pipeline.
    using Report = std::function<void(std::size_t index, const Outcome &outcome)>;

    /// Called once a result is written, by the thread that wrote it: what goes beside it.
    using Beside = std::function<void(std::size_t index, const Json &record)>;

    /// How much is done at once.
    struct Width {
        bool overlapping = true; ///< up to three pictures are in memory; else one
        std::size_t devices = 1; ///< with more than one: two pictures for each, as the session can have runs
    };
    Pipeline(TaskRun &run, std::span<const FilePair> files, std::span<const FurtherOutputs> further,
             const Interrupt &interrupt, const Width &width);

    void run(const Report &report, const Beside &beside);

  private:
    /// A file that was computed, and is being written.
    struct Computed {
        std::size_t index = 0;
        Json record;
        std::exception_ptr failure; ///< of reading or computing
        std::shared_future<void> written;
    };
    using Source = std::shared_ptr<TaskRun::Source>;

    void run_in_turn(const Report &report, const Beside &beside);
    void run_spread(const Report &report, const Beside &beside);
    [[nodiscard]] std::future<Source> read(std::size_t index) const;
    [[nodiscard]] Computed compute(std::size_t index, std::future<Source> source, std::future<Source> &next,
                                   const Beside &beside);
    void write(std::size_t index, const TaskRun::Work &work) const;
    static void tell(const Report &report, const Computed &computed);

    TaskRun &run_;
    const std::span<const FilePair> files_;
    const std::span<const FurtherOutputs> further_;
    const Interrupt &interrupt_;
    const bool overlapping_;
    const std::size_t at_once_;          ///< runs
    const std::filesystem::path folder_; ///< that names are relative to; a plugin may leave it as it runs
};

} // namespace mirra::cli
