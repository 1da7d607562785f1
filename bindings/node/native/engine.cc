// Engines: what there is, and their log.

#include "convert.h"
#include "handles.h"

#include <deque>
#include <optional>
#include <string>

namespace mirra_node {
namespace {

/// The log of an engine: messages come from any thread and are handed over in the order in which they came.
class Log : public Notified, public std::enable_shared_from_this<Log> {
  public:
    Log(Js &js, napi_value callback, std::shared_ptr<Loop> loop)
        : loop_(std::move(loop))
        , callback_(js, callback) {}

    void deliver(Js &js) override {
        std::deque<std::pair<mirra_log_level, std::string>> messages;
        bool over = false;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            messages.swap(messages_);
            over = over_;
        }
        if (!callback_) return;
        const napi_value callback = callback_.value(js);
        if (over) callback_.reset(js);
        for (const auto &[level, message] : messages) {
            const std::array<napi_value, 2> values{js.word(level, words_of_mirra_log_level),
                                                   js.text(message)};
            js.check(
                napi_call_function(js.env, js.undefined(), callback, values.size(), values.data(), nullptr));
        }
    }
    static void receive(void *user, mirra_log_level level, const char *message) {
        Log &log = **static_cast<std::shared_ptr<Log> *>(user);
        {
            const std::lock_guard<std::mutex> lock(log.mutex_);
            log.messages_.emplace_back(level, message);
        }
        log.loop_->wake(log.shared_from_this());
    }
    static void end(void *user) {
        const std::unique_ptr<std::shared_ptr<Log>> owner(static_cast<std::shared_ptr<Log> *>(user));
        {
            const std::lock_guard<std::mutex> lock((*owner)->mutex_);
            (*owner)->over_ = true;
        }
        (*owner)->loop_->wake(*owner);
    }

  private:
    std::shared_ptr<Loop> loop_;
    Reference callback_;
    std::mutex mutex_;
    bool over_ = false;
    std::deque<std::pair<mirra_log_level, std::string>> messages_;
};

/// Calls JavaScript with the file of each plugin, within mirra_engine_create and on the environment's thread.
struct Loading {
    Js &js;
    napi_value callback;
    bool threw = false;

