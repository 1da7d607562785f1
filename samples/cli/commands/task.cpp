// A task of a plugin as a command: its options come from the task's schema.
#include "../task_run.hpp"

#include "../checks.hpp"
#include "../command.hpp"
#include "../compare_page.hpp"
#include "../csv.hpp"
#include "../devices.hpp"
#include "../interrupt.hpp"
#include "../loading.hpp"
#include "../option_names.hpp"
#include "../paths.hpp"
#include "../pipeline.hpp"
#include "../printable.hpp"
#include "../series.hpp"
#include "../shard.hpp"
#include "../suggest.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>

namespace mirra::cli {
namespace {

std::string sentence(std::string text) {
    if (!text.empty() && text.back() != '.') text += '.';
    return text;
}

class TaskCommand final : public Command {
  public:
    TaskCommand(Engine engine, Task task)
        : Command(task.name, sentence(task.label) + (task.doc.empty() ? "" : "\n" + wrapped(task.doc, 0)))
        , engine_(std::move(engine))
        , task_(std::move(task))
        , series_(find_series(task_, primary_port(task_, true)))
        , series_uses_(series_.size()) {}

    ExitCode run() override;

  private:
    void declare(CLI::App &app) override;
    void declare_ports(CLI::App &app);
    void declare_output(CLI::App &app, const Port &output);
    void declare_series(CLI::App &app);
    void read_series_options();
    void declare_params(CLI::App &app);
    void declare_param(CLI::App &app, const Param &param);
    void declare_common(CLI::App &app);
    void note_displaced() const;
    [[nodiscard]] std::string free_name(const CLI::App &app, const std::string &name) const;
    [[nodiscard]] Files files();
    void read_dashes();
    void read_page();
    [[nodiscard]] std::vector<FurtherOutputs> further_of(const std::vector<FilePair> &pairs) const;
    void tell_skipped(const std::vector<Skipped> &skipped) const;
    void check_output_file(const std::string &path) const;
    void check_main_outputs(const std::vector<FilePair> &files) const;
    void check_page(const std::vector<FilePair> &files) const;
    void check_outputs(const std::vector<FilePair> &files, const std::vector<FurtherOutputs> &further) const;
    void check_inputs_stay(const std::vector<FilePair> &files,
                           const std::vector<FurtherOutputs> &further) const;
    void check_sidecars(const std::vector<FilePair> &files, const std::vector<FurtherOutputs> &further) const;
    template<class Item> [[nodiscard]] bool in_series(const Item &item) const {
        return std::ranges::any_of(series_, [&](const Series &each) { return each.has(item); });
    }
    void tell_done(const FilePair &file, std::size_t index, const Json &done, const std::string &counter);
    ExitCode run_all(TaskRun &run, const Files &files, const std::vector<FurtherOutputs> &further,
                     const Interrupt &interrupt);
    [[nodiscard]] Json document(const Json &results, std::size_t failed,
                                const std::vector<Skipped> &skipped) const;
    [[nodiscard]] static std::string sidecar_of(const FilePair &file);
    [[nodiscard]] Json record(const Json &session, const Json &done) const;
    [[nodiscard]] std::string summary_line(const Json &done, const FilePair &file) const;

