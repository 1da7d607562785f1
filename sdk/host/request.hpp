// A run's values, checked against the ports of its task.
#pragma once

#include "session_state.hpp"

namespace mirra::host {

/// The image that goes through, and where it goes to.
struct CheckedRequest {
    image::ConstImageView input;
    std::optional<image::ImageView> output;
    bool as_is = false; ///< the task sees the image's own channels
};

/// The image input that goes through in tiles: the first. A registered task has one.
const Port &main_input(const Task &task);

/// @throws Error invalid_argument | not_found (unknown port) | mismatch (sizes)
CheckedRequest check_request(const Task &task, const RunRequest &request);

} // namespace mirra::host
