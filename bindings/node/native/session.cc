// Sessions: a task with its parameters.

#include "convert.h"
#include "handles.h"
#include "value.h"

#include <optional>
#include <string>

namespace mirra_node {
namespace {

using Session = std::shared_ptr<mirra_session>;

Session session_of(Js &js, const Arguments &values) {
    return unbox<mirra_session>(js, values[0]);
}

/// The options with the texts that they point at.
struct Options {
    mirra_session_options options;
    std::string task, device, quality, parameters;
    std::shared_ptr<mirra_bundle> bundle;
};

std::shared_ptr<Options> parse_options(Js &js, napi_value given) {
    const auto parsed = std::make_shared<Options>();
    mirra_session_options &options = parsed->options;
    options = filled<mirra_session_options>([](auto, auto) { return MIRRA_OK; });
    const auto text = [&](const char *name, std::string &kept) -> const char * {
        const napi_value value = js.get(given, name);
        return js.is_given(value) ? (kept = js.to_text(value, name)).c_str() : nullptr;
    };
    options.task = text("task", parsed->task);
    options.device = text("device", parsed->device);
    options.quality = text("quality", parsed->quality);
    text("parameters", parsed->parameters);
    if (const napi_value bundle = js.get(given, "bundle"); js.is_given(bundle))
        options.bundle = (parsed->bundle = unbox<mirra_bundle>(js, bundle)).get();
    options.precision = js.to<std::int32_t>(js.get(given, "precision"), "precision");
    options.memory_limit = js.to<std::uint64_t>(js.get(given, "memoryLimit"), "memoryLimit");
    options.threads = js.to<std::int32_t>(js.get(given, "threads"), "threads");
    options.tile_size = js.to<std::int32_t>(js.get(given, "tileSize"), "tileSize");
    return parsed;
}

Task session_create(Js &js, const Arguments &values) {
    const auto engine = unbox<mirra_engine>(js, values[0]);
    const auto parsed = parse_options(js, values[1]);
    const auto session = std::make_shared<Session>();
    return {[=] {
                *session = made<mirra_session>([&](auto out, auto error) {
                    return api().mirra_session_create(engine.get(), &parsed->options, out, error);
                });
                if (!parsed->parameters.empty())
                    succeed([&](mirra_error **error) {
                        return api().mirra_session_set_json(session->get(), parsed->parameters.c_str(),
                                                            error);
                    });
            },
            [=](Js &js) { return box(js, *session); }};
}

napi_value session_clone(Js &js, const Arguments &values) {
    const Session session = session_of(js, values);
    return box(js, made<mirra_session>([&](auto out, auto error) {
                   return api().mirra_session_clone(session.get(), out, error);
               }));
}

napi_value session_set(Js &js, const Arguments &values) {
    const Session session = session_of(js, values);
    const std::string json = js.to_text(values[1], "parameters");
    succeed([&](mirra_error **error) {
        return api().mirra_session_set_json(session.get(), json.c_str(), error);
    });
    return js.undefined();
}

napi_value session_set_text(Js &js, const Arguments &values) {
    const Session session = session_of(js, values);
    const std::string name = js.to_text(values[1], "name"), text = js.to_text(values[2], name.c_str());
    succeed([&](mirra_error **error) {
        return api().mirra_session_set_text(session.get(), name.c_str(), text.c_str(), error);
    });
    return js.undefined();
}

napi_value session_get(Js &js, const Arguments &values) {
    const Session session = session_of(js, values);
    const std::string name = js.to_text(values[1], "name");
    return to_value(js, filled<mirra_value>([&](auto out, auto error) {
                        return api().mirra_session_get(session.get(), name.c_str(), out, error);
                    }));
}

napi_value session_reset(Js &js, const Arguments &values) {
    const Session session = session_of(js, values);
    const std::string name = js.is_given(values[1]) ? js.to_text(values[1], "name") : "";
    succeed([&](mirra_error **error) {
        return api().mirra_session_reset(session.get(), name.empty() ? nullptr : name.c_str(), error);
    });
    return js.undefined();
}

napi_value session_params(Js &js, const Arguments &values) {
    const Session session = session_of(js, values);
    const auto count = js.to<std::uint32_t>(values[1], "count");
    napi_value list = js.array(count);
    for (std::uint32_t i = 0; i < count; ++i)
        js.set(list, i, to_object(js, filled<mirra_param_info>([&](auto out, auto error) {
                                      return api().mirra_session_param(session.get(), i, out, error);
                                  })));
    return list;
}

napi_value session_info(Js &js, const Arguments &values) {
    const Session session = session_of(js, values);
    return to_object(js, filled<mirra_session_info>([&](auto out, auto error) {
                         return api().mirra_session_get_info(session.get(), out, error);
                     }));
}

napi_value session_plan(Js &js, const Arguments &values) {
    const Session session = session_of(js, values);
    const auto width = js.to<std::int32_t>(values[1], "width"),
               height = js.to<std::int32_t>(values[2], "height");
    return to_object(js, filled<mirra_plan>([&](auto out, auto error) {
                         return api().mirra_session_plan(session.get(), width, height, out, error);
                     }));
}

napi_value session_required(Js &js, const Arguments &values) {
    const Session session = session_of(js, values);
    const auto width = js.to<std::int32_t>(values[1], "width"),
               height = js.to<std::int32_t>(values[2], "height");
    const auto side = [&](const char *name) { return js.to<std::int64_t>(js.get(values[3], name), name); };
    const mirra_rect region{sizeof(mirra_rect), 0, side("x"), side("y"), side("width"), side("height")};
    return to_object(js, filled<mirra_rect>([&](auto out, auto error) {
                         return api().mirra_session_required(session.get(), width, height, &region, out,
                                                             error);
                     }));
}

} // namespace

std::vector<Export> session_exports() {
    return {
        MIRRA_EXPORT_BOTH("sessionCreate", session_create),
        exported<session_clone>("sessionClone"),
        exported<session_set>("sessionSet"),
        exported<session_set_text>("sessionSetText"),
        exported<session_get>("sessionGet"),
        exported<session_reset>("sessionReset"),
        exported<session_params>("sessionParams"),
        exported<session_info>("sessionInfo"),
        exported<session_plan>("sessionPlan"),
        exported<session_required>("sessionRequired"),
    };
}

} // namespace mirra_node
