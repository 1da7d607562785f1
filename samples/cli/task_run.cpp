// One run of a task, from files to files.
#include "task_run.hpp"

#include "compare_page.hpp"
#include "made_folders.hpp"
#include "progress.hpp"
#include "reduce.hpp"
#include "sheet.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

/// An image that a run writes, and where it goes afterwards.
struct OutputFile {
    Picture picture;
    std::string path;
};

mirra_value text_value(const Port &port, const std::string &text) {
    auto value = make_struct<mirra_value>();
    value.type = port.type;
    value.text = text.c_str();
    if (port.type == MIRRA_TYPE_STRING || port.type == MIRRA_TYPE_ENUM) return value;
    if (port.type == MIRRA_TYPE_BOOL && (text == "true" || text == "false")) {
        value.integer = text == "true";
        return value;
    }
    const char *end = text.data() + text.size();
    const auto parsed = port.type == MIRRA_TYPE_FLOAT ? std::from_chars(text.data(), end, value.real)
                                                      : std::from_chars(text.data(), end, value.integer);
    if (parsed.ec != std::errc{} || parsed.ptr != end)
        throw Failure(ExitCode::usage, "'" + text + "' is no " + type_name(port.type),
                      option_name(port.name));
    return value;
}

/// The tensor of a file that has the port's name, or the only one.
Tensor read_tensor(const Port &port, const std::string &path) {
    const Tensors tensors = read_tensors(path);
    const std::vector<std::string> names = tensors.names();
    return in_phase(Phase::input, [&] { return tensors.at(names.size() == 1 ? names.front() : port.name); });
}

/// A set with one tensor of another.
Tensors alone(const Tensors &from, const std::string &name) {
    return in_phase(Phase::setup, [&] {
        Tensors set = Tensors::create();
        set.add(name, *from.at(name).get());
        return set;
    });
}

/// Where a plugin leaves the folder of the process, outputs would be written elsewhere.
class SameFolder {
  public:
    SameFolder() : folder_(std::filesystem::current_path(ignored_)) {}
    SameFolder(const SameFolder &) = delete;
    SameFolder &operator=(const SameFolder &) = delete;
    ~SameFolder() {
        if (!folder_.empty()) std::filesystem::current_path(folder_, ignored_);
    }

  private:
    std::error_code ignored_; ///< of a folder that was removed
    std::filesystem::path folder_;
};

void write_file(const Tensors &tensors, const std::string &path) {
    into_folder(path, [&] { in_phase(Phase::output, [&] { tensors.write(path); }); });
}

/// What the progress callback of a run needs.
struct Watch {
    Progress &progress;
    const std::function<void()> show; ///< writes the preview; empty: none
    std::uint64_t shown = 0;
    std::exception_ptr failure; ///< of `show`; ends the run

    static std::int32_t callback(void *user, const mirra_progress *now) noexcept {
        Watch &watch = *static_cast<Watch *>(user);
        try {
            if (watch.show && now->previews > watch.shown) watch.show();
            watch.shown = now->previews;
        } catch (...) {
            watch.failure = std::current_exception();
            return 1;
        }
        return Progress::callback(&watch.progress, now);
    }
};

/// Of an image that holds the same in colours.
std::int32_t colored(std::int32_t color) {
    if (color == MIRRA_COLOR_GRAY) return MIRRA_COLOR_RGB;
    return color == MIRRA_COLOR_GRAY_ALPHA ? std::int32_t{MIRRA_COLOR_RGBA} : color;
}

/// Profile and notes of the main input for a picture that comes of it; none for a drawing in colours of a
/// gray one, whose profile is none for colours.
const mirra_picture *metadata_for(const Picture &picture, const Picture *main) {
    const auto gray = [](const Picture &each) { return view_of(each).color < MIRRA_COLOR_RGB; };
    return main != nullptr && gray(picture) == gray(*main) ? main->get() : nullptr;
}

/// Whether a result gets the colour tags of the main input, and its linear light. That needs the input's
/// depth; the library finds other tags where this is less.
bool keeps_color(const OutputFile &output, const mirra_image &like, const Picture *main) {
    if (metadata_for(output.picture, main) == nullptr) return false;
    return like.transfer != MIRRA_TRANSFER_LINEAR || view_of(output.picture).format == like.format;
}

constexpr SheetSettings kCompareSheet{.zoom = true};

