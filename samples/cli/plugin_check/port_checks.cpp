// Ports that may be given, and results that are no images.
#include "check.hpp"

#include <algorithm>
#include <cmath>

namespace mirra::cli::conformance {
namespace {

constexpr Shape kShape{64, 64};

std::string where_of(const Port &port) {
    return std::string(port.input ? "input" : "output") + " '" + port.name + "'";
}

void require_value(const Port &port, const Taken &taken) {
    const auto values = taken.result.values();
    const auto found =
        std::ranges::find_if(values, [&](const auto &named) { return named.first == port.name; });
    if (found == values.end()) throw Fault(where_of(port), "the run did not give it");
    if (port.type == MIRRA_TYPE_FLOAT && !std::isfinite(found->second.template as<double>()))
        throw Fault(where_of(port), "is no finite number");
}

void require_tensor(const Port &port, const Taken &taken) {
    const Tensors tensors = taken.result.tensors();
    const auto names = tensors.names();
    if (std::ranges::find(names, port.name) == names.end())
        throw Fault(where_of(port), "the run did not give it");
    const Tensor tensor = tensors.at(port.name);
    if (!std::ranges::all_of(tensor.values(), [](float value) { return std::isfinite(value); }))
        throw Fault(where_of(port), "holds a value that is no finite number");
}

void require_output(const Port &port, const Taken &taken) {
    if (port.type == MIRRA_TYPE_IMAGE) return; // the run has written it
    if (port.type == MIRRA_TYPE_TENSOR) return require_tensor(port, taken);
    require_value(port, taken);
}

void check_results(const Lab &lab, Findings &findings) {
    lab.require_runs();
    std::vector<const Port *> outputs;
    for (const Port &port : lab.task().ports)
        if (!port.input && !port.optional && port.type != MIRRA_TYPE_IMAGE) outputs.push_back(&port);
    if (outputs.empty()) throw NotChecked("the task gives nothing but images");
    Session session = lab.session();
    const Taken taken = lab.take(session, kShape);
    for (const Port *port : outputs) findings.guard([&] { require_output(*port, taken); });
}

void check_optional(const Lab &lab, const Port &port, Findings &findings) {
    if (port.input && port.type == MIRRA_TYPE_TENSOR)
        return findings.not_checked(where_of(port), "takes a tensor, whose shape nobody says");
    Session session = lab.session();
    Ask ask;
    ask.ports = {port.name};
    for (const std::int32_t width : {0, 40}) {
        ask.further_width = width;
        try {
            require_output(port, lab.take(session, kShape, ask, where_of(port)));
        } catch (const Refused &refused) {
            if (!refused.decent()) throw;
            return findings.warn(refused.where(), std::string("is refused by itself: ") + refused.what());
        }
        if (!port.input || port.type != MIRRA_TYPE_IMAGE) return;
    }
}

/// Of a series the first two: the others are the library's copies.
void check_optional_ports(const Lab &lab, Findings &findings) {
    lab.require_runs();
    bool any = false;
    for (const Port &port : lab.task().ports) {
        if (!port.optional || port.place > 2) continue;
        any = true;
        findings.guard([&] { check_optional(lab, port, findings); });
    }
    if (!any) throw NotChecked("the task has no optional port");
}

} // namespace

Checks port_checks() {
    return {{"results", "outputs that are no images are there, and finite", check_results},
            {"optional ports", "each may be given, or asked for", check_optional_ports}};
}

} // namespace mirra::cli::conformance
