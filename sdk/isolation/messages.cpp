// What the two processes say to each other, as JSON.
#include "messages.hpp"

#include "c_error.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace mirra::isolation {
namespace {

/// One list for both directions: a port's or parameter's members by name.
template<class Visit, class Port> void each_port_member(Visit &visit, Port &port) {
    visit("direction", port.direction);
    visit("type", port.type);
    visit("flags", port.flags);
    visit("name", port.name);
    visit("label", port.label);
    visit("doc", port.doc);
    visit("unit", port.unit);
    visit("series", port.series);
    visit("series_place", port.series_place);
    visit("max_count", port.max_count);
}

template<class Visit, class Param> void each_param_member(Visit &visit, Param &param) {
    visit("type", param.type);
    visit("flags", param.flags);
    visit("since", param.since);
    visit("name", param.name);
    visit("label", param.label);
    visit("doc", param.doc);
    visit("group", param.group);
    visit("unit", param.unit);
    visit("default_value", param.default_value);
    visit("minimum", param.minimum);
    visit("maximum", param.maximum);
    visit("soft_minimum", param.soft_minimum);
    visit("soft_maximum", param.soft_maximum);
    visit("step", param.step);
    visit("default_text", param.default_text);
    visit.list("choices", param.choices, param.choice_count);
    visit.list("choice_labels", param.choice_labels, param.choice_count);
    visit("visible_if", param.visible_if);
    visit("series", param.series);
    visit("series_place", param.series_place);
    visit("max_count", param.max_count);
}

template<class Visit, class Info> void each_task_member(Visit &visit, Info &info) {
    visit("flags", info.flags);
    visit("name", info.name);
    visit("label", info.label);
    visit("doc", info.doc);
    visit("default_bundle", info.default_bundle);
    visit("plugin_id", info.plugin_id);
    visit("plugin_version", info.plugin_version);
}

struct Writer {
    Json out = Json::object();
    template<class Number> void operator()(const char *name, const Number &value) { out[name] = value; }
    void operator()(const char *name, const char *text) { out[name] = text == nullptr ? Json() : Json(text); }
    void list(const char *name, const char *const *texts, std::uint32_t count) {
        out[name] = Json::array();
        for (std::uint32_t i = 0; i < count; ++i) out[name].push_back(texts[i]);
    }
};

struct Reader {
    const Json &in;
    host::TaskInfo &keeper;
    template<class Number> void operator()(const char *name, Number &value) { in.at(name).get_to(value); }
    void operator()(const char *name, const char *&text) {
        const Json &value = in.at(name);
        text = value.is_null() ? nullptr : keeper.keep(value.get<std::string>());
    }
    void list(const char *name, const char *const *&texts, std::uint32_t &count) {
        std::vector<const char *> kept;
        for (const Json &each : in.at(name)) kept.push_back(keeper.keep(each.get<std::string>()));
        count = static_cast<std::uint32_t>(kept.size());
        texts = keeper.keep(std::move(kept));
    }
};

constexpr std::array<const char *, 4> kStages{"prepare", "measure", "process", "finish"};

template<class Visit, class Progress> void each_progress_member(Visit &&visit, Progress &progress) {
    visit("fraction", progress.fraction);
    visit("tile", progress.tile);
    visit("tile_count", progress.tile_count);
    visit("bytes_now", progress.bytes_now);
    visit("bytes_peak", progress.bytes_peak);
    visit("previews", progress.previews);
    visit("step", progress.step);
    visit("step_count", progress.step_count);
}

} // namespace

Json encode_params(const host::TaskInfo &task) {
    Json out = Json::array();
    for (const mirra_param_info &param : task.params) {
        Writer writer;
        each_param_member(writer, param);
        out.push_back(std::move(writer.out));
    }
    return out;
}

