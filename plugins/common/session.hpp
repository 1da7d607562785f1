// A task whose sessions are objects: the functions that the host calls.
#pragma once

#include "host.hpp"

namespace plugin {

/// `Session` has a default constructor and
///   void configure(const Host &, mirra_setup &);
///   void begin(const Host &);  if it wants it
///   void measure(const Host &, const mirra_tile &, const mirra_tensor *);  with global statistics
///   Tensor process(const Host &, const mirra_tile &, const mirra_tensor *);  no tensor without an image
///   output
///   void finish(const Host &);  if it wants it
template<class Session> class SessionTask {
  public:
    /// @param task  described but for its functions
    static mirra_status register_with(const mirra_host_api *api, mirra_task task,
                                      mirra_error **error) noexcept {
        if (api->struct_size < sizeof(mirra_host_api)) {
            *error = api->error_create(api, MIRRA_E_UNSUPPORTED,
                                       "this version of Mirra lacks functions that it needs", nullptr,
                                       "Install a newer Mirra.");
            return MIRRA_E_UNSUPPORTED;
        }
        task.create = create;
        task.destroy = destroy;
        task.configure = configure;
        if constexpr (requires(Session session, const Host &host) { session.begin(host); })
            task.begin = begin;
        if constexpr (requires(Session session, const Host &host, const mirra_tile &tile,
                               const mirra_tensor *input) { session.measure(host, tile, input); }) {
            task.measure = measure;
            task.flags |= MIRRA_TASK_GLOBAL_STATISTICS;
        }
        if constexpr (requires(Session session, const Host &host) { session.finish(host); })
            task.finish = finish;
        task.process = process;
        return api->register_task(api, &task, error);
    }

  private:
    struct Instance {
        const mirra_host_api *api;
        Session session = {};
    };
    static Instance &of(void *instance) noexcept { return *static_cast<Instance *>(instance); }

    static mirra_status create(void *, const mirra_host_api *api, void **instance,
                               mirra_error **error) noexcept {
        return guarded(api, error, [&] { *instance = new Instance{api}; });
    }
    static void destroy(void *instance) noexcept { delete &of(instance); }

    static mirra_status configure(void *instance, mirra_context *context, mirra_setup *setup,
                                  mirra_error **error) noexcept {
        auto &[api, session] = of(instance);
        return guarded(api, error, [&] { session.configure({api, context}, *setup); });
    }
    static mirra_status begin(void *instance, mirra_context *context, mirra_error **error) noexcept {
        auto &[api, session] = of(instance);
        return guarded(api, error, [&] { session.begin({api, context}); });
    }
    static mirra_status measure(void *instance, mirra_context *context, const mirra_tile *tile,
                                const mirra_tensor *input, mirra_error **error) noexcept {
        auto &[api, session] = of(instance);
        return guarded(api, error, [&] { session.measure({api, context}, *tile, input); });
    }
    static mirra_status finish(void *instance, mirra_context *context, mirra_error **error) noexcept {
        auto &[api, session] = of(instance);
        return guarded(api, error, [&] { session.finish({api, context}); });
    }
    static mirra_status process(void *instance, mirra_context *context, const mirra_tile *tile,
                                const mirra_tensor *input, mirra_tensor **output,
                                mirra_error **error) noexcept {
        auto &[api, session] = of(instance);
        return guarded(api, error,
                       [&] { *output = session.process({api, context}, *tile, input).release(); });
    }
};

} // namespace plugin
