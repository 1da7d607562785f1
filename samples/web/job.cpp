// One job.
#include "job.hpp"

#include <algorithm>
#include <list>

namespace web {
namespace {

[[noreturn]] void refuse(const std::string &message, const std::string &subject,
                         const std::string &hint = "") {
    throw api::Error(MIRRA_E_INVALID_ARGUMENT, message, subject, hint);
}

std::string text_of(const Json &value, const std::string &subject) {
    if (!value.is_string()) refuse("a text is expected", subject);
    return value.get<std::string>();
}

/// The member of an object, or null.
const Json &member(const Json &object, const char *name) {
    static const Json none;
    const auto found = object.find(name);
    return found == object.end() ? none : *found;
}

/// The members of an object that may be left out.
const Json &members(const Json &object, const char *name) {
    static const Json none = Json::object();
    const Json &found = member(object, name);
    if (found.is_null()) return none;
    if (!found.is_object()) refuse("an object is expected", name);
    return found;
}

ItemPointer item_of(const Json &name, Kind kind, const std::string &subject, Store &store) {
    ItemPointer item = store.get(text_of(name, subject));
    if (item->kind != kind) refuse("the file is of another kind", subject);
    return item;
}

api::Value value_of(const Json &value, const std::string &subject) {
    if (value.is_boolean()) return value.get<bool>();
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (value.is_number()) return value.get<double>();
    return text_of(value, subject);
}

/// A path is never taken from a client: where a parameter is a file, the client names an upload.
Json param_value(const Json &param, const Json &given, Request &request, Store &store) {
    const std::string name = param.at("name");
    if (param.at("type") != "file") {
        if (given.is_structured() || given.is_null()) refuse("the value is of another type", name);
        return given;
    }
    if (given == "") return given;
    if (!given.is_object()) refuse("the parameter takes a file that was uploaded", name);
    ItemPointer item = item_of(member(given, "file"), Kind::file, name, store);
    const std::string path = item->file.path();
    request.files.emplace(path, std::move(item));
    return path;
}

void parse_network(Request &request, const Json &body, const Workshop &shop) {
    const Json &bundle = member(body, "bundle");
    if (bundle.is_object())
        request.bundle = item_of(member(bundle, "file"), Kind::bundle, "bundle", shop.store);
    else if (!bundle.is_null())
        request.bundle_path = shop.schema.bundle(text_of(bundle, "bundle"));
    else if (const Json &quality = member(body, "quality"); !quality.is_null())
        request.quality = text_of(quality, "quality");
}

void parse_inputs(Request &request, const Json &body, Store &store) {
    const Json &ports = request.description->at("ports");
    for (const auto &[name, value] : members(body, "inputs").items()) {
        const Json *port = named(ports, name);
        if (port == nullptr || port->at("direction") != "input") refuse("the task has no such input", name);
        const std::string type = port->at("type");
        if (type == "image" || type == "tensor")
            request.inputs[name] =
                item_of(value, type == "image" ? Kind::picture : Kind::tensors, name, store);
        else
            request.values.insert_or_assign(name, value_of(value, name));
    }
    for (const Json &port : ports) {
        const std::string name = port.at("name");
        if (port.at("direction") == "input" && port.at("optional") == false &&
            !request.inputs.contains(name) && !request.values.contains(name))
            refuse("an input is missing: " + port.at("label").get<std::string>(), name, "Drop a file there.");
    }
    for (const Json &name : member(body, "outputs")) {
        const Json *port = named(ports, text_of(name, "outputs"));
        if (port == nullptr || port->at("direction") != "output")
            refuse("the task has no such output", "outputs");
        request.asked.push_back(name);
    }
}

// ---- The run

/// The first image port of a direction that is not optional, or else the first.
const Json *primary(const Json &ports, const char *direction) {
    const Json *first = nullptr;
    for (const Json &port : ports) {
        if (port.at("type") != "image" || port.at("direction") != direction) continue;
        if (port.at("optional") == false) return &port;
        if (first == nullptr) first = &port;
    }
    return first;
}

/// Errors name files by their paths, which mean nothing to the page.
std::string without_paths(std::string text, const Request &request) {
    for (const auto &[path, item] : request.files)
        for (std::size_t at = 0; (at = text.find(path, at)) != std::string::npos;)
            text.replace(at, path.size(), "the file that was sent");
    return text;
}

bool is_gray(const mirra_image &image) {
    return image.color < MIRRA_COLOR_RGB;
}

class Run {
  public:
    Run(const Request &request, const Workshop &shop) : request_(request), shop_(shop), session_(open()) {
        if (!request.params.empty()) session_.set_json(request.params.dump());
        add_inputs();
        add_outputs();
    }

