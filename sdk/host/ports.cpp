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
    const auto check_pieces = [&](const auto &pieces, bool output, const char *what) {
        for (const auto &[name, each] : pieces) {
            const mirra_port_info &port = port_of(task, name);
            if (!is_image(port) || is_output(port) != output) wrong_kind(port, what);
            if (!output && &port != main_input(task))
                throw Error(ErrorCode::unsupported, "only the first image input can be a source", name,
                            "Give this port an image.");
        }
    };
    check_pieces(request.sources, false, "a source");
    check_pieces(request.sinks, true, "a sink");
    for (const std::string &name : request.wanted) {
        const mirra_port_info &port = port_of(task, name);
        if (is_output(port) && !is_image(port)) continue;
        throw Error(ErrorCode::invalid_argument,
                    "the port '" + name +
                        "' needs exactly one of image, picture, source, sink, value and tensor",
                    name);
    }
}

/// Tiles of an output are written while further images are still read, or written.
void check_apart(const TaskInfo &task, const RunRequest &request, const std::string &output) {
    for (const auto &[name, view] : request.images) {
        const mirra_port_info &port = *task.port(name);
        const bool may_share = name == output || (!is_output(port) && &port == main_input(task));
        if (may_share || !overlap(view, request.images.at(output))) continue;
        throw Error(ErrorCode::invalid_argument,
                    "the image of the port '" + name + "' shares memory with the output image '" + output +
                        "'",
                    name, "Give each output memory of its own.");
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

namespace {

const mirra_port_info *first_image(const TaskInfo &task, bool output) {
    const auto found = std::ranges::find_if(
        task.ports, [&](const auto &port) { return is_image(port) && is_output(port) == output; });
    return found == task.ports.end() ? nullptr : &*found;
}

void check_all_given(const TaskInfo &task, const RunRequest &request) {
    for (const mirra_port_info &port : task.ports) {
        const bool needed = !is_optional(port) && (!is_output(port) || is_image(port));
        if (needed && !request.gives(port.name))
            throw Error(ErrorCode::invalid_argument,
                        "the port '" + std::string(port.name) + "' was given no value", port.name,
                        "Give the run a mirra_port_value of this name.");
    }
}

/// The image that goes through. For a task without one, what stands for it: the size of its output.
void find_input(const TaskInfo &task, const RunRequest &request, const DeviceImages &on_gpu,
                CheckedRequest &checked) {
    const mirra_port_info *main = main_input(task), *port = main == nullptr ? main_output(task) : main;
    const std::string name = port->name;
    if (const auto source = request.sources.find(name); source != request.sources.end()) {
        checked.source = &source->second;
        checked.input = source->second.description;
    } else if (on_gpu.pieces() != nullptr) {
        checked.source = on_gpu.pieces();
        checked.input = on_gpu.pieces()->description;
    } else if (const auto image = request.images.find(name); image != request.images.end()) {
        checked.input = main == nullptr ? image::ConstImageView(image->second) : on_gpu.readable(name);
    } else if (const auto sink = request.sinks.find(name); sink != request.sinks.end()) {
        checked.input = sink->second.description;
    }
    if (checked.input.width < 1)
        throw Error(ErrorCode::invalid_argument,
                    main == nullptr ? "the run was given no image to write"
                                    : "the run was given no image to read",
                    name, "Give the run a mirra_port_value of this name with an image.");
    checked.channels = (port->flags & MIRRA_PORT_AS_IS) != 0 ? checked.input.color_channels() : 3;
    checked.with_alpha = (port->flags & MIRRA_PORT_WITH_ALPHA) != 0;
    if (checked.with_alpha) ++checked.channels;
    if (main != nullptr) return;
    if (request.region || request.scale != 1)
        throw Error(ErrorCode::invalid_argument,
                    "a task without an image input takes neither region nor scale", "region",
                    "Give it an output image of the size that is wanted.");
    checked.input.channels = checked.input.color_channels();
    checked.input.alpha = image::AlphaMode::none;
    checked.input.data = {};
}

std::string size_of(std::int64_t width, std::int64_t height) {
    return std::to_string(width) + " x " + std::to_string(height);
}

} // namespace

const mirra_port_info *main_input(const TaskInfo &task) {
    return first_image(task, false);
}

const mirra_port_info *main_output(const TaskInfo &task) {
    return first_image(task, true);
}

void check_ports(const TaskInfo &task, const RunRequest &request) {
    check_kinds(task, request);
    check_all_given(task, request);
    for (const auto &[name, view] : request.images)
        if (is_output(*task.port(name))) check_apart(task, request, name);
    if (!(request.scale > 0 && request.scale <= 1))
        throw Error(ErrorCode::invalid_argument, "scale is " + std::to_string(request.scale), "scale",
                    "It is above 0 and at most 1.");
}

CheckedRequest check_request(const TaskInfo &task, const RunRequest &request, const DeviceImages &on_gpu) {
    CheckedRequest checked;
    find_input(task, request, on_gpu, checked);
    for (const auto &[name, view] : request.images)
        if (!is_output(*task.port(name)))
            checked.least_alpha[name] = view.has_alpha() ? least_alpha(on_gpu.readable(name)) : 1.0F;
    return checked;
}

bool lies_within(const runtime::Rect &rect, const runtime::Rect &whole) noexcept {
    const auto inside = [](std::int64_t at, std::int64_t extent, std::int64_t from, std::int64_t all) {
        return at >= from && extent >= 1 && extent <= all && at - from <= all - extent;
    };
    return inside(rect.x, rect.width, whole.x, whole.width) &&
           inside(rect.y, rect.height, whole.y, whole.height);
}

runtime::Rect checked_region(const std::optional<runtime::Rect> &region, const Geometry &geometry) {
    if (!region) return geometry.whole();
    const runtime::Rect &r = *region;
    if (lies_within(r, geometry.whole())) return r;
    throw Error(ErrorCode::invalid_argument,
                "the region is " + size_of(r.width, r.height) + " pixels at (" + std::to_string(r.x) + ", " +
                    std::to_string(r.y) + "), the output " +
                    size_of(geometry.output_width, geometry.output_height),
                "region", "It must lie within the output.");
}

Outputs checked_outputs(const TaskInfo &task, const RunRequest &request, const DeviceImages &on_gpu,
                        const runtime::Rect &region) {
    Outputs outputs;
    for (const mirra_port_info &port : task.ports) {
        if (!is_image(port) || !is_output(port)) continue;
        const std::string name = port.name;
        if (const auto image = request.images.find(name); image != request.images.end()) {
            const Place *const place = on_gpu.place(name);
            outputs.emplace(name, place == nullptr ? OutputImage(image->second, region)
                                                   : OutputImage(image->second, region, *place, on_gpu));
        } else if (const auto sink = request.sinks.find(name); sink != request.sinks.end()) {
            outputs.emplace(name, OutputImage(sink->second, region));
        }
    }
    for (const auto &[name, output] : outputs) {
        const image::ImageView &view = output.description();
        if (view.width == region.width && view.height == region.height) continue;
        throw Error(ErrorCode::mismatch,
                    "the output image '" + name + "' is " + size_of(view.width, view.height) +
                        " pixels, what goes into it is " + size_of(region.width, region.height),
                    name, "Give it the size of the region, or that of mirra_plan.output_width and _height.");
    }
    return outputs;
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
