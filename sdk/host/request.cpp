// A run's values, checked against the ports of its task.
#include "request.hpp"

#include "mirra/error.hpp"
#include "pixels.hpp"

#include <algorithm>
#include <cmath>

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

void check_kinds(const Task &task, const RunRequest &request) {
    for (const auto &[name, view] : request.images) {
        const Port &port = port_of(task, name);
        if (port.type != Type::image) wrong_kind(port, "an image");
        image::validate(view, name);
        if (port.output) check_writable(view, name);
    }
    for (const auto &[name, value] : request.values) {
        const Port &port = port_of(task, name);
        if (port.output || port.type == Type::image || port.type == Type::tensor) wrong_kind(port, "a value");
        if (const auto *real = std::get_if<double>(&value); real != nullptr && !std::isfinite(*real))
            throw Error(ErrorCode::invalid_argument,
                        "the value of the port '" + name + "' is no finite number", name);
    }
    for (const auto &[name, tensor] : request.tensors) {
        const Port &port = port_of(task, name);
        if (port.output || port.type != Type::tensor) wrong_kind(port, "a tensor");
    }
    for (const std::string &name : request.wanted) {
        const Port &port = port_of(task, name);
        if (port.output && port.type != Type::image) continue;
        throw Error(ErrorCode::invalid_argument,
                    "the port '" + name + "' needs exactly one of image, value and tensor", name);
    }
}

/// Tiles of the output are written while further inputs are still read.
void check_apart(const Task &task, const RunRequest &request, const image::ImageView &output) {
    for (const Port &port : task.ports) {
        const auto given = request.images.find(port.name);
        if (port.output || given == request.images.end() || &port == &main_input(task)) continue;
        if (overlap(given->second, output))
            throw Error(ErrorCode::invalid_argument,
                        "the image of the port '" + port.name + "' shares memory with the output image",
                        port.name, "Give the output memory of its own.");
    }
}

} // namespace

const Port &main_input(const Task &task) {
    return *std::ranges::find_if(task.ports,
                                 [](const Port &port) { return port.type == Type::image && !port.output; });
}

CheckedRequest check_request(const Task &task, const RunRequest &request) {
    check_kinds(task, request);
    CheckedRequest checked;
    const Port &main = main_input(task);
    for (const Port &port : task.ports) {
        const bool needed = !port.optional && (!port.output || port.type == Type::image);
        if (needed && !request.gives(port.name)) {
            throw Error(ErrorCode::invalid_argument, "the port '" + port.name + "' was given no value",
                        port.name, "Give the run a mirra_port_value of this name.");
        }
        const auto found = request.images.find(port.name);
        if (found == request.images.end()) continue;
        if (port.output) {
            checked.output = found->second;
        } else if (&port == &main) {
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
    if (out) check_apart(task, request, *out);
    return checked;
}

} // namespace mirra::host
