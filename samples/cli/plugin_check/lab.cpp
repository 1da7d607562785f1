// Runs on made-up pictures, and the time that each call has.
#include "lab.hpp"

#include <algorithm>
#include <cmath>

namespace mirra::cli::conformance {
namespace {

std::string text_of(const api::Error &error) {
    std::string text = error.message();
    if (!error.subject().empty() && text.find(error.subject()) == std::string::npos)
        text += " (" + error.subject() + ")";
    return text + " [" + mirra_status_name(error.code()) + "]";
}

/// A value of its type that nobody objects to.
api::Value plain_value(int type) {
    if (type == MIRRA_TYPE_BOOL) return false;
    if (type == MIRRA_TYPE_INT) return 0;
    if (type == MIRRA_TYPE_FLOAT) return 0.0;
    return "";
}

/// The optional image output that every run asks for where nothing else could be compared; "": none is
/// needed.
std::string asked_output(const Task &task) {
    std::string first;
    for (const Port &port : task.ports) {
        if (port.input || (port.type != MIRRA_TYPE_IMAGE && port.type != MIRRA_TYPE_TENSOR)) continue;
        if (!port.optional) return "";
        if (first.empty() && port.type == MIRRA_TYPE_IMAGE) first = port.name;
    }
    return first;
}

/// As the input; a drawing in colours has colours.
mirra_color output_color(const Port &port, mirra_color input) {
    return port.colored && input <= MIRRA_COLOR_GRAY_ALPHA ? input + 2 : input;
}

class Ports {
  public:
    Ports(const Task &task, const Ask &ask)
        : task_(task)
        , ask_(ask)
        , asked_(ask.as_planned ? "" : asked_output(task)) {}

    void add_inputs(const Shape &shape) {
        Shape here = shape;
        for (const Port &port : task_.ports) {
            if (!port.input || !taken(port)) continue;
            if (port.type == MIRRA_TYPE_IMAGE) {
                const auto made = inputs_.emplace(port.name, Pixels::pattern(here)).first;
                list_.push_back(api::in(port.name, made->second.image()));
                if (ask_.further_width > 0) here.width = ask_.further_width;
            } else {
                list_.push_back(api::in(port.name, plain_value(port.type)));
            }
        }
    }
    void add_outputs(const Shape &shape) {
        for (const Port &port : task_.ports) {
            if (port.input || !taken(port)) continue;
            if (port.type == MIRRA_TYPE_IMAGE) {
                Shape drawn = shape;
                drawn.color = output_color(port, shape.color);
                const auto made = outputs_.emplace(port.name, Pixels(drawn)).first;
                list_.push_back(api::out(port.name, made->second.image()));
            } else {
                list_.push_back(api::out(port.name));
            }
        }
    }
    [[nodiscard]] const std::vector<api::Port> &list() const { return list_; }
    std::map<std::string, Pixels> outputs() { return std::move(outputs_); }

  private:
    [[nodiscard]] bool taken(const Port &port) const {
        return !port.optional || port.name == asked_ ||
               std::ranges::find(ask_.ports, port.name) != ask_.ports.end();
    }

    const Task &task_;
    const Ask &ask_;
    const std::string asked_;
    std::map<std::string, Pixels> inputs_, outputs_;
    std::vector<api::Port> list_;
};

} // namespace

Refused::Refused(std::string where, const api::Error &error)
    : Fault(std::move(where), text_of(error))
    , code_(error.code())
    , lacks_bundle_(code_ == MIRRA_E_NOT_FOUND && error.subject() == "bundle") {}

bool Refused::decent() const noexcept {
    return code_ != MIRRA_E_PLUGIN && code_ != MIRRA_E_INTERNAL;
}

const Pixels &Taken::image(const Task &task) const {
    for (const Port &port : task.ports)
        if (const auto found = images.find(port.name); found != images.end()) return found->second;
    throw NotChecked("the task has no image output");
}

namespace {

std::string compare_images(const std::string &port, const Pixels &a, const Pixels &b, double tolerance) {
    const Difference apart = difference(a, b);
    return apart.most > tolerance ? "output '" + port + "' by " + apart.text() : "";
}

std::string compare_tensors(const std::string &port, const Tensor &a, const Tensor &b, double tolerance) {
    const auto before = a.values(), after = b.values();
    if (!std::ranges::equal(a.shape(), b.shape())) return "output '" + port + "' by its shape";
    double largest = 0, most = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(before[i])));
        if (before[i] != after[i]) most = std::max(most, std::abs(static_cast<double>(before[i]) - after[i]));
    }
    return most > tolerance * largest ? "output '" + port + "' by up to " + number_text(most) : "";
}

} // namespace

