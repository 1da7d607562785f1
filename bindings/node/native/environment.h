// What the addon keeps for each JavaScript environment (the main thread, each worker), and how calls come in.
#pragma once

#include "failure.h"
#include "js.h"

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace mirra_node {

/// Something that has news for the environment's thread.
class Notified {
  public:
    virtual ~Notified() = default;
    /// On the environment's thread. Takes what there is.
    virtual void deliver(Js &js) = 0;
};

/// How other threads wake the environment's thread. Lives as long as anybody may do so.
class Loop {
  public:
    explicit Loop(napi_env env);
    /// From any thread: deliver() is called soon, unless the environment ends before.
    void wake(std::shared_ptr<Notified> who);
    /// On the environment's thread, in pairs: while any is held, the program does not end by itself.
    void hold();
    void release();
    /// The environment ends: nobody is delivered any more.
    void close();
    [[nodiscard]] bool is_closed();

  private:
    static void deliver_all(napi_env env, napi_value, void *context, void *);

    napi_env env_;
    napi_threadsafe_function wakeup_ = nullptr;
    int held_ = 0;
    std::mutex mutex_;
    bool closed_ = false;
    std::vector<std::shared_ptr<Notified>> ready_;
};

struct Environment {
    Reference error_class;
    std::shared_ptr<Loop> loop;
};
Environment &environment(napi_env env);
void make_environment(Js &js);

/// The MirraError of a failure.
napi_value to_error(Js &js, const Failure &failure);

using Arguments = std::array<napi_value, 8>;

/// Calls `call` and throws what it fails with as a JavaScript exception.
napi_value guarded(napi_env env, const std::function<napi_value(Js &)> &call);
Arguments arguments(Js &js, napi_callback_info info);

using Function = napi_value (*)(Js &, const Arguments &);
template<Function function> napi_value entry(napi_env env, napi_callback_info info) {
    return guarded(env, [info](Js &js) { return function(js, arguments(js, info)); });
}

/// A call in two parts: work() runs on any thread and touches no JavaScript; finish() gives the result.
struct Task {
    std::function<void()> work;
    std::function<napi_value(Js &)> finish;
};
/// Runs a task on one of libuv's threads and gives a promise.
napi_value later(Js &js, Task task);

using Prepare = Task (*)(Js &, const Arguments &);
template<Prepare prepare> napi_value entry_now(napi_env env, napi_callback_info info) {
    return guarded(env, [info](Js &js) {
        const Task task = prepare(js, arguments(js, info));
        task.work();
        return task.finish(js);
    });
}
template<Prepare prepare> napi_value entry_later(napi_env env, napi_callback_info info) {
    return guarded(env, [info](Js &js) { return later(js, prepare(js, arguments(js, info))); });
}

/// A function of the addon.
struct Export {
    const char *name;
    napi_callback callback;
};
template<Function function> Export exported(const char *name) {
    return {name, entry<function>};
}
/// Adds NAME, which gives a promise, and NAMESync.
#define MIRRA_EXPORT_BOTH(name, prepare)                                                                     \
    Export{name, entry_later<prepare>}, Export {                                                             \
        name "Sync", entry_now<prepare>                                                                      \
    }

std::vector<Export> engine_exports();
std::vector<Export> session_exports();
std::vector<Export> bundle_exports();
std::vector<Export> picture_exports();
std::vector<Export> tensor_exports();
std::vector<Export> run_exports();

} // namespace mirra_node
