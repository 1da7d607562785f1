// Checkpoints, and the loop around them.
#include "core/training_run.hpp"

#include "core/divergence.hpp"
#include "core/made_folders.hpp"
#include "core/progress.hpp"
#include "core/readings.hpp"
#include "core/run_folder.hpp"
#include "core/step_memory.hpp"
#include "core/text.hpp"
#include "distributed/process_group.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "report/plot.hpp"
#include "runtime/torch/libtorch.hpp"

#include <cmath>
#include <limits>
#include <optional>

namespace mirra::trainer {
namespace {

std::span<const std::byte> bytes_of(const torch::Tensor &tensor) {
    return {static_cast<const std::byte *>(tensor.const_data_ptr()), tensor.nbytes()};
}

bool finite(const torch::Tensor &tensor) {
    return tensor.isfinite().all().item<bool>();
}

constexpr const char *kBeginAnew = "pass --restart to discard it and begin anew";

/// The value of a tensor of the state. @param path  of the file
void restore(const std::string &name, const torch::Tensor &place, const bundle::TensorFile &file,
             const std::filesystem::path &path) {
    const auto refuse = [&](const std::string &what) {
        throw Error(ErrorCode::corrupt, "the checkpoint's tensor '" + name + "' " + what, path.string(),
                    kBeginAnew);
    };
    const auto found = file.tensors().find(name);
    if (found == file.tensors().end()) refuse("is missing");
    const auto values = bundle::to_float(found->second);
    if (static_cast<std::int64_t>(values.size()) != place.numel()) refuse("has another size");
    const auto saved = torch::from_blob(const_cast<float *>(values.data()), place.sizes(), at::kFloat);
    if (!finite(saved)) refuse("holds values that are not finite");
    torch::Tensor target = place;
    target.copy_(saved);
}

std::string value(const bundle::TensorFile &file, const std::string &key) {
    const auto found = file.metadata().find(key);
    return found == file.metadata().end() ? "" : found->second;
}

} // namespace

void save_checkpoint(const std::filesystem::path &path, const TrainingState &state,
                     const CheckpointInfo &info, const std::string &rate) {
    const torch::NoGradGuard no_grad;
    std::map<std::string, torch::Tensor> copies;
    std::map<std::string, bundle::TensorView> views;
    for (const auto &[name, tensor] : state) {
        auto &copy = copies[name] = tensor.to(at::kCPU, at::kFloat).contiguous();
        if (!finite(copy))
            throw diverged("values are not finite after step " + std::to_string(info.step) + ": " + name,
                           rate);
        views[name] = {bundle::DType::f32, {copy.sizes().begin(), copy.sizes().end()}, bytes_of(copy)};
    }
    bundle::write_tensors(
        path, views, {{"mirra.step", std::to_string(info.step)}, {"mirra.fingerprint", info.fingerprint}});
}

/// @throws Error as TensorFile::open(), with what helps here
std::shared_ptr<const bundle::TensorFile> open_checkpoint(const std::filesystem::path &path) {
    try {
        return bundle::TensorFile::open(path);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::corrupt) throw;
        throw Error(error.code(), error.what(), error.subject(), kBeginAnew);
    }
}

std::optional<CheckpointInfo> load_checkpoint(const std::filesystem::path &path, const TrainingState &state,
                                              const std::string &fingerprint) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    const torch::NoGradGuard no_grad;
    const auto file = open_checkpoint(path);
    const auto step = number_of<std::int64_t>(value(*file, "mirra.step"));
    if (!step || *step < 0)
        throw Error(ErrorCode::corrupt, "checkpoint has no step count", path.string(), kBeginAnew);
    CheckpointInfo info{.step = *step, .fingerprint = value(*file, "mirra.fingerprint")};
    if (info.fingerprint != fingerprint)
        throw Error(ErrorCode::mismatch, "the checkpoint is of a run with another recipe, seed or data",
                    path.string(), "use another output name, or pass --restart to discard it");
    for (const auto &[name, tensor] : state) restore(name, tensor, *file, path);
    return info;
}

namespace {

using Clock = std::chrono::steady_clock;

const std::string kLogFile = "log.csv";
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Means of the columns since the last row; NaN where nothing was measured.
class RowAverage {
  public:
    explicit RowAverage(std::size_t columns) : sums_(columns, 0), counts_(columns, 0) {}
    void add(const std::vector<double> &values) {
        for (std::size_t i = 0; i < values.size(); ++i)
            if (!std::isnan(values[i])) {
                sums_[i] += values[i];
                ++counts_[i];
            }
    }
    std::vector<double> take() {
        std::vector<double> means(sums_.size(), kNaN);
        for (std::size_t i = 0; i < sums_.size(); ++i)
            if (counts_[i] > 0) means[i] = sums_[i] / counts_[i];
        *this = RowAverage(sums_.size());
        return means;
    }