void decode_params(const Json &in, host::TaskInfo &task) {
    task.params.clear();
    for (const Json &each : in) {
        mirra_param_info param{};
        param.struct_size = sizeof(param);
        Reader reader{each, task};
        each_param_member(reader, param);
        task.params.push_back(param);
    }
    task.info.param_count = static_cast<std::uint32_t>(task.params.size());
}

Json encode(const host::TaskInfo &task) {
    Writer writer;
    each_task_member(writer, task.info);
    writer.out["ports"] = Json::array();
    for (const mirra_port_info &port : task.ports) {
        Writer each;
        each_port_member(each, port);
        writer.out["ports"].push_back(std::move(each.out));
    }
    writer.out["params"] = encode_params(task);
    return std::move(writer.out);
}

host::TaskInfo decode_task(const Json &in) {
    host::TaskInfo task;
    task.info.struct_size = sizeof(task.info);
    Reader reader{in, task};
    each_task_member(reader, task.info);
    for (const Json &each : in.at("ports")) {
        mirra_port_info port{};
        port.struct_size = sizeof(port);
        Reader of_port{each, task};
        each_port_member(of_port, port);
        task.ports.push_back(port);
    }
    task.info.port_count = static_cast<std::uint32_t>(task.ports.size());
    decode_params(in.at("params"), task);
    return task;
}

Json encode(const Values &values) {
    Json out = Json::object();
    for (const auto &[name, value] : values)
        out[name] = std::visit([](const auto &plain) { return Json(plain); }, value);
    return out;
}

Values decode_values(const Json &in) {
    Values out;
    for (const auto &[name, value] : in.items()) {
        if (value.is_boolean())
            out[name] = value.get<bool>();
        else if (value.is_number_integer())
            out[name] = value.get<std::int64_t>();
        else if (value.is_number())
            out[name] = value.get<double>();
        else
            out[name] = value.get<std::string>();
    }
    return out;
}

Json encode(const host::Progress &progress) {
    Json out;
    each_progress_member([&](const char *name, const auto &value) { out[name] = value; }, progress);
    out["stage"] = progress.stage;
    return out;
}

host::Progress decode_progress(const Json &in) {
    host::Progress progress;
    each_progress_member([&](const char *name, auto &value) { in.at(name).get_to(value); }, progress);
    const auto stage = in.at("stage").get<std::string>();
    const auto *const known = std::ranges::find(kStages, stage);
    progress.stage = known == kStages.end() ? "" : *known;
    return progress;
}

Json encode(const image::ConstImageView &view) {
    return {{"width", view.width},   {"height", view.height}, {"channels", view.channels},
            {"sample", view.sample}, {"alpha", view.alpha},   {"transfer", view.transfer}};
}

image::ImageView decode_view(const Json &in) {
    image::ImageView view;
    in.at("width").get_to(view.width);
    in.at("height").get_to(view.height);
    in.at("channels").get_to(view.channels);
    in.at("sample").get_to(view.sample);
    in.at("alpha").get_to(view.alpha);
    in.at("transfer").get_to(view.transfer);
    if (view.width < 1 || view.height < 1 || view.channels < 1 || view.channels > 4 ||
        view.sample > image::SampleType::f32 || view.alpha > image::AlphaMode::premultiplied ||
        view.transfer > image::Transfer::linear)
        throw Gone();
    return view;
}

Json current_error() {
    mirra_error *reported = nullptr;
    host::report_current_exception(&reported);
    const std::unique_ptr<mirra_error, void (*)(mirra_error *)> error(reported, host::destroy_error);
    return {{"is", "error"},
            {"code", error->code},
            {"message", error->message},
            {"subject", error->subject},
            {"hint", error->hint}};
}

void throw_error(const Json &in) {
    const auto code = host::to_code(in.at("code").get<mirra_status>(), ErrorCode::internal);
    const auto message = in.at("message").get<std::string>();
    if (code == ErrorCode::out_of_memory && message == "out of memory") throw std::bad_alloc();
    throw Error(code, message, in.at("subject").get<std::string>(), in.at("hint").get<std::string>());
}

} // namespace mirra::isolation