std::string differs(const Task &task, const Taken &a, const Taken &b, const Tolerance &tolerance) {
    bool any = false;
    const Tensors here = a.result.tensors(), there = b.result.tensors();
    for (const Port &port : task.ports) {
        if (port.input || (port.optional && !a.images.contains(port.name))) continue;
        std::string found;
        if (port.type == MIRRA_TYPE_IMAGE)
            found =
                compare_images(port.name, a.images.at(port.name), b.images.at(port.name), tolerance.pixels);
        else if (port.type == MIRRA_TYPE_TENSOR)
            found = compare_tensors(port.name, here.at(port.name), there.at(port.name), tolerance.tensors);
        else
            continue;
        if (!found.empty()) return found;
        any = true;
    }
    if (!any) throw NotChecked("the task gives no picture and no tensor");
    return "";
}

Task subject(Task task, const Settings &settings) {
    for (const std::string &name : settings.ports) {
        const auto port = std::ranges::find_if(
            task.ports, [&](const Port &each) { return each.input && each.name == name; });
        if (port == task.ports.end())
            throw Failure(ExitCode::usage, "the task '" + task.name + "' has no input '" + name + "'",
                          "--give");
        port->optional = false;
    }
    return task;
}

Engine engine_of(const Settings &settings) {
    api::EngineOptions options;
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = settings.file;
    return Engine::create(options);
}

Session open(const Engine &engine, const Settings &settings, const std::string &task, std::int32_t tile_size,
             std::uint64_t memory_limit) {
    const Bundle bundle =
        settings.bundle.empty() ? nullptr : Bundle::open(engine.find_bundle(settings.bundle));
    api::SessionOptions options;
    options.task = task;
    if (bundle) options.bundle = &bundle;
    options.tile_size = tile_size;
    options.memory_limit = memory_limit;
    Session session = engine.session(options);
    for (const auto &[name, text] : settings.params) session.set_text(name, text);
    return session;
}

Taken run(const Task &task, Session &session, const Shape &shape, const Ask &ask) {
    Shape output = shape;
    if (ask.region) {
        output.width = static_cast<std::int32_t>(ask.region->width);
        output.height = static_cast<std::int32_t>(ask.region->height);
    } else {
        const mirra_plan plan = session.plan(shape.width, shape.height);
        output.width = static_cast<std::int32_t>(plan.output_width);
        output.height = static_cast<std::int32_t>(plan.output_height);
    }
    Ports ports(task, ask);
    ports.add_inputs(shape);
    ports.add_outputs(output);
    api::RunOptions options;
    options.region = ask.region;
    options.cancel = ask.cancel;
    options.progress = ask.progress;
    api::Result result = session.run(ports.list(), std::move(options));
    return {ports.outputs(), std::move(result)};
}

Lab::Lab(const Engine &engine, Watchdog &watchdog, const Interrupt &interrupt, const Nursery &nursery,
         const Settings &settings, Task task)
    : engine_(engine)
    , watchdog_(watchdog)
    , interrupt_(interrupt)
    , nursery_(nursery)
    , settings_(settings)
    , task_(subject(std::move(task), settings)) {}

Tolerance Lab::tolerance() const {
    const bool exact =
        (task_.flags & MIRRA_TASK_NO_NETWORK) != 0 && (task_.flags & MIRRA_TASK_GLOBAL_STATISTICS) == 0;
    constexpr double kSums = 1e-4; // in another order
    return exact ? Tolerance{0, kSums} : Tolerance{2.0 / 255 + 1e-9, 2.0 / 255};
}

void Lab::require_runs() const {
    for (const Port &port : task_.ports)
        if (port.input && !port.optional && port.type == MIRRA_TYPE_TENSOR)
            throw NotChecked("the input '" + port.name + "' takes a tensor, whose shape nobody says");
}

Session Lab::session(std::int32_t tile_size, std::uint64_t memory_limit) const {
    return within("a session", [&] { return open(engine_, settings_, task_.name, tile_size, memory_limit); });
}

mirra_plan Lab::plan(const Session &session, const Shape &shape) const {
    return within(std::to_string(shape.width) + "x" + std::to_string(shape.height),
                  [&] { return session.plan(shape.width, shape.height); });
}

Taken Lab::take(Session &session, const Shape &shape, const Ask &ask, const std::string &where) const {
    const std::string here = where.empty() ? shape.text() : where;
    return within(here, [&] { return run(task_, session, shape, attentive(ask)); });
}

Ask Lab::attentive(Ask ask) const {
    ask.progress = [this, inner = std::move(ask.progress)](const mirra_progress &progress) {
        watchdog_.touch();
        return !interrupt_.requested() && (!inner || inner(progress));
    };
    return ask;
}

Lab::Watch::Watch(const Lab &lab, const std::string &where) : lab_(lab), where_(where) {
    lab_.interrupt_.check();
    lab_.watchdog_.begin();
}

Lab::Watch::~Watch() {
    static_cast<void>(lab_.watchdog_.end());
}

void Lab::Watch::give_up(const api::Error &error) const {
    lab_.interrupt_.check();
    if (const std::string late = lab_.watchdog_.end(); !late.empty()) throw Hung(where_, late);
    throw Refused(where_, error);
}

} // namespace mirra::cli::conformance