    Engine engine_;
    Task task_;
    std::vector<Series> series_;
    std::vector<std::vector<std::string>> series_uses_; ///< of the option of each
    TaskSettings settings_;
    CLI::App taken_;
    std::vector<std::string> inputs_;
    std::string output_;
    std::string csv_;
    std::string suffix_;
    std::optional<ComparePage> page_;
    MadeFolders folders_;
    bool recursive_ = false;
    std::optional<Shard> shard_;
    bool skip_existing_ = false;
    bool sidecar_ = false;
};

/// An option name that the command does not have yet: a plugin's parameter may be called like one of ours.
std::string TaskCommand::free_name(const CLI::App &app, const std::string &name) const {
    const std::string option = option_name(name);
    const bool free =
        app.get_option_no_throw(option) == nullptr && taken_.get_option_no_throw(option) == nullptr;
    return free ? option : "--task-" + option.substr(2);
}

/// Of outputs beside the main one.
constexpr const char *kPlace = " A file, or a folder where there are several inputs.";

/// A check of CLI11: what a shell's empty variable gives is no file.
std::string named(const std::string &file) {
    return file.empty() ? "the name of the file is empty" : "";
}

/// Likewise.
std::string suffix_objection(const std::string &suffix) {
    if (suffix.empty()) return "the suffix is empty";
    return suffix.find('/') == std::string::npos ? "" : "a suffix is a part of a file's name, and has no /";
}

/// Likewise.
std::string named_quality(const std::string &quality) {
    return quality.empty() ? "the name of the quality is empty" : "";
}

void TaskCommand::declare_output(CLI::App &app, const Port &output) {
    const std::string doc = output.name == "output" ? "" : sentence(output.doc) + " ";
    auto *option =
        app.add_option("-o," + option_name(output.name), output_,
                       doc + "File for the result; a folder where there are several inputs. It may be "
                             "the input itself.")
            ->check(named);
    if (!output.optional) option->required();
    app.add_option_function<std::string>(
           "--suffix",
           [this, option](const std::string &text) {
               suffix_ = text;
               option->required(false);
           },
           "Put before the ending of each result's name. Without -o the results lie beside their inputs.")
        ->check(suffix_objection);
    app.add_flag("--skip-existing", skip_existing_, "Pass over inputs whose result is there.");
    app.add_flag("--sidecar", sidecar_,
                 "Also write a file RESULT.json with settings, bundle and values of each result.");
    if (output.type != MIRRA_TYPE_IMAGE) return;
    app.add_option("--compare", settings_.further.sheet,
                   std::string("Also write a before/after sheet.") + kPlace +
                       " NAME.html: one page for a browser, of all pictures, beside a folder NAME_files.")
        ->check(named);
    app.add_option("--output-size", settings_.output_size,
                   "Size of the result, WxH, where the input is no picture.");
    app.add_option("--preview", settings_.further.preview,
                   std::string("Show the result as it grows, for tasks that work step by step.") + kPlace)
        ->check(named);
    settings_.write.declare(app, console_);
}

void TaskCommand::declare_series(CLI::App &app) {
    for (std::size_t i = 0; i < series_.size(); ++i) {
        const Port &first = *series_[i].pictures.front();
        auto *option = app.add_option(free_name(app, first.name), series_uses_[i],
                                      sentence(first.doc) + series_[i].doc())
                           ->type_name(series_[i].syntax())
                           ->allow_extra_args(false);
        if (!first.optional) option->required();
    }
}

void TaskCommand::declare_ports(CLI::App &app) {
    const Port *input = primary_port(task_, true);
    const Port *output = primary_output(task_);
    if (input != nullptr) {
        app.add_option("INPUT", inputs_, sentence(input->doc) + " Picture files, folders or patterns.")
            ->required();
    }
    if (output != nullptr) declare_output(app, *output);
    declare_series(app);
    app.add_option("--csv", csv_, "File for a table of the values that the task gives, one row an input.")
        ->check(named);
    if (input != nullptr) {
        app.add_flag("--recursive", recursive_, "Also the folders inside of input folders.");
        app.add_option_function<std::string>(
               "--shard", [this](const std::string &text) { shard_ = Shard::parse(text); },
               "Of the inputs, those of one share: 2/5 is the second of five machines.")
            ->type_name("I/N")
            ->check(Shard::objection);
    }
    bool tensors = false;
    for (const auto &port : task_.ports) {
        const bool file = port.type == MIRRA_TYPE_IMAGE || port.type == MIRRA_TYPE_TENSOR;
        tensors = tensors || (!port.input && port.type == MIRRA_TYPE_TENSOR);
        if (&port == input || &port == output || (!port.input && !file) || in_series(port)) continue;
        auto &text = port.input ? settings_.ports[port.name] : settings_.further.ports[port.name];
        auto *option = app.add_option(free_name(app, port.name), text,
                                      sentence(port.doc) + (!port.input ? kPlace
                                                            : file      ? " A file."
                                                                        : ""));
        if (port.input && !port.optional) option->required();
    }
    if (tensors)
        app.add_option("--tensors", settings_.further.tensors,
                       std::string("Write the tensors of the result (.safetensors).") + kPlace)
            ->check(named);
}

void TaskCommand::declare_param(CLI::App &app, const Param &param) {
    const std::string name = free_name(app, param.name);
    const auto store = [this, &param](const std::string &text) { settings_.params[param.name] = text; };
    const std::string standard = param.default_text.empty() ? "" : " (" + param.default_text + ")";
    const std::string range = range_text(param);
    const std::string doc = sentence(param.doc) + (range.empty() ? "" : " " + range) + standard;
    if (param.type == MIRRA_TYPE_BOOL) {
        app.add_flag_function(
            name + ",!--no-" + name.substr(2),
            [store](std::int64_t count) { store(count > 0 ? "true" : "false"); }, doc);
        return;
    }
    app.add_option_function<std::string>(name, store, doc)
        ->type_name(type_name(param.type))
        ->check([&param](const std::string &text) { return objection(param, text); });
}

void TaskCommand::declare_params(CLI::App &app) {
    for (const auto &param : task_.params)
        if (!in_series(param)) declare_param(app, param);
}

/// The options that are the same for every task.
void TaskCommand::declare_common(CLI::App &app) {
    if (primary_port(task_, true) != nullptr)
        app.add_option(
               "--max-size", settings_.max_size,
               "A larger input is first reduced to N pixels on its longer side, for web-sized results.")
            ->type_name("N")
            ->check(between(16, 1 << 20));
    settings_.run.declare_bundle(app);
    if (!task_.default_bundle.empty())
        app.add_option("--quality", settings_.run.quality,
                       "Which of the task's bundles: " +
                           (task_.qualities.empty() ? "there is one only" : joined(task_.qualities)) +
                           " (balanced).")
            ->check(named_quality)
            ->excludes("--bundle");
    settings_.run.declare(app);
    settings_.run.declare_tile_size(app);
    settings_.read.declare(app);
    console_.declare(app);
}

void TaskCommand::declare(CLI::App &app) {
    // A first parser learns which names are taken, so that the task's own options can come first in the help.
    declare_common(taken_);
    declare_ports(app);
    declare_params(app);
    declare_common(app);
}

/// Files and weights of the series' options go where those of single ports and parameters go.
void TaskCommand::read_series_options() {
    for (std::size_t i = 0; i < series_.size(); ++i) {
        SeriesValues values = read_series(series_[i], series_uses_[i]);
        settings_.ports.merge(values.ports);
        settings_.params.merge(values.params);
    }
}

Files TaskCommand::files() {
    if (shard_ && output_.empty() && !suffix_.empty())
        throw Failure(ExitCode::usage, "results beside their inputs change what the other shares are",
                      "--shard", "name another folder for the results with -o");
    if (primary_port(task_, true) == nullptr) return {.pairs = {{"", output_}}, .skipped = {}};
    const Port *output = primary_output(task_);
    const bool tensor = output != nullptr && output->type == MIRRA_TYPE_TENSOR;
    if (shard_) folders_.keep();
    auto files = pair_files(inputs_, output_, recursive_,
                            {.ending = tensor ? kTensorEnding : settings_.write.ending(), .suffix = suffix_},
                            folders_);
    if (shard_) shard_->keep(files);
    if (skip_existing_) mirra::cli::skip_existing(files);
    return files;
}

/// Which outputs "-" sends to the standard output.
void TaskCommand::read_dashes() {
    DashNames names(console_.json());
    const auto add = [&names](const Port &port, std::string &path) {
        port.type == MIRRA_TYPE_IMAGE ? names.picture(path, option_name(port.name))
                                      : DashNames::none(path, option_name(port.name));
    };
    if (const Port *output = primary_output(task_)) add(*output, output_);
    FurtherOutputs &further = settings_.further;
    for (const auto &port : task_.ports)
        if (const auto given = further.ports.find(port.name); given != further.ports.end())
            add(port, given->second);
    names.text(csv_, "--csv");
    names.picture(further.sheet, "--compare");
    DashNames::none(further.preview, "--preview");
    DashNames::none(further.tensors, "--tensors");
}

/// A sheet whose name is that of a page is one page of all.
void TaskCommand::read_page() {
    if (ComparePage::is_page(settings_.further.sheet))
        page_.emplace(std::exchange(settings_.further.sheet, std::string()));
}

std::vector<FurtherOutputs> TaskCommand::further_of(const std::vector<FilePair> &pairs) const {
    std::vector<FurtherOutputs> further;
    for (const auto &file : pairs) {
        FurtherOutputs &outputs =
            further.emplace_back(settings_.further.of(file, task_, settings_.write.ending()));
        if (!page_) continue;
        const ComparedFiles compared = page_->files_of(further.size() - 1);
        outputs.before = compared.before;
        outputs.after = compared.after;
    }
    return further;
}

/// Names the first of them; the JSON document has all.
void TaskCommand::tell_skipped(const std::vector<Skipped> &skipped) const {
    constexpr std::size_t kNamed = 20;
    for (std::size_t i = 0; i < std::min(skipped.size(), kNamed); ++i)
        console_.note("skipped " + skipped[i].file + ": " + skipped[i].reason);
    if (skipped.size() > kNamed)
        console_.note("skipped " + std::to_string(skipped.size() - kNamed) + " more");
}

/// Two plugins bring a task of one name: whose it is must not be a surprise.
void TaskCommand::note_displaced() const {
    for (std::uint32_t i = 0; i < mirra_engine_plugin_count(engine_.get()); ++i) {
        const auto record =
            get<mirra_plugin_record>(Phase::setup, [&](mirra_plugin_record *out, mirra_error **e) {
                return mirra_engine_plugin(engine_.get(), i, out, e);
            });
        const std::span taken(record.taken_tasks, record.taken_task_count);
        if (std::ranges::find(taken, std::string_view(task_.name)) != taken.end())
            console_.note("the task '" + task_.name + "' is that of the plugin " + task_.plugin_id +
                          "; that of " + record.path + " is had as '" + record.id + ":" + task_.name + "'");
    }
}

ExitCode TaskCommand::run() {
    note_displaced();
    read_series_options();
    read_dashes();
    read_page();
    const auto files = this->files();
    tell_skipped(files.skipped);
    if (files.pairs.empty()) {
        console_.note("0 done, 0 failed, " + std::to_string(files.skipped.size()) + " skipped");
        if (console_.json()) console_.document(document(Json::array(), 0, files.skipped));
        return ExitCode::ok;
    }
    if (files.pairs.size() > 1 && settings_.further.names_file())
        throw Failure(ExitCode::usage, "several inputs cannot share the file of an option", task_.name,
                      "name a folder, with / at its end, or give one input");
    const std::vector<FurtherOutputs> further = further_of(files.pairs);
    check_page(files.pairs); // before a folder is made beside it
    prepare_further(files.pairs, settings_.further, further, folders_);
    check_outputs(files.pairs, further);
    const Interrupt interrupt;
    TaskRun run(engine_, task_, settings_, console_, interrupt);
    return run_all(run, files, further, interrupt);
}

void TaskCommand::check_output_file(const std::string &path) const {
    if (primary_output(task_)->type == MIRRA_TYPE_IMAGE) {
        check_output(path, settings_.write);
        return;
    }
    check_writable(path);
    if (!path.ends_with(kTensorEnding))
        throw Failure(ExitCode::output, "the format of the output is not known by its name", path,
                      std::string("use ") + kTensorEnding);
}

/// A result may replace the picture that it is made of, but no other file that the run reads.
void TaskCommand::check_inputs_stay(const std::vector<FilePair> &files,
                                    const std::vector<FurtherOutputs> &further) const {
    for (const auto &port : task_.ports) {
        const auto given = settings_.ports.find(port.name);
        if (!port.input || given == settings_.ports.end()) continue;
        if (port.type != MIRRA_TYPE_IMAGE && port.type != MIRRA_TYPE_TENSOR) continue;
        for (const auto &file : files) check_not_same(file.output, given->second);
        for (const auto &outputs : further)
            for (const std::string &also : outputs.all()) check_not_same(also, given->second);
        check_not_same(csv_, given->second);
    }
}

void TaskCommand::check_page(const std::vector<FilePair> &files) const {
    if (!page_) return;
    if (files.front().output.empty())
        throw Failure(ExitCode::usage, "there is no result to show", page_->file(), "give -o as well");
    for (const auto &file : files)
        for (const std::string &path : {file.input, file.output}) check_not_same(page_->file(), path);
    check_not_same(csv_, page_->file());
    check_writable(page_->file());
}

/// One of several that cannot be written fails alone; if none can, nothing is begun.
void TaskCommand::check_main_outputs(const std::vector<FilePair> &files) const {
    if (files.front().output.empty()) {
        if (sidecar_)
            throw Failure(ExitCode::usage, "there is no result to write beside", "--sidecar",
                          "give -o or --suffix as well");
        return;
    }
    if (sidecar_ && files.front().output == kStandardOutput)
        throw Failure(ExitCode::usage, "nothing can be written beside the standard output", "--sidecar",
                      "name a file with -o");
    for (const auto &file : files) {
        try {
            check_output_file(file.output);
            return;
        } catch (const Failure &) {
            if (&file == &files.back()) throw;
        }
    }
}

/// Nothing else that the run writes or reads is one of the files beside the results.
void TaskCommand::check_sidecars(const std::vector<FilePair> &files,
                                 const std::vector<FurtherOutputs> &further) const {
    if (!sidecar_) return;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const std::string sidecar = sidecar_of(files[i]);
        check_not_same(csv_, sidecar);
        if (page_) check_not_same(page_->file(), sidecar);
        if (i < further.size())
            for (const std::string &also : further[i].all()) check_not_same(also, sidecar);
        check_not_same(sidecar, settings_.run.bundle);
        for (const auto &[name, given] : settings_.ports) check_not_same(sidecar, given);
    }
}

/// What the run would write at its end, before it begins.
void TaskCommand::check_outputs(const std::vector<FilePair> &files,
                                const std::vector<FurtherOutputs> &further) const {
    check_main_outputs(files);
    check_inputs_stay(files, further);
    for (const auto &file : files)
        for (const std::string &path : {file.input, file.output}) check_not_same(csv_, path);
    check_not_same(csv_, settings_.run.bundle);
    check_sidecars(files, further);
    if (!csv_.empty()) check_writable(csv_);
    for (const auto &outputs : further) {
        for (const std::string &picture : {outputs.sheet, outputs.preview}) {
            if (picture.empty()) continue;
            if (files.front().output.empty())
                throw Failure(ExitCode::usage, "there is no result to show", picture, "give -o as well");
            check_output(picture, {});
        }
        for (const std::string &also : outputs.all()) {
            check_not_same(also, settings_.run.bundle);
            check_not_same(csv_, also);
        }
        if (!outputs.tensors.empty()) check_writable(outputs.tensors);
    }
}

std::string TaskCommand::sidecar_of(const FilePair &file) {
    return file.output + ".json";
}

/// What a result was made of and by, so that it can be made again.
Json TaskCommand::record(const Json &session, const Json &done) const {
    Json out{{"mirra", mirra_version_string()}, {"task", task_.name}};
    out.update(session);
    out.update(done);
    return out;
}

std::string TaskCommand::summary_line(const Json &done, const FilePair &file) const {
    std::string line = file.input.empty() ? task_.name : file.input;
    if (!file.output.empty()) line += " -> " + file.output;
    line += ": " + fixed(done["seconds"].get<double>(), 2) + " s, " + done["device"].get<std::string>() +
            " " + done["precision"].get<std::string>();
    for (const auto &[name, value] : done["values"].items()) line += ", " + name + " " + value_text(value);
    return line;
}

/// Notes what became of a file.
void TaskCommand::tell_done(const FilePair &file, std::size_t index, const Json &done,
                            const std::string &counter) {
    const bool values_only = file.output.empty() && !console_.json() && csv_ != kStandardOutput;
    values_only ? console_.result(summary_line(done, file))
                : console_.note(counter + summary_line(done, file));
    if (page_ && done.contains("width"))
        page_->add(file.input, index, done["width"].get<std::int32_t>(), done["height"].get<std::int32_t>());
}

ExitCode TaskCommand::run_all(TaskRun &run, const Files &files, const std::vector<FurtherOutputs> &further,
                              const Interrupt &interrupt) {
    const auto &pairs = files.pairs;
    Json results = Json::array();
    std::size_t failed = 0;
    // Who limits the process's memory gets one picture at a time.
    const std::string &device = settings_.run.device;
    Pipeline pipeline(run, pairs, further, interrupt,
                      {.overlapping = settings_.run.memory_megabytes == 0 || device != "cpu",
                       .devices = device_count(engine_, device)});
    const Json session = sidecar_ ? run.record() : Json();
    std::error_code ignored;           // of a folder that was removed
    std::vector<std::string> sidecars; // a plugin may leave the folder that names are relative to
    for (const auto &file : sidecar_ ? pairs : std::vector<FilePair>())
        sidecars.push_back(std::filesystem::absolute(sidecar_of(file), ignored));
    const auto beside = [&](std::size_t index, const Json &done) {
        if (sidecar_) write_text(sidecars[index], json_text(record(session, done)) + "\n");
    };
    pipeline.run(
        [&](std::size_t index, const Pipeline::Outcome &outcome) {
            const FilePair &file = pairs[index];
            try {
                Json done = outcome();
                tell_done(file, index, done, counter(index, pairs.size()));
                results.push_back(std::move(done));
            } catch (const Failure &failure) {
                if (pairs.size() == 1 || failure.cancelled()) throw;
                ++failed;
                const Failure named = with_option(parser(), failure);
                console_.error(named, file.input);
                results.push_back({{"input", file.input}, {"output", file.output}, {"error", named.json()}});
            }
        },
        beside);
    if (!csv_.empty()) write_text(csv_, csv_table(results));
    if (page_) page_->write();
    if (pairs.size() > 1 || !files.skipped.empty())
        console_.note(
            std::to_string(pairs.size() - failed) + " done, " + std::to_string(failed) + " failed" +
            (files.skipped.empty() ? "" : ", " + std::to_string(files.skipped.size()) + " skipped"));
    if (console_.json()) console_.document(document(results, failed, files.skipped));
    return failed == 0 ? ExitCode::ok : ExitCode::some_failed;
}

Json TaskCommand::document(const Json &results, std::size_t failed,
                           const std::vector<Skipped> &skipped) const {
    Json passed_over = Json::array();
    for (const auto &each : skipped) passed_over.push_back({{"file", each.file}, {"reason", each.reason}});
    return Json{{"task", task_.name},
                {"done", results.size() - failed},
                {"failed", failed},
                {"skipped", passed_over},
                {"results", results}};
}

} // namespace

std::unique_ptr<Command> make_task_command(const std::string &task, const std::vector<std::string> &others) {
    Engine engine = make_engine();
    try {
        Task schema = read_task(engine, task);
        return std::make_unique<TaskCommand>(std::move(engine), std::move(schema));
    } catch (const Failure &failure) {
        // The library knows the tasks; which commands there are it does not.
        const bool suggested = failure.hint().starts_with("Did you mean");
        throw failure.with_hint((suggested ? "" : suggestion(task, others)) + failure.hint());
    }
}

} // namespace mirra::cli
