// JSON files to graphs.
#include "graph_file.hpp"

#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <algorithm>

namespace mirra::trainer::importer {
namespace {

graph::Graph read_graph(const std::filesystem::path &file) {
    const auto bytes = read_file(file, graph::Limits::kJsonBytes);
    try {
        return graph::parse_json({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
    } catch (const Error &error) {
        throw Error(error.code(), file.string() + ": " + error.what(), error.subject(),
                    "docs/reference/bundle-format.md has the form of a graph and an example");
    }
}

} // namespace

std::vector<graph::Graph> read_graphs(const std::vector<std::filesystem::path> &files) {
    std::vector<graph::Graph> graphs;
    for (const auto &file : files) {
        auto graph = read_graph(file);
        if (std::ranges::find(graphs, graph.name, &graph::Graph::name) != graphs.end())
            throw Error(ErrorCode::invalid_argument, "two graphs have the name '" + graph.name + "'",
                        file.string(), "give each graph a name of its own");
        graphs.push_back(std::move(graph));
    }
    return graphs;
}

} // namespace mirra::trainer::importer
