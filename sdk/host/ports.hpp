// What goes into a run and what comes out of it, checked against the ports of its task.
#pragma once

#include "session_state.hpp"

namespace mirra::host {

/// The image that goes through, and where it goes to.
struct CheckedRequest {
    image::ConstImageView input;
    std::optional<image::ImageView> output;
    bool as_is = false;                       ///< the task sees the image's own channels
    std::map<std::string, float> least_alpha; ///< of each image input, looked at once
};

/// The image input that goes through in tiles: the first. A registered task has one.
const mirra_port_info &main_input(const TaskInfo &task);

/// @throws Error invalid_argument | not_found (unknown port) | mismatch (sizes)
CheckedRequest check_request(const TaskInfo &task, const RunRequest &request);

/// Keeps a plain value. @throws Error invalid_argument for a name that is none, or another port's, or a value
/// of another type than the port's
void keep_value(const TaskInfo &task, RunResult &result, const std::string &name, Value value);
/// Of a tensor's name likewise; of its shape: limit, or out_of_memory, where no machine holds it.
void check_tensor(const SessionState &session, const std::string &name, const graph::Shape &shape);
/// That the task gave what it says it gives, and what was asked for. @throws Error plugin
void check_given(const TaskInfo &task, const RunRequest &request, const RunResult &result);

} // namespace mirra::host