  private:
    std::vector<double> sums_;
    std::vector<int> counts_;
};

/// How fast steps are made, without what is done between them, and what they wait for.
class Pace {
  public:
    /// What is done now and until resume() is no step.
    void pause() { steps_ += Clock::now() - begin_; }
    void resume() { begin_ = Clock::now(); }
    void add(const Readings::Supply &supply) {
        supply_.waited += supply.waited;
        supply_.pictures += supply.pictures;
    }
    void add(const Pace &other) {
        add(other.supply_);
        steps_ += other.steps_;
    }

    [[nodiscard]] std::int64_t pictures() const { return supply_.pictures; }
    [[nodiscard]] double seconds() const { return steps_.count(); }
    [[nodiscard]] double pictures_per_second() const {
        return seconds() > 0 ? static_cast<double>(supply_.pictures) / seconds() : kNaN;
    }
    /// Share of the time.
    [[nodiscard]] double waiting() const { return seconds() > 0 ? supply_.waited.count() / seconds() : kNaN; }
    /// "72 pictures/s", and the share where it is worth a word.
    [[nodiscard]] std::string text() const {
        constexpr double kWorthAWord = 0.01, kPercent = 100, kFew = 100;
        auto out = decimal(pictures_per_second(), pictures_per_second() < kFew ? 1 : 0) + " pictures/s";
        if (waiting() >= kWorthAWord)
            out += ", " + decimal(kPercent * waiting(), 0) + " % of the time waiting for them";
        return out;
    }

  private:
    Clock::time_point begin_ = Clock::now();
    std::chrono::duration<double> steps_{0};
    Readings::Supply supply_;
};

std::vector<std::string> with_pace(std::vector<std::string> columns) {
    for (auto &column : pace_columns()) columns.push_back(std::move(column));
    return columns;
}

class Run {
  public:
    Run(TrainingTask &task, const RunOptions &options, std::int64_t first)
        : task_(task)
        , options_(options)
        , processes_(task.processes())
        , step_(first)
        , readings_(task.columns())
        , log_(options.folder / kLogFile, with_pace(task.columns()), first)
        , average_(task.columns().size())
        , progress_(task.name(), task.steps(), first) {}

    RunResult loop() {
        const InterruptGuard guard;
        StepMemory memory;
        if (processes_.first()) log_.save(); // a run that dies before its first checkpoint leaves a trace
        row_.resume();
        while (step_ < task_.steps() && !stopping_) advance(memory);
        row_.pause();
        whole_.add(row_);
        save();
        if (processes_.first() && whole_.pictures() > 0) log_info("trained at " + whole_.text());
        return step_ < task_.steps() ? RunResult::interrupted : RunResult::finished;
    }

  private:
    void advance(StepMemory &memory) {
        readings_.begin(step_);
        task_.step(step_, readings_);
        ++step_;
        const bool last = step_ == task_.steps();
        const bool validating = step_ % task_.validation_interval() == 0 || last;
        if (processes_.size() == 1) stopping_ = !last && interrupted();
        if (validating || stopping_ || step_ % options_.log_every == 0 ||
            step_ % options_.checkpoint_every == 0 || readings_.rows() >= read_every())
            read();
        row_.pause();
        if (validating) {
            validate();
            memory.renew();
        }
        if (processes_.first() && (step_ % options_.log_every == 0 || validating)) write_row();
        if (checkpoint_due()) save();
        row_.resume();
    }

    [[nodiscard]] std::int64_t read_every() const {
        if (options_.read_every > 0) return options_.read_every;
        return readings_.must_wait() ? options_.log_every : 1;
    }

    [[nodiscard]] bool checkpoint_due() const {
        return step_ % options_.checkpoint_every == 0 &&
               (!saved_ || Clock::now() - *saved_ >= options_.checkpoint_interval);
    }

    /// Takes over what the steps since the last call measured, as averages over the processes.
    void read() {
        const auto first = step_ - readings_.rows();
        const auto rows = together(readings_.take());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (!std::isfinite(rows[i].front()))
                throw diverged("the loss is not finite at step " +
                                   std::to_string(first + static_cast<std::int64_t>(i) + 1),
                               task_.rate_key());
            average_.add(rows[i]);
        }
        row_.add(readings_.take_supply());
        if (!rows.empty()) show(rows.back().front());
    }

    /// In one exchange with whether any of the processes shall stop.
    std::vector<std::vector<double>> together(std::vector<std::vector<double>> rows) {
        if (processes_.size() == 1) return rows;
        const bool last = step_ == task_.steps(); // nothing is left to stop here: what follows looks
        std::vector<double> all{!last && interrupted() ? 1.0 : 0.0};
        for (const auto &row : rows) all.insert(all.end(), row.begin(), row.end());
        all = processes_.average(all);
        stopping_ = all.front() > 0;
        auto next = all.begin() + 1;
        for (auto &row : rows)
            for (auto &value : row) value = *next++;
        return rows;
    }

