// The loop that every training task shares: resume, step, log, validate, checkpoint, stop on Ctrl-C, finish.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace mirra::trainer {

class ProcessGroup;
class Readings;

/// Every tensor that training changes, by name. Headers of commands see nothing of LibTorch but this.
using TrainingState = std::map<std::string, at::Tensor>;

struct CheckpointInfo {
    std::int64_t step = 0;
    std::string fingerprint; ///< of recipe, seed and data; a checkpoint of another run is refused
};

/// Writes nothing unless every value is finite, so that the last good checkpoint stays.
/// @param rate  the recipe's key of the learning rate
/// @throws Error io | internal (the training diverged; the subject is `rate`)
void save_checkpoint(const std::filesystem::path &path, const TrainingState &state,
                     const CheckpointInfo &info, const std::string &rate);

/// Copies the file's values into `state` in place. Empty when there is no such file.
/// @throws Error corrupt (values that are not finite included) | mismatch (another run's checkpoint; the hint
/// says what to do)
std::optional<CheckpointInfo> load_checkpoint(const std::filesystem::path &path, const TrainingState &state,
                                              const std::string &fingerprint);

/// What a task brings to the loop. Steps must depend on the state and the step number alone.
class TrainingTask {
  public:
    virtual ~TrainingTask() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual std::int64_t steps() const = 0;
    /// Identifies recipe, seed and data; see CheckpointInfo.
    [[nodiscard]] virtual std::string fingerprint() const = 0;
    [[nodiscard]] virtual TrainingState state() const = 0;
    /// Called once, before the first step. @param step  that will be made first
    virtual void start(std::int64_t step) = 0;
    /// Of the log, the loss first; the loop adds the pace, see pace_columns().
    [[nodiscard]] virtual std::vector<std::string> columns() const = 0;
    /// One optimiser step. With several processes: this one's values, which the loop averages. Of the step's
    /// work on a GPU nothing needs to be done when it returns.
    virtual void step(std::int64_t step, Readings &readings) = 0;
    /// Of the recipe: the learning rate of the last step.
    [[nodiscard]] virtual std::string rate_key() const;
    [[nodiscard]] virtual std::int64_t validation_interval() const = 0;
    /// Sets the validation's columns; with several processes, in all alike.
    virtual void validate(Readings &readings) = 0;
    /// Called after the last step, in the first process: writes the bundle.
    virtual void finish() = 0;
    /// The bundle that finish() writes.
    [[nodiscard]] virtual std::filesystem::path output() const = 0;
    /// After the last step: whether there is nothing left for finish() to do.
    [[nodiscard]] virtual bool finished() const { return std::filesystem::exists(output()); }
    /// Those that train together.
    [[nodiscard]] virtual const ProcessGroup &processes() const;
};

/// Since the row before: pictures of all processes a second, and the share of the time that steps of the
/// first one waited for pictures. Neither counts validations and checkpoints.
std::vector<std::string> pace_columns();

struct RunOptions {
    std::filesystem::path folder;        ///< checkpoint, log and curve; created
    std::int64_t checkpoint_every = 250; ///< steps
    /// At least so long after the last one: a GPU makes 250 steps in a few seconds.
    std::chrono::seconds checkpoint_interval{20};
    std::int64_t log_every = 20; ///< steps averaged into a row
    /// Steps whose values are read at once; 0: each by itself, on a GPU as many as are averaged into a row.
    std::int64_t read_every = 0;
    bool restart = false; ///< discard an existing checkpoint, unless a launcher restarted us
};

enum class RunResult { finished, interrupted };

/// 0, or 130 as shells have it for Ctrl-C.
int exit_status(RunResult result);

/// Runs the task to its end or to Ctrl-C; either way everything is on disk when it returns. Of several
/// processes the first reads and writes the folder and gives the others its state; Ctrl-C at any stops all.
/// @throws Error of the task, of loading and of saving, io when another process is gone
RunResult run_training(TrainingTask &task, const RunOptions &options);

} // namespace mirra::trainer
