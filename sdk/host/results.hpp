// Results that a plugin sets, checked against the ports of its task.
#pragma once

#include "session_state.hpp"

namespace mirra::host {

/// Keeps a plain value. @throws Error invalid_argument for a name that is none, or another port's, or a value
/// of another type than the port's
void keep_value(const Task &task, RunResult &result, const std::string &name, Value value);
/// Of a tensor's name likewise; of its shape: limit, or out_of_memory, where no machine holds it.
void check_tensor(const SessionState &session, const std::string &name, const graph::Shape &shape);
/// That the task gave what it says it gives, and what was asked for. @throws Error plugin
void check_given(const Task &task, const RunRequest &request, const RunResult &result);

} // namespace mirra::host
