// Names that other plugins have, those of Mirra among them.
#include "check.hpp"

#include <algorithm>

namespace mirra::cli::conformance {
namespace {

/// All that a user has but the plugin that is checked.
Engine engine_of_others(const Settings &settings) {
    api::EngineOptions options;
    options.plugin_skip = settings.file;
    return Engine::create(options);
}

std::vector<std::string> tasks_of(const Engine &engine, const std::string &id) {
    std::vector<std::string> names;
    for (const mirra_task_info &task : engine.tasks()) {
        const std::string name = task.name, taken = id + ":";
        if (id == task.plugin_id) names.push_back(name.starts_with(taken) ? name.substr(taken.size()) : name);
    }
    return names;
}

bool contains(const std::vector<std::string> &names, const std::string &name) {
    return std::ranges::find(names, name) != names.end();
}

/// A plugin of the same id that has a task in common is another build of this one.
void compare(const Engine &others, const mirra_plugin_record &other, const Task &task,
             const std::vector<std::string> &own, Findings &findings) {
    const std::string id = other.id;
    const std::vector<std::string> theirs = tasks_of(others, id);
    const bool related = std::ranges::any_of(own, [&](const auto &name) { return contains(theirs, name); });
    if (id == task.plugin_id && !related)
        findings.fault("id '" + id + "'", "is that of another plugin, " + std::string(other.path) +
                                              ": where both are found, one is left out. Give this one "
                                              "an id of its own, such as org.example.blur");
    if (id != task.plugin_id && contains(theirs, task.name))
        findings.warn("task '" + task.name + "'", "is also a task of " + id +
                                                      ": where both are found, the second one is had as "
                                                      "ID:TASK only. Give this one a name of its own");
}

void check_names(const Lab &lab, Findings &findings) {
    const std::string answer = lab.errand("names");
    if (!findings.add_json(answer)) throw NotChecked("other plugins cannot be loaded: " + answer);
}

} // namespace

std::string compare_names(const Settings &settings, const std::string &name) {
    const Engine engine = engine_of(settings), others = engine_of_others(settings);
    const Task task = read_task(engine, name);
    const std::vector<std::string> own = tasks_of(engine, task.plugin_id);
    Findings findings;
    for (const mirra_plugin_record &record : others.plugins())
        if (record.loaded != 0) compare(others, record, task, own, findings);
    return findings.text();
}

Checks neighbour_checks() {
    return {{"names", "id and task have names that no other plugin has", check_names}};
}

} // namespace mirra::cli::conformance
