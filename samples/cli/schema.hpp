// The tasks of an engine as values: ports and parameters, from which options and help are made.
#pragma once

#include "handles.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirra::cli {

/// A port of a task; see mirra_port_info.
struct Port {
    std::string name, label, doc, unit;
    int type = 0;
    bool input = false;
    bool optional = false;
    bool colored = false;                   ///< output: a drawing in colours
    bool with_alpha = false;                ///< alpha goes through the task
    std::string series;                     ///< that it is of, or ""
    std::uint32_t place = 0, max_count = 0; ///< within the series, from 1; of its kind
};

/// A parameter of a task; see mirra_param_info.
struct Param {
    std::string name, label, doc, unit;
    int type = 0;
    bool advanced = false;
    double minimum = 0, maximum = 0;
    std::string default_text;
    std::vector<std::string> choices;
    std::string series; ///< as in Port
    std::uint32_t place = 0, max_count = 0;
};

/// A task with everything that a command line needs to know of it.
struct Task {
    std::string name, label, doc, default_bundle, plugin_id, plugin_version;
    mirra_task_flags flags = 0;
    std::vector<std::string> qualities; ///< of its bundles, from the fastest; none where there is one
    std::vector<Port> ports;
    std::vector<Param> params;
};

/// All tasks of the engine, in its order.
std::vector<Task> read_schema(const Engine &engine);
/// One task. Throws Failure (usage) whose hint lists the tasks that there are.
Task read_task(const Engine &engine, const std::string &name);

/// "bool", "int", "float", "string", "enum", "image", "tensor", "file" or "color".
const char *type_name(int type);
/// "noise_level" as an option: "--noise-level".
std::string option_name(const std::string &name);
/// "0 ... 75, or auto": the values that a parameter takes; "" where every text is one.
std::string range_text(const Param &param);
/// Why `text` is no value of the parameter; "" if it is one.
std::string objection(const Param &param, const std::string &text);

} // namespace mirra::cli
