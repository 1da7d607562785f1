// The parts of the table of functions that plugins get.
#pragma once

#include "plugin_handles.hpp"

#include <initializer_list>
#include <span>

namespace mirra::host {

void add_run_functions(mirra_host_api &table) noexcept;
void add_tensor_functions(mirra_host_api &table) noexcept;
void add_tensor_part_functions(mirra_host_api &table) noexcept;
void add_thread_functions(mirra_host_api &table) noexcept;
void add_graph_functions(mirra_host_api &table) noexcept;
void add_port_functions(mirra_host_api &table) noexcept;
void add_session_functions(mirra_host_api &table) noexcept;

/// @throws Error invalid_argument if one is null
void check_arguments(std::initializer_list<const void *> pointers);
/// The run of a context. @throws Error invalid_argument outside of a run
RunState &run_of(mirra_context *context);
/// What a plugin asks of a run before it begins, written down: `configure` hangs on it.
std::vector<std::int64_t> ask(mirra_context &context, PortQuestion::Kind kind, const std::string &port);
/// How many threads its runs may use, from 1.
std::int32_t threads_of(const SessionState &session);
/// The same run's runtime.
runtime::Module &module_of(mirra_context *context);
/// A shape as a plugin gave it. @throws Error invalid_argument for an impossible one
graph::Shape read_shape(const std::int64_t *shape, std::int32_t rank);
/// "{2, 3}"
std::string to_text(const graph::Shape &shape);
/// What an input port was given. @throws Error not_found
const HostTensor &given_tensor(const RunState &run, const char *port);
/// A handle for a plugin, of values brought to the session's device.
mirra_tensor *upload(const mirra_context &context, std::span<const float> values, const graph::Shape &shape,
                     runtime::Layout layout);
/// The same of values that `fill` writes where the tensor has them.
mirra_tensor *upload(const mirra_context &context, const std::function<void(std::span<float>)> &fill,
                     const graph::Shape &shape, runtime::Layout layout);

} // namespace mirra::host
