// Results that a plugin sets, checked against the ports of its task.
#include "results.hpp"

#include "mirra/cpu_device.hpp"
#include "mirra/error.hpp"
#include "plugin.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

[[noreturn]] void reject(const std::string &name, const std::string &what) {
    throw Error(ErrorCode::invalid_argument, "a plugin set the result '" + name + "', " + what, name);
}

/// The output port of that name; null for a result that is beside them. @throws Error invalid_argument
const Port *output_port(const Task &task, const std::string &name) {
    const auto port = std::ranges::find(task.ports, name, &Port::name);
    if (port == task.ports.end()) {
        if (!is_name(name, "-_")) reject(name, "which is no name of lower case letters and digits");
        return nullptr;
    }
    if (!port->output) reject(name, "which is an input");
    if (port->type == Type::image) reject(name, "which is an image");
    return &*port;
}

} // namespace

void keep_value(const Task &task, RunResult &result, const std::string &name, Value value) {
    if (const Port *port = output_port(task, name)) {
        const auto *integer = std::get_if<std::int64_t>(&value);
        if (integer != nullptr && port->type == Type::real) value = static_cast<double>(*integer);
        const bool fits = port->type == Type::boolean   ? std::holds_alternative<bool>(value)
                          : port->type == Type::integer ? std::holds_alternative<std::int64_t>(value)
                          : port->type == Type::real    ? std::holds_alternative<double>(value)
                          : port->type == Type::tensor  ? false
                                                        : std::holds_alternative<std::string>(value);
        if (!fits) reject(name, "whose port is of another type");
    }
    result.values[name] = std::move(value);
}

void check_tensor(const SessionState &session, const std::string &name, const graph::Shape &shape) {
    const Port *port = output_port(session.entry.task->info, name);
    if (port != nullptr && port->type != Type::tensor) reject(name, "whose port is of another type");
    std::uint64_t bytes = sizeof(float);
    for (const std::int64_t extent : shape) {
        if (extent < 1 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes))
            reject(name, "of an impossible shape");
    }
    const std::uint64_t limit = session.options.memory_limit;
    if (limit != 0 && bytes > limit)
        throw Error(ErrorCode::budget,
                    "the result '" + name + "' takes " + std::to_string(bytes) +
                        " bytes, beyond the memory limit",
                    name, "Raise memory_limit.");
    if (bytes > runtime::cpu_device().memory)
        throw Error(ErrorCode::out_of_memory,
                    "the result '" + name + "' takes " + std::to_string(bytes) +
                        " bytes, more than the machine has",
                    name);
}

void check_given(const Task &task, const RunRequest &request, const RunResult &result) {
    for (const Port &port : task.ports) {
        if (!port.output || port.type == Type::image) continue;
        const bool expected = !port.optional || request.wanted.contains(port.name);
        const bool given = port.type == Type::tensor ? result.tensors.contains(port.name)
                                                     : result.values.contains(port.name);
        if (expected && !given)
            throw Error(ErrorCode::plugin,
                        "the task '" + task.name + "' did not give its result '" + port.name + "'",
                        port.name);
    }
}

} // namespace mirra::host
