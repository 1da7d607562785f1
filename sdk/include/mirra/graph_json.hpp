// A graph out of JSON that is parsed already, as a manifest's is.
#pragma once

#include "mirra/graph.hpp"
#include "mirra/json.hpp"

namespace mirra::graph {

/// @throws Error corrupt | limit | unsupported; the result is valid (see validate())
Graph parse_json(const json::Value &value);

} // namespace mirra::graph