    Json execute(const api::Cancel &cancel, Preview &preview,
                 const std::function<void(const mirra_progress &)> &progress) {
        api::RunOptions options;
        options.cancel = &cancel;
        std::uint64_t shown = 0;
        options.progress = [&](const mirra_progress &now) {
            if (now.previews > shown && !outputs_.empty()) {
                const mirra_image view = outputs_.front().item->picture.view().get();
                preview.take(api::make_rect(0, 0, view.width, view.height), view);
            }
            shown = now.previews;
            progress(now);
            return true;
        };
        if (!outputs_.empty()) {
            preview.begin(outputs_.front().item->picture.view().get());
            options.tile = [&](const mirra_rect &rect, const api::ConstImage &pixels) {
                if (shown == 0) preview.take(rect, pixels.get());
                return true;
            };
        }
        const api::Result result = session_.run(std::move(ports_), options);
        return told(result);
    }

  private:
    struct Output {
        const Json *port;
        std::shared_ptr<Item> item;
    };

    api::Session open() const {
        api::SessionOptions options;
        const api::Bundle found =
            request_.bundle_path.empty() ? nullptr : api::Bundle::open(request_.bundle_path);
        options.task = request_.task;
        options.bundle = request_.bundle ? &request_.bundle->bundle : &found;
        options.quality = request_.quality;
        options.device = shop_.device;
        options.memory_limit = shop_.memory_limit;
        options.threads = shop_.threads;
        return shop_.engine.session(options);
    }
    void add_inputs() {
        for (const auto &[name, item] : request_.inputs) {
            if (item->kind == Kind::picture) {
                ports_.push_back(api::in(name, item->picture));
                continue;
            }
            const std::vector<std::string> names = item->tensors.names();
            ports_.push_back(
                api::in(name, tensors_.emplace_back(item->tensors.at(names.size() == 1 ? names[0] : name))));
        }
        for (const auto &[name, value] : request_.values) ports_.push_back(api::in(name, value));
        if (const Json *port = primary(request_.description->at("ports"), "input"))
            if (const auto found = request_.inputs.find(port->at("name")); found != request_.inputs.end())
                main_ = found->second;
    }
    void add_outputs() {
        const Json &ports = request_.description->at("ports");
        const Json *first = primary(ports, "output");
        for (const Json &port : ports) {
            if (port.at("direction") != "output") continue;
            const std::string name = port.at("name");
            const bool asked = port.at("optional") == false || &port == first ||
                               std::ranges::find(request_.asked, name) != request_.asked.end();
            if (!asked) continue;
            if (port.at("type") != "image")
                ports_.push_back(api::out(name));
            else if (&port == first) // shown first
                outputs_.insert(outputs_.begin(), {&port, make_output(port)});
            else
                outputs_.push_back({&port, make_output(port)});
        }
        for (const Output &output : outputs_)
            ports_.push_back(api::out(output.port->at("name"), output.item->picture));
    }
    /// With the size, format and colours that the command `mirra` gives it.
    std::shared_ptr<Item> make_output(const Json &port) {
        if (!main_) refuse("the task has no input picture whose size the result could have", request_.task);
        const mirra_image like = main_->picture.view().get();
        const mirra_plan plan = session_.plan(like.width, like.height);
        mirra_color color = like.color;
        if (port.at("colored") == true && is_gray(like))
            color = like.color == MIRRA_COLOR_GRAY ? MIRRA_COLOR_RGB : MIRRA_COLOR_RGBA;
        mirra_image shape = like;
        shape.width = static_cast<std::int32_t>(plan.output_width);
        shape.height = static_cast<std::int32_t>(plan.output_height);
        shape.color = color;
        auto item = std::make_shared<Item>();
        item->share = shop_.store.room(bytes_of(shape));
        item->picture = api::Picture::create(shape.width, shape.height, like.format, color);
        if (color == like.color) {
            item->picture.copy_color(main_->picture);
            item->source = main_;
        }
        return item;
    }
    Json told(const api::Result &result) {
        const mirra_result_info info = result.info();
        Json told{{"seconds", info.seconds},
                  {"device", info.device},
                  {"precision", mirra_precision_name(info.precision)},
                  {"tile_count", info.tile_count},
                  {"peak_bytes", info.peak_bytes},
                  {"values", Json::array()},
                  {"outputs", Json::array()}};
        for (const auto &[name, value] : result.values()) told["values"].push_back(told_value(name, value));
        for (const Output &output : outputs_) {
            const mirra_image view = output.item->picture.view().get();
            told["outputs"].push_back({{"port", output.port->at("name")},
                                       {"label", output.port->at("label")},
                                       {"kind", "picture"},
                                       {"file", shop_.store.add(ItemPointer(output.item))},
                                       {"width", view.width},
                                       {"height", view.height}});
        }
        if (info.tensor_count > 0) told["outputs"].push_back(told_tensors(result));
        return told;
    }
    [[nodiscard]] Json told_value(const std::string &name, const api::Value &value) const {
        const Json *port = named(request_.description->at("ports"), name);
        Json told{{"name", name},
                  {"label", port == nullptr ? Json(name) : port->at("label")},
                  {"unit", port == nullptr ? Json("") : port->at("unit")}};
        if (value.type() == MIRRA_TYPE_BOOL)
            told["value"] = value.as<bool>();
        else if (value.type() == MIRRA_TYPE_INT)
            told["value"] = value.as<std::int64_t>();
        else if (value.type() == MIRRA_TYPE_FLOAT)
            told["value"] = value.as<double>();
        else
            told["value"] = value.as<std::string>();
        return told;
    }
    Json told_tensors(const api::Result &result) {
        auto item = std::make_shared<Item>();
        item->kind = Kind::tensors;
        item->tensors = result.tensors();
        std::uint64_t bytes = 0;
        std::string names;
        for (const std::string &name : item->tensors.names()) {
            bytes += item->tensors.at(name).values().size() * sizeof(float);
            names += (names.empty() ? "" : ", ") + name;
        }
        item->share = shop_.store.room(bytes);
        return {{"port", "tensors"},
                {"label", names},
                {"kind", "tensors"},
                {"file", shop_.store.add(ItemPointer(std::move(item)))}};
    }

