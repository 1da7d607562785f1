// A run's values, checked against the ports of its task.
#include "request.hpp"

#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

const Port &port_of(const Task &task, const std::string &name) {
    std::string names;
    for (const Port &port : task.ports) {
        if (port.name == name) return port;
        names += (names.empty() ? "" : ", ") + port.name;
    }
    throw Error(ErrorCode::not_found, "the task '" + task.name + "' has no port '" + name + "'", name,
                "Its ports are: " + names + ".");
}

[[noreturn]] void wrong_kind(const Port &port, const char *given) {
    throw Error(ErrorCode::invalid_argument, "the port '" + port.name + "' does not take " + given,
                port.name);
}

bool is_given(const Port &port, const RunRequest &request) {
    return request.images.contains(port.name) || request.values.contains(port.name) ||
           request.tensors.contains(port.name);
}

void check_kinds(const Task &task, const RunRequest &request) {
    for (const auto &[name, view] : request.images) {
        const Port &port = port_of(task, name);
        if (port.type != Type::image) wrong_kind(port, "an image");
        image::validate(view, name);
    }
    for (const auto &[name, value] : request.values) {
        const Port &port = port_of(task, name);
        if (port.output || port.type == Type::image || port.type == Type::tensor) wrong_kind(port, "a value");
    }
    for (const auto &[name, tensor] : request.tensors) {
        const Port &port = port_of(task, name);
        if (port.output || port.type != Type::tensor) wrong_kind(port, "a tensor");
    }
}

} // namespace

CheckedRequest check_request(const Task &task, const RunRequest &request) {
    check_kinds(task, request);
    CheckedRequest checked;
    for (const Port &port : task.ports) {
        const bool needed = !port.optional && (!port.output || port.type == Type::image);
        if (needed && !is_given(port, request)) {
            throw Error(ErrorCode::invalid_argument, "the port '" + port.name + "' was given no value",
                        port.name, "Give the run a mirra_port_value of this name.");
        }
        const auto found = request.images.find(port.name);
        if (found == request.images.end()) continue;
        if (port.output) {
            checked.output = found->second;
        } else {
            checked.input = found->second;
            checked.as_is = port.as_is;
        }
    }
    if (checked.input.width < 1)
        throw Error(ErrorCode::invalid_argument, "the run was given no image to read");
    const auto &out = checked.output;
    if (out && (out->width != checked.input.width || out->height != checked.input.height)) {
        const auto size = [](const auto &v) {
            return std::to_string(v.width) + " x " + std::to_string(v.height);
        };
        throw Error(ErrorCode::mismatch,
                    "the output image is " + size(*out) + " pixels, the input image " + size(checked.input),
                    "output", "Both must have the same size.");
    }
    return checked;
}

} // namespace mirra::host
