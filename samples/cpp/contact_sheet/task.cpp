#include "task.hpp"

namespace sheet {
namespace {

namespace api = mirra::api;

api::Session session_for(const api::Engine &engine, const Options &options) {
    api::SessionOptions wanted;
    wanted.task = options.task;
    wanted.quality = options.quality;
    wanted.memory_limit = options.memory_mb * 1000000;
    api::Bundle bundle; // the session keeps what it needs of it
    if (!options.bundle.empty()) {
        bundle = api::Bundle::open(engine.find_bundle(options.bundle));
        wanted.bundle = &bundle;
    }
    api::Session session = engine.session(wanted);
    for (const auto &[name, value] : options.parameters) session.set_text(name, value);
    return session;
}

} // namespace

Task::Task(const api::Engine &engine, const Options &options, const volatile std::sig_atomic_t &stopped)
    : session_(session_for(engine, options))
    , stopped_(stopped) {
    for (const mirra_port_info &port : engine.ports(options.task)) {
        if (port.type != MIRRA_TYPE_IMAGE) continue;
        std::string &first = port.direction == MIRRA_PORT_INPUT ? input_ : output_;
        if (!first.empty()) continue;
        first = port.name;
        if (port.direction == MIRRA_PORT_OUTPUT) colored_ = (port.flags & MIRRA_PORT_COLORED) != 0;
    }
    if (input_.empty() || output_.empty())
        throw api::Error(MIRRA_E_UNSUPPORTED, "the task makes no picture of a picture", options.task,
                         "Choose another one; `mirra tasks` lists them.");
    for (const auto &[name, file] : options.pictures)
        further_.emplace_back(name, api::Picture::read(file.string(), options.megapixels * 1000000));
}

api::Picture Task::run(const api::Picture &picture) {
    const mirra_image view = picture.view().get();
    const mirra_plan plan = session_.plan(view.width, view.height);
    api::Picture made = api::Picture::create(static_cast<std::int32_t>(plan.output_width),
                                             static_cast<std::int32_t>(plan.output_height), view.format,
                                             colored_ ? mirra_color{MIRRA_COLOR_RGB} : view.color);
    made.copy_color(picture);
    std::vector<api::Port> ports{api::in(input_, picture), api::out(output_, made)};
    for (const auto &[name, each] : further_) ports.push_back(api::in(name, each));
    api::RunOptions run;
    run.progress = [this](const mirra_progress &) { return stopped_ == 0; };
    session_.run(std::move(ports), run);
    return made;
}

} // namespace sheet