    const Request &request_;
    const Workshop &shop_;
    api::Session session_;
    std::list<api::Tensor> tensors_;
    std::vector<api::Port> ports_;
    ItemPointer main_; ///< picture of the main input
    std::vector<Output> outputs_;
};

} // namespace

Request Request::parse(const Json &body, const Workshop &shop) {
    if (!body.is_object()) refuse("an object is expected", "body");
    Request request;
    request.task = text_of(member(body, "task"), "task");
    request.description = &shop.schema.task(request.task);
    parse_network(request, body, shop);
    parse_inputs(request, body, shop.store);
    for (const auto &[name, value] : members(body, "params").items()) {
        const Json *param = named(request.description->at("params"), name);
        if (param == nullptr) refuse("the task has no such parameter", name);
        request.params[name] = param_value(*param, value, request, shop.store);
    }
    return request;
}

Json run(const Request &request, const Workshop &shop, const api::Cancel &cancel, Preview &preview,
         const std::function<void(const mirra_progress &)> &progress) {
    try {
        return Run(request, shop).execute(cancel, preview, progress);
    } catch (const api::Error &error) {
        throw api::Error(error.code(), without_paths(error.message(), request),
                         without_paths(error.subject(), request), without_paths(error.hint(), request));
    }
}

Json error_json(const api::Error &error) {
    return {{"code", mirra_status_name(error.code())},
            {"message", error.message()},
            {"subject", error.subject()},
            {"hint", error.hint()}};
}

} // namespace web
