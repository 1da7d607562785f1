// docs/reference/ops.md against the op table: every operation, attribute, range, default and weight.
#include "mirra/graph.hpp"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <fstream>
#include <map>

namespace {

using namespace mirra::graph;

std::vector<std::string> split(const std::string &text, const std::string &by) {
    std::vector<std::string> out;
    std::size_t from = 0;
    for (auto at = text.find(by); at != std::string::npos; at = text.find(by, from)) {
        out.push_back(text.substr(from, at - from));
        from = at + by.size();
    }
    out.push_back(text.substr(from));
    return out;
}

std::string trimmed(const std::string &text) {
    const auto first = text.find_first_not_of(' ');
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

struct Row {
    std::string attributes, weights;
};

/// Of each operation, whose name is the first cell.
std::map<std::string, Row> rows_of_page() {
    std::ifstream page(MIRRA_TEST_SOURCE "/docs/reference/ops.md");
    std::map<std::string, Row> rows;
    for (std::string line; std::getline(page, line);) {
        const auto cells = split(line, "|");
        if (cells.size() != 6 || !cells[1].starts_with(" `")) continue;
        const auto name = split(cells[1], "`")[1];
        EXPECT_TRUE(rows.emplace(name, Row{trimmed(cells[3]), trimmed(cells[4])}).second) << name;
    }
    return rows;
}

std::string number(double value) {
    std::array<char, 32> out{};
    return {out.data(), std::to_chars(out.data(), out.data() + out.size(), value).ptr};
}

std::string attributes_text(const OpInfo &op) {
    std::string out;
    for (const auto &info : op.attributes) {
        out.append(out.empty() ? "" : "; ").append("`").append(info.name).append("` ");
        if (info.kind == AttributeKind::real) out += "number, ";
        if (info.kind == AttributeKind::reals) out += "numbers, ";
        out += number(info.minimum) + " to " + number(info.maximum);
        if (info.fallback) out += " = " + number(*info.fallback);
    }
    return out;
}

/// A node whose attributes tell apart what a shape is made of.
Node distinct(const OpInfo &op) {
    Node node{.name = "n", .op = op.op, .inputs = {}, .attributes = {}, .weights = {}};
    std::int64_t value = 2;
    for (const auto &info : op.attributes)
        if (info.kind == AttributeKind::integer) {
            node.attributes[std::string(info.name)] = info.name == "groups" ? std::int64_t{2} : value * 6;
            ++value;
        }
    return node;
}

/// "[out_channels, in_channels / groups]" of a node.
Shape shape_of(const std::string &text, const Node &node) {
    Shape out;
    for (const auto &extent : split(text.substr(1, text.size() - 2), ", ")) {
        const auto parts = split(extent, " / ");
        out.push_back(node.integer(parts[0]) / (parts.size() > 1 ? node.integer(parts[1]) : 1));
    }
    return out;
}

TEST(OpsPage, HasEveryOperationWithItsAttributesAndWeights) {
    auto rows = rows_of_page();
    for (const auto &op : ops()) {
        SCOPED_TRACE(op.name);
        const auto row = rows.extract(std::string(op.name));
        ASSERT_FALSE(row.empty());
        EXPECT_EQ(row.mapped().attributes, attributes_text(op));
        std::vector<std::string> weights = split(row.mapped().weights, "; ");
        if (row.mapped().weights.empty()) weights.clear();
        ASSERT_EQ(weights.size(), op.weights.size());
        const Node node = distinct(op);
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const auto open = weights[i].find('['), close = weights[i].find(']');
            EXPECT_EQ(weights[i].substr(0, open), "`" + std::string(op.weights[i].role) + "` ");
            EXPECT_EQ(weights[i].substr(close + 1), op.weights[i].required ? "" : ", optional");
            EXPECT_EQ(shape_of(weights[i].substr(open, close + 1 - open), node), op.weights[i].shape(node));
        }
    }
    for (const auto &[name, row] : rows) ADD_FAILURE() << "no operation '" << name << "'";
}

} // namespace