double megapixels(const mirra_image &image) {
    return 1e-6 * image.width * image.height;
}

} // namespace

/// Port values with the memory that they point to; deques, because they point to each other.
struct TaskRun::Inputs {
    std::deque<mirra_image> images;
    std::deque<mirra_value> values;
    std::deque<Tensor> tensors;
    std::deque<Picture> pictures;
    std::vector<mirra_port_value> list;

    mirra_port_value &add(const Port &port) {
        auto &value = list.emplace_back(make_struct<mirra_port_value>());
        value.name = port.name.c_str();
        return value;
    }
    const Picture &add_picture(const Port &port, Picture picture) {
        const Picture &kept = pictures.emplace_back(std::move(picture));
        add(port).image = &images.emplace_back(view_of(kept));
        return kept;
    }
};

struct TaskRun::Source {
    Picture whole;
    std::optional<Picture> small; ///< reduced, where that was asked for
};

/// Those of one run.
struct TaskRun::Work : Inputs {
    std::deque<OutputFile> outputs;
    std::map<std::string, std::string> tensor_files; ///< by the port that gives the tensor
    const Picture *main = nullptr;                   ///< picture of the main input; NULL: the task has none
    const Picture *file = nullptr;                   ///< that of its file, with the metadata
    FurtherOutputs further;
    Result result;
};

const Port *primary_port(const Task &task, bool input) {
    const Port *first = nullptr;
    for (const auto &port : task.ports) {
        if (port.type != MIRRA_TYPE_IMAGE || port.input != input) continue;
        if (!port.optional) return &port;
        if (first == nullptr) first = &port;
    }
    return first;
}

const Port *primary_output(const Task &task) {
    if (const Port *image = primary_port(task, false)) return image;
    const auto tensor = [](const Port &port) { return !port.input && port.type == MIRRA_TYPE_TENSOR; };
    const bool only = std::ranges::count_if(task.ports, tensor) == 1;
    return only ? &*std::ranges::find_if(task.ports, tensor) : nullptr;
}

std::pair<std::int32_t, std::int32_t> parse_size(const std::string &text) {
    std::int32_t width = 0;
    std::int32_t height = 0;
    const char *end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, width);
    if (first.ec == std::errc{} && first.ptr != end && *first.ptr == 'x') {
        const auto second = std::from_chars(first.ptr + 1, end, height);
        if (second.ec == std::errc{} && second.ptr == end && width > 0 && height > 0) return {width, height};
    }
    throw Failure(ExitCode::usage, "'" + text + "' is no size", text,
                  "write it as WIDTHxHEIGHT, such as 640x480");
}

TaskRun::TaskRun(const Engine &engine, const Task &task, const TaskSettings &settings, const Console &console,
                 const Interrupt &interrupt)
    : task_(task)
    , settings_(settings)
    , console_(console)
    , interrupt_(interrupt)
    , inputs_(std::make_unique<Inputs>()) {
    read_inputs();
    session_ = open_session(engine, task.name, settings.run, settings.params);
}

TaskRun::~TaskRun() = default;

void TaskRun::read_inputs() {
    for (const auto &port : task_.ports) {
        const auto given = settings_.ports.find(port.name);
        if (!port.input || given == settings_.ports.end() || given->second.empty()) continue;
        if (port.type == MIRRA_TYPE_IMAGE) {
            inputs_->add_picture(port, read_picture(given->second, settings_.read.max_pixels));
        } else if (port.type == MIRRA_TYPE_TENSOR) {
            inputs_->add(port).tensor = inputs_->tensors.emplace_back(read_tensor(port, given->second)).get();
        } else {
            inputs_->add(port).value = &inputs_->values.emplace_back(text_value(port, given->second));
        }
    }
}

std::shared_ptr<TaskRun::Source> TaskRun::read(const std::string &file) const {
    if (file.empty()) return nullptr;
    Picture whole = read_picture(file, settings_.read.max_pixels);
    auto small = settings_.max_size > 0 ? reduced(whole, settings_.max_size) : std::nullopt;
    return std::make_shared<Source>(std::move(whole), std::move(small));
}

void TaskRun::add_main_input(Ports &ports, Source source) const {
    const Port &port = *primary_port(task_, true);
    const bool small = source.small.has_value();
    if (small) ports.file = &ports.pictures.emplace_back(std::move(source.whole));
    ports.main = &ports.add_picture(port, small ? std::move(*source.small) : std::move(source.whole));
    if (!small) ports.file = ports.main;
}

