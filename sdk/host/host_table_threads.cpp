// The host's function for plugins that does work on several threads.
#include "c_error.hpp"
#include "host_table.hpp"
#include "process_life.hpp"
#include "team.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace mirra::host {
namespace {

using Body = mirra_status (*)(void *user, std::uint64_t index);

mirra_status parallel_for(mirra_context *context, std::uint64_t count, Body body, void *user,
                          mirra_error **error) {
    return guard(error, [&] {
        const RunState &run = run_of(context);
        if (body == nullptr) throw Error(ErrorCode::invalid_argument, "a plugin gave NULL for a body");
        const auto threads = static_cast<std::uint64_t>(threads_of(*context->session));
        std::atomic<std::uint64_t> next{0};
        const auto caller = std::this_thread::get_id();
        run_on_threads(std::min(threads, count), [&](const std::atomic<bool> &stop) {
            const Inside inside(Inside::Kind::run, &run.request);
            if (std::this_thread::get_id() != caller) module_of(context).set_threads(1);
            for (std::uint64_t index = next++; index < count && !stop; index = next++) {
                run.look();
                call_plugin("parallel_for", [&](mirra_error **) { return body(user, index); });
            }
        });
    });
}

} // namespace

void add_thread_functions(mirra_host_api &table) noexcept {
    table.parallel_for = checked<parallel_for>;
}

} // namespace mirra::host
