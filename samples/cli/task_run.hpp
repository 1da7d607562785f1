// Runs a task on files: a session, and for each file read, run, write.
#pragma once

#include "console.hpp"
#include "further_outputs.hpp"
#include "handles.hpp"
#include "interrupt.hpp"
#include "paths.hpp"
#include "pictures.hpp"
#include "results.hpp"
#include "schema.hpp"
#include "session.hpp"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace mirra::cli {

/// What the options of a task's command say, but for inputs and the main output.
struct TaskSettings {
    RunSettings run;
    ReadSettings read;
    WriteSettings write;
    FurtherOutputs further;                    ///< as the options name them
    std::string output_size;                   ///< "WxH"; "": as the input
    std::int32_t max_size = 0;                 ///< of the input's longer side; 0: as it is
    std::map<std::string, std::string> ports;  ///< files and values of the other inputs; "" where not given
    std::map<std::string, std::string> params; ///< by name, as text
};

/// The image port that the positional inputs (or -o) stand for: the first that must be given, else the first.
/// NULL if there is none. Points into `task`.
const Port *primary_port(const Task &task, bool input);
/// What -o stands for: the primary image output, or, in a task without one, its only tensor output; else
/// NULL.
const Port *primary_output(const Task &task);

/// "640x480". Throws Failure (usage).
std::pair<std::int32_t, std::int32_t> parse_size(const std::string &text);

/// A session and how it is applied to files, in three steps: read, compute, write. Files may be in different
/// steps at a time. What it is made of must outlive it.
class TaskRun {
  public:
    /// Reads the files of all ports but the primary ones, and makes the session, which loads and compiles the
    /// networks. Throws Failure.
    TaskRun(const Engine &engine, const Task &task, const TaskSettings &settings, const Console &console,
            const Interrupt &interrupt);
    TaskRun(const TaskRun &) = delete;
    TaskRun &operator=(const TaskRun &) = delete;
    ~TaskRun();

    struct Source; ///< the picture of a main input
    struct Work;   ///< all pictures of a run, and its result
    struct Done {
        Json record; ///< what was done
        std::shared_ptr<const Work> work;
    };

    /// Reads the main input; "" for that of a task without one. Thread-safe. Throws Failure.
    [[nodiscard]] std::shared_ptr<Source> read(const std::string &file) const;
    /// Runs. `counter` goes before the label of the progress; none: nothing is shown of it. By one thread at
    /// a time, but of a session of several devices by as many as there are. Throws Failure.
    Done compute(const FilePair &file, const FurtherOutputs &further, std::shared_ptr<Source> source,
                 const std::optional<std::string> &counter);
    /// Writes the outputs. Thread-safe. Throws Failure.
    void write(const Work &work) const;

    /// The session: plugin, bundle with its sum, quality, parameters and the files of its other inputs.
    [[nodiscard]] Json record() const;

  private:
    struct Inputs;
    using Ports = Work;

    void read_inputs();
    void add_main_input(Ports &ports, Source source) const;
    void add_outputs(Ports &ports, const FilePair &file) const;
    void check_sheet(const Ports &ports) const;
    Result execute(const Ports &ports, const std::optional<std::string> &label);
    void write_tensors(const Ports &ports) const;
    static void name_from_root(Ports &ports);

    const Task &task_;
    const TaskSettings &settings_;
    const Console &console_;
    const Interrupt &interrupt_;
    std::unique_ptr<Inputs> inputs_; ///< the same in every run
    Session session_;
};

} // namespace mirra::cli