void TaskRun::add_outputs(Ports &ports, const FilePair &file) const {
    const auto path_of = [&](const Port &port, const Port *main) -> std::string {
        const auto given = ports.further.ports.find(port.name);
        return &port == main ? file.output : given == ports.further.ports.end() ? "" : given->second;
    };
    for (const auto &port : task_.ports) {
        if (port.input || port.type != MIRRA_TYPE_TENSOR) continue;
        const std::string path = path_of(port, primary_output(task_));
        if (path.empty() && ports.further.tensors.empty()) continue;
        ports.add(port); // without a value: asks for it
        if (path.empty()) continue;
        into_folder(path, [&] { check_writable(path); });
        ports.tensor_files[port.name] = path;
    }
    const Port *main = primary_port(task_, false);
    if (main == nullptr) return;
    if (ports.main == nullptr && settings_.output_size.empty())
        throw Failure(ExitCode::usage, "the task has no input picture whose size the result could have",
                      task_.name, "give --output-size");
    mirra_image like = make_struct<mirra_image>();
    if (ports.main != nullptr) {
        like = view_of(*ports.main);
        const auto plan = get<mirra_plan>(Phase::input, [&](mirra_plan *out, mirra_error **e) {
            return mirra_session_plan(session_.get(), like.width, like.height, out, e);
        });
        like.width = static_cast<std::int32_t>(plan.output_width);
        like.height = static_cast<std::int32_t>(plan.output_height);
    } else {
        like.format = MIRRA_FORMAT_U8;
        like.color = MIRRA_COLOR_RGB;
    }
    if (!settings_.output_size.empty()) {
        const auto size = parse_size(settings_.output_size);
        if (ports.main != nullptr && size != std::pair(like.width, like.height))
            throw Failure(ExitCode::usage,
                          "the result of this picture is " + std::to_string(like.width) + " x " +
                              std::to_string(like.height) + " pixels, not " + settings_.output_size,
                          "output_size",
                          "leave it out: it is for tasks without an input picture; --max-size reduces the "
                          "input first");
        std::tie(like.width, like.height) = size;
    }
    for (const auto &port : task_.ports) {
        if (port.input || port.type != MIRRA_TYPE_IMAGE) continue;
        const std::string path = path_of(port, main);
        if (path.empty()) continue;
        mirra_image shape = like;
        shape.color = port.colored ? colored(like.color) : like.color;
        into_folder(path, [&] { check_output(path, settings_.write, &shape); });
        auto &output = ports.outputs.emplace_back(OutputFile{
            make_picture(like.width, like.height, output_format(like, settings_.write), shape.color), path});
        if (keeps_color(output, like, ports.main)) copy_color(output.picture, *ports.main);
        ports.add(port).image = &ports.images.emplace_back(view_of(output.picture));
    }
}

void TaskRun::check_sheet(const Ports &ports) const {
    if (ports.further.sheet.empty() || ports.main == nullptr || ports.outputs.empty()) return;
    const std::vector<mirra_image> images{view_of(*ports.main), view_of(ports.outputs.front().picture)};
    mirra_image shape = make_struct<mirra_image>();
    std::tie(shape.width, shape.height) = sheet_size(images, kCompareSheet);
    into_folder(ports.further.sheet, [&] { check_output(ports.further.sheet, {}, &shape); });
}

Result TaskRun::execute(const Ports &ports, const std::optional<std::string> &label) {
    const SameFolder stay;
    Progress progress(console_, label, ports.main != nullptr ? megapixels(view_of(*ports.main)) : 0);
    std::function<void()> show;
    if (!ports.further.preview.empty() && !ports.outputs.empty())
        show = [&] {
            const Picture &picture = ports.outputs.front().picture;
            write_picture(ports.further.preview, picture, picture.get(), {});
        };
    Watch watch{progress, std::move(show), 0, nullptr};
    auto options = make_struct<mirra_run_options>();
    options.progress = &Watch::callback;
    options.user = &watch;
    options.cancel = interrupt_.token();
    try {
        return make<Result>(Phase::input, [&](mirra_result **out, mirra_error **e) {
            return mirra_session_run(session_.get(), ports.list.data(), ports.list.size(), &options, out, e);
        });
    } catch (const Failure &failure) {
        if (watch.failure) std::rethrow_exception(watch.failure);
        const Port *output = primary_port(task_, false);
        // With an input picture the size is known to be right.
        const bool sized = ports.main == nullptr && !settings_.output_size.empty() && output != nullptr;
        if (!sized || failure.subject() != output->name) throw;
        throw failure.with_subject("output_size");
    }
}

