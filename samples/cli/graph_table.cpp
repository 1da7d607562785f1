// Lays out the table.
#include "graph_table.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

namespace mirra::cli {
namespace {

constexpr std::size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;

std::string plain(const Json &value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number_float()) return number_text(value.get<double>());
    if (!value.is_array()) return value.dump();
    std::string out;
    for (const auto &each : value) out += (out.empty() ? "" : ", ") + plain(each);
    return out;
}

Row row_of(const Json &node) {
    Row row{plain(node.at("name")), plain(node.at("op")), plain(node.value("inputs", Json::array())), "", ""};
    const Json attributes = node.value("attributes", Json::object());
    const bool channels = attributes.contains("in_channels") && attributes.contains("out_channels");
    if (channels) row[3] = plain(attributes["in_channels"]) + " -> " + plain(attributes["out_channels"]);
    for (const auto &[name, value] : attributes.items()) {
        if (channels && name.ends_with("_channels")) continue;
        row[4] += (row[4].empty() ? "" : ", ") + name + " " +
                  (value.is_array() ? "(" + plain(value) + ")" : plain(value));
    }
    return row;
}

std::string lines_of(const std::vector<Row> &rows) {
    std::array<std::size_t, kColumns> widths{};
    for (const Row &row : rows)
        for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string out;
    for (const Row &row : rows) {
        std::string line = " ";
        for (std::size_t i = 0; i < kColumns; ++i)
            line += " " + row[i] + std::string(widths[i] - row[i].size() + 1, ' ');
        out += "\n" + line.substr(0, line.find_last_not_of(' ') + 1);
    }
    return out;
}

std::string tiles_of(const Json &graph) {
    if (!graph.at("tileable").get<bool>()) return "whole pictures only: an output depends on the whole input";
    const Json &halo = graph.at("halo");
    return "in tiles, with " + plain(halo[0]) + " pixels to the left, " + plain(halo[1]) + " above, " +
           plain(halo[2]) + " to the right and " + plain(halo[3]) + " below";
}

} // namespace

std::string graph_table(const Json &graph, const Json &details) {
    std::string inputs;
    for (const auto &[name, channels] : graph.at("input_channels").items())
        inputs += (inputs.empty() ? "" : ", ") + name + " (" + plain(channels) +
                  (channels == 1 ? " channel)" : " channels)");
    std::vector<Row> rows{{"node", "op", "reads", "channels", "settings"}};
    for (const auto &node : details.at("nodes")) rows.push_back(row_of(node));
    return "graph " + plain(graph.at("name")) + ": " + inputs + " -> " + plain(graph.at("outputs")) +
           "\n  parameters: " + plain(graph.at("parameters")) + "\n  heights and widths: multiples of " +
           plain(graph.at("alignment")) + ", at least " + plain(graph.at("minimum_extent")) +
           "\n  runs: " + tiles_of(graph) + lines_of(rows);
}

} // namespace mirra::cli
