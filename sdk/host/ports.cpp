// What goes into a run and what comes out of it, checked against the ports of its task.
#include "ports.hpp"

#include "mirra/cpu_device.hpp"
#include "mirra/error.hpp"
#include "names.hpp"

#include <algorithm>
#include <cmath>

namespace mirra::host {
namespace {

const mirra_port_info &port_of(const TaskInfo &task, const std::string &name) {
    if (const mirra_port_info *port = task.port(name)) return *port;
    std::vector<std::string> names;
    for (const mirra_port_info &port : task.ports) names.emplace_back(port.name);
    throw Error(ErrorCode::not_found, "the task '" + task.name() + "' has no port '" + name + "'", name,
                did_you_mean(name, names) + "Its ports are: " + joined(names) + ".");
}

[[noreturn]] void wrong_kind(const mirra_port_info &port, const char *given) {
    throw Error(ErrorCode::invalid_argument,
                "the port '" + std::string(port.name) + "' does not take " + given, port.name);
}

void check_kinds(const TaskInfo &task, const RunRequest &request) {
    for (const auto &[name, view] : request.images) {
        const mirra_port_info &port = port_of(task, name);
        if (!is_image(port)) wrong_kind(port, "an image");
        image::validate(view, name);
        if (is_output(port)) check_writable(view, name);
    }
    for (const auto &[name, value] : request.values) {
        const mirra_port_info &port = port_of(task, name);
        if (is_output(port) || is_image(port) || port.type == MIRRA_TYPE_TENSOR) wrong_kind(port, "a value");
        if (const auto *real = std::get_if<double>(&value); real != nullptr && !std::isfinite(*real))
            throw Error(ErrorCode::invalid_argument,
                        "the value of the port '" + name + "' is no finite number", name);
    }
    for (const auto &[name, tensor] : request.tensors) {
        const mirra_port_info &port = port_of(task, name);
        if (is_output(port) || port.type != MIRRA_TYPE_TENSOR) wrong_kind(port, "a tensor");
    }
    for (const std::string &name : request.wanted) {
        const mirra_port_info &port = port_of(task, name);
        if (is_output(port) && !is_image(port)) continue;
        throw Error(ErrorCode::invalid_argument,
                    "the port '" + name + "' needs exactly one of image, picture, value and tensor", name);
    }
}

/// Tiles of the output are written while further inputs are still read.
void check_apart(const TaskInfo &task, const RunRequest &request, const image::ImageView &output) {
    for (const mirra_port_info &port : task.ports) {
        const auto given = request.images.find(port.name);
        if (is_output(port) || given == request.images.end() || &port == &main_input(task)) continue;
        if (overlap(given->second, output))
            throw Error(ErrorCode::invalid_argument,
                        "the image of the port '" + std::string(port.name) +
                            "' shares memory with the output image",
                        port.name, "Give the output memory of its own.");
    }
}

[[noreturn]] void reject_result(const std::string &name, const std::string &what) {
    throw Error(ErrorCode::invalid_argument, "a plugin set the result '" + name + "', " + what, name);
}

/// The output port of that name; null for a result that is beside them. @throws Error invalid_argument
const mirra_port_info *output_port(const TaskInfo &task, const std::string &name) {
    const mirra_port_info *port = task.port(name);
    if (port == nullptr) {
        if (!is_name(name, "-_")) reject_result(name, "which is no name of lower case letters and digits");
        return nullptr;
    }
    if (!is_output(*port)) reject_result(name, "which is an input");
    if (is_image(*port)) reject_result(name, "which is an image");
    return port;
}

bool fits(std::int32_t type, const Value &value) {
    switch (type) {
    case MIRRA_TYPE_BOOL:
        return std::holds_alternative<bool>(value);
    case MIRRA_TYPE_INT:
        return std::holds_alternative<std::int64_t>(value);
    case MIRRA_TYPE_FLOAT:
        return std::holds_alternative<double>(value);
    case MIRRA_TYPE_TENSOR:
        return false;
    default:
        return std::holds_alternative<std::string>(value);
    }
}

} // namespace

const mirra_port_info &main_input(const TaskInfo &task) {
    return *std::ranges::find_if(task.ports,
                                 [](const auto &port) { return is_image(port) && !is_output(port); });
}

CheckedRequest check_request(const TaskInfo &task, const RunRequest &request) {
    check_kinds(task, request);
    CheckedRequest checked;
    const mirra_port_info &main = main_input(task);
    for (const mirra_port_info &port : task.ports) {
        const bool needed = !is_optional(port) && (!is_output(port) || is_image(port));
        if (needed && !request.gives(port.name)) {
            throw Error(ErrorCode::invalid_argument,
                        "the port '" + std::string(port.name) + "' was given no value", port.name,
                        "Give the run a mirra_port_value of this name.");
        }
        const auto found = request.images.find(port.name);
        if (found == request.images.end()) continue;
        if (is_output(port)) {
            checked.output = found->second;
            continue;
        }
        checked.least_alpha[port.name] = least_alpha(found->second);
        if (&port == &main) {
            checked.input = found->second;
            checked.as_is = (port.flags & MIRRA_PORT_AS_IS) != 0;
        }
    }
    if (checked.input.width < 1)
        throw Error(ErrorCode::invalid_argument, "the run was given no image to read", main.name);
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

void keep_value(const TaskInfo &task, RunResult &result, const std::string &name, Value value) {
    if (const mirra_port_info *port = output_port(task, name)) {
        const auto *integer = std::get_if<std::int64_t>(&value);
        if (integer != nullptr && port->type == MIRRA_TYPE_FLOAT) value = static_cast<double>(*integer);
        if (!fits(port->type, value)) reject_result(name, "whose port is of another type");
    }
    result.values[name] = std::move(value);
}

void check_tensor(const SessionState &session, const std::string &name, const graph::Shape &shape) {
    const mirra_port_info *port = output_port(session.task(), name);
    if (port != nullptr && port->type != MIRRA_TYPE_TENSOR)
        reject_result(name, "whose port is of another type");
    std::uint64_t bytes = sizeof(float);
    for (const std::int64_t extent : shape) {
        if (extent < 1 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes))
            reject_result(name, "of an impossible shape");
    }
    const std::uint64_t limit = session.options.memory_limit;
    if (limit != 0 && bytes > limit)
        throw Error(ErrorCode::budget,
                    "the result '" + name + "' takes " + std::to_string(bytes) +
                        " bytes, beyond the memory limit",
                    "memory_limit", "Raise memory_limit.");
    if (bytes > runtime::cpu_device().memory)
        throw Error(ErrorCode::out_of_memory,
                    "the result '" + name + "' takes " + std::to_string(bytes) +
                        " bytes, more than the machine has",
                    name);
}

void check_given(const TaskInfo &task, const RunRequest &request, const RunResult &result) {
    for (const mirra_port_info &port : task.ports) {
        if (!is_output(port) || is_image(port)) continue;
        const bool expected = !is_optional(port) || request.wanted.contains(port.name);
        const bool given = port.type == MIRRA_TYPE_TENSOR ? result.tensors.contains(port.name)
                                                          : result.values.contains(port.name);
        if (expected && !given)
            throw Error(ErrorCode::plugin,
                        "the task '" + task.name() + "' did not give its result '" + port.name + "'",
                        port.name);
    }
}

} // namespace mirra::host
