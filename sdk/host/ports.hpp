// What goes into a run and what comes out of it, checked against the ports of its task.
#pragma once

#include "output.hpp"

namespace mirra::host {

/// The image that goes through, and what is known of the others.
struct CheckedRequest {
    /// Of a picture in pieces, and of what a task makes from nothing, without pixels.
    image::ConstImageView input;
    const Pieces *source = nullptr;           ///< the input is read from it
    int channels = 3;                         ///< that the task sees, alpha included
    bool with_alpha = false;                  ///< one of these is alpha
    std::map<std::string, float> least_alpha; ///< of each image input, looked at once
};

/// The image input that goes through in tiles: the first. Null for a task that makes its output from nothing.
const mirra_port_info *main_input(const TaskInfo &task);
/// The image output that `process` gives: the first. Null for a task that gives no image.
const mirra_port_info *main_output(const TaskInfo &task);

/// What can be told without a look at pixels: that the ports are there, are given what they take, and share
/// no memory that is written. @throws Error invalid_argument | not_found (unknown port)
void check_ports(const TaskInfo &task, const RunRequest &request);
/// What the images are of a request that check_ports() has seen.
/// @param on_gpu  the request's; must outlive what this gives
CheckedRequest check_request(const TaskInfo &task, const RunRequest &request, const DeviceImages &on_gpu);

using Outputs = std::map<std::string, OutputImage>; ///< image outputs by port

/// Whether a rectangle has pixels, and all of them in the other.
[[nodiscard]] bool lies_within(const runtime::Rect &rect, const runtime::Rect &whole) noexcept;
/// The part of the output that a run makes. @throws Error invalid_argument
runtime::Rect checked_region(const std::optional<runtime::Rect> &region, const Geometry &geometry);
/// Where the run's image outputs go. The request and its images must outlive them. @throws Error mismatch
/// (sizes) | invalid_argument
Outputs checked_outputs(const TaskInfo &task, const RunRequest &request, const DeviceImages &on_gpu,
                        const runtime::Rect &region);

/// Keeps a plain value. @throws Error invalid_argument for a name that is none, or another port's, or a value
/// of another type than the port's
void keep_value(const TaskInfo &task, RunResult &result, const std::string &name, Value value);
/// Of a tensor's name likewise; of its shape: limit, or out_of_memory, where no machine holds it.
void check_tensor(const SessionState &session, const std::string &name, const graph::Shape &shape);
/// That the task gave what it says it gives, and what was asked for. @throws Error plugin
void check_given(const TaskInfo &task, const RunRequest &request, const RunResult &result);

} // namespace mirra::host
