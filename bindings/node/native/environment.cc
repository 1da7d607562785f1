#include "environment.h"

#include <exception>
#include <new>
#include <optional>

namespace mirra_node {
namespace {

Failure failure_of(const std::exception &exception) {
    if (dynamic_cast<const std::bad_alloc *>(&exception) != nullptr)
        return {"out_of_memory", MIRRA_E_OUT_OF_MEMORY, "an allocation failed", "", ""};
    return {"internal", MIRRA_E_INTERNAL, exception.what(), "", ""};
}

/// A task on its way.
struct Work {
    Task task;
    napi_async_work work = nullptr;
    napi_deferred deferred = nullptr;
    std::optional<Failure> failure;
};

void execute(napi_env, void *data) {
    auto &work = *static_cast<Work *>(data);
    try {
        work.task.work();
    } catch (const Failure &failure) {
        work.failure = failure;
    } catch (const std::exception &exception) {
        work.failure = failure_of(exception);
    }
}

void complete(napi_env env, napi_status, void *data) {
    const std::unique_ptr<Work> work(static_cast<Work *>(data));
    napi_delete_async_work(env, work->work);
    napi_value result = nullptr;
    if (!work->failure) result = guarded(env, work->task.finish);
    // Where the environment is ending, these fail and nobody waits.
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (pending) {
        if (napi_get_and_clear_last_exception(env, &result) == napi_ok)
            napi_reject_deferred(env, work->deferred, result);
        return;
    }
    Js js(env);
    try {
        if (work->failure)
            js.check(napi_reject_deferred(env, work->deferred, to_error(js, *work->failure)));
        else if (result != nullptr)
            js.check(napi_resolve_deferred(env, work->deferred, result));
    } catch (const Pending &) {
    }
}

} // namespace

Loop::Loop(napi_env env) : env_(env) {
    Js js(env);
    js.check(napi_create_threadsafe_function(env, nullptr, nullptr, js.text("mirra"), 0, 1, nullptr, nullptr,
                                             this, deliver_all, &wakeup_));
    js.check(napi_unref_threadsafe_function(env, wakeup_));
}

void Loop::wake(std::shared_ptr<Notified> who) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    ready_.push_back(std::move(who));
    if (ready_.size() == 1) napi_call_threadsafe_function(wakeup_, nullptr, napi_tsfn_nonblocking);
}

void Loop::hold() {
    if (held_++ == 0) napi_ref_threadsafe_function(env_, wakeup_);
}

void Loop::release() {
    if (--held_ == 0) napi_unref_threadsafe_function(env_, wakeup_);
}

void Loop::close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    ready_.clear();
}

bool Loop::is_closed() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return closed_;
}

void Loop::deliver_all(napi_env env, napi_value, void *context, void *) {
    if (env == nullptr) return;
    auto &loop = *static_cast<Loop *>(context);
    std::vector<std::shared_ptr<Notified>> ready;
    {
        const std::lock_guard<std::mutex> lock(loop.mutex_);
        ready.swap(loop.ready_);
    }
    for (const auto &who : ready) {
        napi_handle_scope scope = nullptr;
        if (napi_open_handle_scope(env, &scope) != napi_ok) return;
        guarded(env, [&who](Js &js) {
            who->deliver(js);
            return nullptr;
        });
        napi_close_handle_scope(env, scope);
        bool pending = false;
        napi_value exception = nullptr;
        if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
            napi_get_and_clear_last_exception(env, &exception) == napi_ok)
            napi_fatal_exception(env, exception);
    }
}

Environment &environment(napi_env env) {
    void *data = nullptr;
    napi_get_instance_data(env, &data);
    return *static_cast<Environment *>(data);
}

void make_environment(Js &js) {
    auto made = std::make_unique<Environment>();
    made->loop = std::make_shared<Loop>(js.env);
    js.check(napi_set_instance_data(
        js.env, made.get(), [](napi_env, void *data, void *) { delete static_cast<Environment *>(data); },
        nullptr));
    const auto *loop = new std::shared_ptr<Loop>(made.release()->loop);
    const auto close = [](void *data) {
        const std::unique_ptr<std::shared_ptr<Loop>> owner(static_cast<std::shared_ptr<Loop> *>(data));
        (*owner)->close();
    };
    js.check(napi_add_env_cleanup_hook(js.env, close, const_cast<std::shared_ptr<Loop> *>(loop)));
}

napi_value to_error(Js &js, const Failure &failure) {
    const Reference &error_class = environment(js.env).error_class;
    const std::array<napi_value, 5> values{js.text(failure.code), js.number(failure.status),
                                           js.text(failure.message), js.text(failure.subject),
                                           js.text(failure.hint)};
    napi_value error = nullptr;
    js.check(napi_new_instance(js.env, error_class.value(js), values.size(), values.data(), &error));
    return error;
}

napi_value guarded(napi_env env, const std::function<napi_value(Js &)> &call) {
    Js js(env);
    std::optional<Failure> failure;
    try {
        return call(js);
    } catch (const Pending &) {
        return nullptr;
    } catch (const Failure &thrown) {
        failure = thrown;
    } catch (const std::exception &exception) {
        failure = failure_of(exception);
    }
    try {
        js.check(napi_throw(env, to_error(js, *failure)));
    } catch (const Pending &) {
    }
    return nullptr;
}

Arguments arguments(Js &js, napi_callback_info info) {
    Arguments values{};
    std::size_t count = values.size(); // those that are missing are filled with undefined
    js.check(napi_get_cb_info(js.env, info, &count, values.data(), nullptr, nullptr));
    return values;
}

napi_value later(Js &js, Task task) {
    auto work = std::make_unique<Work>();
    work->task = std::move(task);
    napi_value promise = nullptr;
    js.check(napi_create_async_work(js.env, nullptr, js.text("mirra"), execute, complete, work.get(),
                                    &work->work));
    js.check(napi_create_promise(js.env, &work->deferred, &promise));
    js.check(napi_queue_async_work(js.env, work->work));
    work.release();
    return promise;
}

} // namespace mirra_node