    static void call(void *user, const char *path) {
        auto &loading = *static_cast<Loading *>(user);
        if (loading.threw) return; // its exception is pending
        try {
            const napi_value value = loading.js.text(path);
            loading.js.check(napi_call_function(loading.js.env, loading.js.undefined(), loading.callback, 1,
                                                &value, nullptr));
        } catch (const Pending &) {
            loading.threw = true;
        }
    }
};

napi_value engine_create(Js &js, const Arguments &values) {
    const napi_value given = values[0];
    MIRRA_STRUCT(mirra_engine_options, options);
    std::deque<std::string> texts;
    const auto text = [&](const char *name) -> const char * {
        const napi_value value = js.get(given, name);
        return js.is_given(value) ? texts.emplace_back(js.to_text(value, name)).c_str() : nullptr;
    };
    options.flags = js.to<std::uint32_t>(js.get(given, "flags"), "flags");
    options.plugin_path = text("pluginPath");
    options.plugin_skip = text("pluginSkip");
    options.runtime_module = text("runtimeModule");
    options.bundle_path = text("bundlePath");
    options.libtorch_path = text("libtorchPath");
    options.log_level = js.to<std::int32_t>(js.get(given, "logLevel"), "logLevel");
    Loading loading{js, js.get(given, "loading")};
    if (js.is_given(loading.callback)) {
        options.loading = Loading::call;
        options.loading_user = &loading;
    }
    if (const napi_value log = js.get(given, "log"); js.is_given(log)) {
        options.log = Log::receive;
        options.log_user_free = Log::end;
        options.log_user = new std::shared_ptr<Log>(std::make_shared<Log>(js, log, environment(js.env).loop));
    }
    const auto engine = made<mirra_engine>(
        [&](auto out, auto error) { return api().mirra_engine_create(&options, out, error); });
    if (loading.threw) throw Pending{};
    return box(js, engine);
}

/// Everything that an engine lists under indices.
template<class Info, auto Api::*count, auto Api::*item>
napi_value engine_list(Js &js, const Arguments &values) {
    const auto engine = unbox<mirra_engine>(js, values[0]);
    const std::uint32_t size = (api().*count)(engine.get());
    napi_value list = js.array(size);
    for (std::uint32_t i = 0; i < size; ++i) {
        const auto info =
            filled<Info>([&](auto out, auto error) { return (api().*item)(engine.get(), i, out, error); });
        js.set(list, i, to_object(js, info));
    }
    return list;
}

napi_value engine_task(Js &js, const Arguments &values) {
    const auto engine = unbox<mirra_engine>(js, values[0]);
    const std::string name = js.to_text(values[1], "task");
    const auto info = filled<mirra_task_info>([&](auto out, auto error) {
        return api().mirra_engine_find_task(engine.get(), name.c_str(), out, error);
    });
    napi_value task = to_object(js, info), ports = js.array(info.port_count),
               params = js.array(info.param_count);
    for (std::uint32_t i = 0; i < info.port_count; ++i) {
        const auto port = filled<mirra_port_info>([&](auto out, auto error) {
            return api().mirra_engine_port(engine.get(), name.c_str(), i, out, error);
        });
        js.set(ports, i, to_object(js, port));
    }
    for (std::uint32_t i = 0; i < info.param_count; ++i) {
        const auto param = filled<mirra_param_info>([&](auto out, auto error) {
            return api().mirra_engine_param(engine.get(), name.c_str(), i, out, error);
        });
        js.set(params, i, to_object(js, param));
    }
    js.set(task, "ports", ports);
    js.set(task, "params", params);
    return task;
}

napi_value engine_schema(Js &js, const Arguments &values) {
    return js.text(api().mirra_engine_schema_json(unbox<mirra_engine>(js, values[0]).get()));
}

napi_value engine_process(Js &js, const Arguments &values) {
    return js.integer(api().mirra_engine_process(unbox<mirra_engine>(js, values[0]).get()));
}

napi_value engine_find_bundle(Js &js, const Arguments &values) {
    const auto engine = unbox<mirra_engine>(js, values[0]);
    const std::string name = js.to_text(values[1], "name");
    char *path = nullptr;
    succeed([&](mirra_error **error) {
        return api().mirra_engine_find_bundle(engine.get(), name.c_str(), &path, error);
    });
    const std::unique_ptr<char, void (*)(char *)> owner(path, api().mirra_string_free);
    return js.text(path);
}

Task engine_runtime(Js &js, const Arguments &values) {
    const auto engine = unbox<mirra_engine>(js, values[0]);
    const auto info = std::make_shared<mirra_runtime_info>();
    return {[=] {
                *info = filled<mirra_runtime_info>([&](auto out, auto error) {
                    return api().mirra_engine_runtime(engine.get(), out, error);
                });
            },
            [=, keep = engine](Js &js) { return to_object(js, *info); }};
}

Task engine_shutdown(Js &js, const Arguments &values) {
    const auto engine = unbox<mirra_engine>(js, values[0]);
    const double seconds = js.to_number(values[1], "seconds");
    return {[=] {
                succeed([&](mirra_error **error) {
                    return api().mirra_engine_shutdown(engine.get(), seconds, error);
                });
            },
            [](Js &js) { return js.undefined(); }};
}

napi_value version(Js &js, const Arguments &) {
    napi_value object = js.object();
    js.set(object, "library", js.text(api().mirra_version_string()));
    js.set(object, "abi", js.number(api().mirra_abi_version()));
    return object;
}

Task file_write(Js &js, const Arguments &values) {
    const std::string path = js.to_text(values[0], "path");
    const View view = to_view(js, values[1], "bytes");
    const auto bytes = std::make_shared<std::vector<std::uint8_t>>(view.data, view.data + view.bytes);
    return {[=] {
                succeed([&](mirra_error **error) {
                    return api().mirra_file_write(path.c_str(), bytes->data(), bytes->size(), error);
                });
            },
            [](Js &js) { return js.undefined(); }};
}

napi_value file_check_write(Js &js, const Arguments &values) {
    const std::string path = js.to_text(values[0], "path");
    succeed([&](mirra_error **error) { return api().mirra_file_check_write(path.c_str(), error); });
    return js.undefined();
}

napi_value text_printable(Js &js, const Arguments &values) {
    const std::string text = js.to_text(values[0], "text");
    char *printable = nullptr;
    succeed([&](mirra_error **error) { return api().mirra_text_printable(text.c_str(), &printable, error); });
    const std::unique_ptr<char, void (*)(char *)> owner(printable, api().mirra_string_free);
    return js.text(printable);
}

} // namespace

std::vector<Export> engine_exports() {
    return {
        exported<engine_create>("engineCreate"),
        exported<engine_list<mirra_task_info, &Api::mirra_engine_task_count, &Api::mirra_engine_task>>(
            "engineTasks"),
        exported<
            engine_list<mirra_bundle_record, &Api::mirra_engine_bundle_count, &Api::mirra_engine_bundle>>(
            "engineBundles"),
        exported<
            engine_list<mirra_plugin_record, &Api::mirra_engine_plugin_count, &Api::mirra_engine_plugin>>(
            "enginePlugins"),
        exported<engine_list<mirra_device_info, &Api::mirra_engine_device_count, &Api::mirra_engine_device>>(
            "engineDevices"),
        exported<engine_task>("engineTask"),
        exported<engine_schema>("engineSchema"),
        exported<engine_process>("engineProcess"),
        exported<engine_find_bundle>("engineFindBundle"),
        MIRRA_EXPORT_BOTH("engineRuntime", engine_runtime),
        MIRRA_EXPORT_BOTH("engineShutdown", engine_shutdown),
        exported<version>("version"),
        MIRRA_EXPORT_BOTH("fileWrite", file_write),
        exported<file_check_write>("fileCheckWrite"),
        exported<text_printable>("textPrintable"),
    };
}

} // namespace mirra_node