    void validate() {
        readings_.begin(step_ - 1);
        task_.validate(readings_);
        for (const auto &row : readings_.take()) average_.add(row);
    }

    void show(double loss) {
        if (!processes_.first()) return;
        auto note = task_.columns().front() + " " + decimal(loss, 5);
        if (!pace_.empty()) note += ", " + pace_;
        progress_.update(step_, note);
    }

    void write_row() {
        auto values = average_.take();
        values.push_back(row_.pictures_per_second());
        values.push_back(row_.waiting());
        log_.add({step_, std::move(values)});
        pace_ = row_.text();
        whole_.add(row_);
        row_ = {};
    }

    void save() {
        if (!processes_.first()) return;
        save_checkpoint(options_.folder / "checkpoint.safetensors", task_.state(),
                        {step_, task_.fingerprint()}, task_.rate_key());
        log_.save();
        try { // a picture of the log is no reason to lose what was trained
            draw_curves(options_.folder / "curves.png", task_.name(), log_);
        } catch (const Error &error) {
            log_warning(std::string("the curves are not drawn: ") + error.what());
        }
        saved_ = Clock::now();
    }

    TrainingTask &task_;
    const RunOptions &options_;
    const ProcessGroup &processes_;
    std::int64_t step_;
    Readings readings_;
    RunLog log_;
    RowAverage average_;
    Progress progress_;
    Pace row_, whole_; ///< since the last row, and of the rows
    std::string pace_; ///< of the last row
    bool stopping_ = false;
    std::optional<Clock::time_point> saved_; ///< the last checkpoint of this run
};

constexpr std::int64_t kFinished = -1;

/// The step to go on from, its state loaded; kFinished when nothing is left to do.
std::int64_t resume(TrainingTask &task, const RunOptions &options) {
    const auto checkpoint = options.folder / "checkpoint.safetensors";
    check_writable(checkpoint);
    if (options.restart && task.processes().restarted())
        log_info("--restart was for the first start; the launcher has started anew, and the run goes on");
    else if (options.restart)
        std::filesystem::remove(checkpoint);
    const auto found = load_checkpoint(checkpoint, task.state(), task.fingerprint());
    const auto first = found ? found->step : 0;
    if (!found && !options.restart && std::filesystem::exists(options.folder / kLogFile))
        log_warning("an earlier run ended before its first checkpoint (at step " +
                    std::to_string(options.checkpoint_every) + "); this one begins anew");
    if (found && first == task.steps() && task.finished()) {
        log_info("this run is finished: " + task.output().string() + "; pass --restart to train anew");
        return kFinished;
    }
    if (found) log_info("resuming at step " + std::to_string(first) + " of " + std::to_string(task.steps()));
    return first;
}

/// What the first process has found, in all of them.
std::int64_t resume_together(TrainingTask &task, const RunOptions &options) {
    const auto &processes = task.processes();
    processes.require_same(task.fingerprint(), "recipe, seed and data", "start all with the same command");
    const auto step = torch::zeros({1}, at::kLong);
    if (processes.first()) step.fill_(resume(task, options));
    processes.broadcast({step});
    const auto first = step.item<std::int64_t>();
    if (first == kFinished) return first;
    std::vector<torch::Tensor> state;
    for (const auto &[name, tensor] : task.state()) state.push_back(tensor);
    processes.broadcast(state);
    return first;
}

} // namespace

std::string TrainingTask::rate_key() const {
    return kOptimizerRate;
}

const ProcessGroup &TrainingTask::processes() const {
    return ProcessGroup::alone();
}

std::vector<std::string> pace_columns() {
    return {"pictures_per_second", "waiting_for_pictures"};
}

int exit_status(RunResult result) {
    constexpr int kInterrupted = 130;
    return result == RunResult::finished ? 0 : kInterrupted;
}

RunResult run_training(TrainingTask &task, const RunOptions &options) {
    std::optional<MadeFolders> folder;
    if (task.processes().first()) folder.emplace(options.folder, "name a folder with --run");
    const auto first = resume_together(task, options);
    if (first == kFinished) return RunResult::finished;
    task.start(first);
    const auto result = Run(task, options, first).loop();
    if (task.processes().first()) {
        if (result == RunResult::finished)
            task.finish();
        else
            log_warning("interrupted; the same command goes on from " + options.folder.string());
    }
    // The others end only after the first has written all.
    task.processes().barrier();
    return result;
}

} // namespace mirra::trainer