void TaskRun::write_tensors(const Ports &ports) const {
    if (ports.further.tensors.empty() && ports.tensor_files.empty()) return;
    const auto tensors = make<Tensors>(Phase::setup, [&](mirra_tensors **out, mirra_error **e) {
        return mirra_result_tensors(ports.result.get(), out, e);
    });
    if (!ports.further.tensors.empty()) write_file(tensors, ports.further.tensors);
    for (const auto &[name, path] : ports.tensor_files) write_file(alone(tensors, name), path);
}

void TaskRun::write(const Work &ports) const {
    for (const auto &output : ports.outputs)
        write_picture(output.path, output.picture, metadata_for(output.picture, ports.file), settings_.write);
    write_tensors(ports);
    if (ports.main == nullptr || ports.outputs.empty()) return;
    const Picture &after = ports.outputs.front().picture;
    if (!ports.further.before.empty()) {
        write_for_page(ports.further.before, *ports.main);
        write_for_page(ports.further.after, after);
    }
    if (ports.further.sheet.empty()) return;
    const std::vector<SheetEntry> entries{{ports.main, "before"}, {&after, "after"}};
    const Picture sheet = make_sheet(entries, kCompareSheet);
    write_picture(ports.further.sheet, sheet, sheet.get(), {});
}

/// Another thread writes, while a plugin may have left the folder that names are relative to.
void TaskRun::name_from_root(Ports &ports) {
    const auto make = [](std::string &path) {
        std::error_code error; // of a folder that was removed
        const auto whole = std::filesystem::absolute(path, error);
        if (!path.empty() && !error) path = whole.string();
    };
    for (auto &output : ports.outputs) make(output.path);
    for (auto &[name, path] : ports.tensor_files) make(path);
    FurtherOutputs &further = ports.further;
    for (auto *path : {&further.sheet, &further.preview, &further.tensors, &further.before, &further.after})
        make(*path);
}

TaskRun::Done TaskRun::compute(const FilePair &file, const FurtherOutputs &further,
                               std::shared_ptr<Source> source, const std::optional<std::string> &counter) {
    auto work = std::make_shared<Work>();
    Ports &ports = *work;
    ports.further = further;
    ports.list = inputs_->list;
    if (source != nullptr) add_main_input(ports, std::move(*source));
    add_outputs(ports, file);
    check_sheet(ports);
    // Of one picture its name is enough; in several folders there may be many of a name.
    std::optional<std::string> label;
    if (counter)
        label =
            counter->empty() ? std::filesystem::path(file.input).filename().string() : *counter + file.input;
    name_from_root(ports);
    ports.result = execute(ports, label);
    interrupt_.check();
    const Result &result = ports.result;
    const auto info = get<mirra_result_info>(Phase::setup, [&](mirra_result_info *out, mirra_error **e) {
        return mirra_result_get_info(result.get(), out, e);
    });
    Json done{{"input", file.input}, {"output", file.output}};
    if (ports.main != nullptr) {
        const mirra_image image = view_of(*ports.main);
        done["width"] = image.width;
        done["height"] = image.height;
    }
    done.update(run_json(info));
    done["values"] = Json::object();
    for (auto &[name, value] : values_of(result)) done["values"][name] = std::move(value);
    return {std::move(done), std::move(work)};
}

Json TaskRun::record() const {
    const auto info = get<mirra_session_info>(Phase::setup, [&](mirra_session_info *out, mirra_error **e) {
        return mirra_session_get_info(session_.get(), out, e);
    });
    Json out{
        {"plugin", info.plugin_id},
        {"bundle", {{"name", info.bundle_name}, {"path", info.bundle_path}, {"sha256", info.bundle_sha256}}},
        {"quality", info.quality},
        {"parameters", Json::parse(in_phase(Phase::setup, [&] { return session_.json(); }))}};
    if (settings_.max_size > 0) out["max_size"] = settings_.max_size;
    out["inputs"] = Json::object();
    for (const auto &[name, file] : settings_.ports)
        if (!file.empty()) out["inputs"][name] = file;
    return out;
}

} // namespace mirra::cli
