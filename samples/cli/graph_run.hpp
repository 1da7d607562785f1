// One named graph of a bundle, run on tensors.
#pragma once

#include "handles.hpp"
#include "session.hpp"

#include <string>
#include <vector>

namespace mirra::cli {

/// A graph's name and its inputs.
struct GraphShape {
    std::string name;
    std::vector<std::string> inputs;
    std::vector<std::int64_t> channels;
    std::int64_t alignment = 1;
};

/// The graph of that name; "" stands for the only one. Throws Failure (usage) whose hint lists the graphs.
GraphShape find_graph(const Bundle &bundle, const std::string &name);

/// A new fp32 tensor of zeros to be filled through `fill(index)`, added to the set.
void add_tensor(Tensors &tensors, const std::string &name, const std::vector<std::int64_t> &shape,
                const std::vector<float> &values);

Tensors make_tensors();

/// Runs the graph. Throws Failure.
Tensors run_graph(const Engine &engine, const Bundle &bundle, const std::string &graph,
                  const RunSettings &settings, const Tensors &inputs);

/// Calls `body`; a failure about what the library calls bundle and inputs is about these.
template<class Body>
auto about_files(const std::string &bundle, const std::string &inputs, const Body &body) {
    try {
        return body();
    } catch (const Failure &failure) {
        if (failure.subject() == "bundle") throw failure.with_subject(bundle);
        if (failure.subject() == "inputs") throw failure.with_subject(inputs);
        throw;
    }
}

} // namespace mirra::cli
