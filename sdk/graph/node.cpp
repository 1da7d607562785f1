// An attribute that a node does not have is the op table's default.
#include "mirra/error.hpp"
#include "mirra/graph.hpp"

#include <algorithm>

namespace mirra::graph {
namespace {

const AttributeInfo &attribute_info(const Node &node, std::string_view key) {
    const auto attributes = op_info(node.op).attributes;
    const auto found = std::ranges::find(attributes, key, &AttributeInfo::name);
    if (found == attributes.end())
        throw Error(ErrorCode::internal, "no attribute '" + std::string(key) + "'", node.name);
    return *found;
}

double fallback(const Node &node, std::string_view key) {
    const auto &info = attribute_info(node, key);
    if (!info.fallback)
        throw Error(ErrorCode::corrupt, "attribute '" + std::string(key) + "' is missing", node.name);
    return *info.fallback;
}

} // namespace

std::int64_t Node::integer(std::string_view key) const {
    const auto found = attributes.find(std::string(key));
    if (found != attributes.end())
        if (const auto *value = std::get_if<std::int64_t>(&found->second)) return *value;
    return static_cast<std::int64_t>(fallback(*this, key));
}

double Node::real(std::string_view key) const {
    const auto found = attributes.find(std::string(key));
    if (found != attributes.end())
        if (const auto *value = std::get_if<double>(&found->second)) return *value;
    return fallback(*this, key);
}

const std::vector<double> &Node::reals(std::string_view key) const {
    const auto found = attributes.find(std::string(key));
    const auto *values =
        found == attributes.end() ? nullptr : std::get_if<std::vector<double>>(&found->second);
    if (!values) throw Error(ErrorCode::corrupt, "attribute '" + std::string(key) + "' is missing", name);
    return *values;
}

} // namespace mirra::graph
