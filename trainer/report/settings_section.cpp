// Settings, sources and the command.
#include "core/joined.hpp"
#include "report/encoder_sections.hpp"
#include "report/wording.hpp"

namespace mirra::trainer {
namespace {

/// A row; none for an empty value.
Html fact(const std::string &name, const std::string &value) {
    Html out;
    if (!value.empty()) out << "<tr><th>" << name << "</th><td>" << value << "</td></tr>\n";
    return out;
}

std::string count(std::int64_t number) {
    return number > 0 ? grouped(number) : "";
}

Html data_facts(const FinishedRun &run, const std::vector<std::string> &skipped) {
    const auto &record = run.record;
    Html out;
    out << fact("Data", joined(record ? record->data : run.origin.data))
        << fact("Validation", !record                      ? ""
                              : record->validation.empty() ? "the data's own split"
                                                           : joined(record->validation))
        << fact("Pictures", count(run.origin.pictures))
        << fact("Pictures for validation", record ? count(record->validation_pictures) : "")
        << fact("Skipped in training", record && record->skipped ? grouped(*record->skipped) : "not known");
    if (!skipped.empty()) out << fact("Skipped in this report", joined(skipped));
    return out;
}

Html run_facts(const FinishedRun &run) {
    const auto &origin = run.origin;
    const auto &settings = run.settings;
    const auto &record = run.record;
    const auto parameters = graph::parameter_count(run.bundle->graph("classifier"));
    Html out;
    out << fact("Network", settings.network.architecture + ", " + grouped(parameters) + " parameters")
        << fact("Pictures at", std::to_string(settings.extent) + " × " + std::to_string(settings.extent))
        << fact("Steps", grouped(origin.steps) + " of " + grouped(settings.batch) + " pictures, " +
                             grouped(settings.epochs) + (settings.epochs == 1 ? " epoch" : " epochs"))
        << fact("Seed", std::to_string(settings.seed)) << fact("Device", origin.device)
        << fact("Processes", record && record->processes > 1 ? std::to_string(record->processes) : "")
        << fact("Precision", record ? record->precision : settings.precision)
        << fact("Started", record ? record->started : "") << fact("Finished", origin.date)
        << fact("Trainer", origin.trainer) << fact("LibTorch", record ? record->libtorch : "")
        << fact("Bundle", run.bundle_path.filename().string())
        << fact("SHA-256 of the weights", run.bundle->sha256())
        << fact("Licence", run.bundle->manifest().licence);
    return out;
}

} // namespace

Html settings_section(const FinishedRun &run, const std::vector<std::string> &skipped) {
    Html out;
    out << "<h2>Settings</h2>\n<table class=\"facts\"><tbody>\n"
        << run_facts(run) << data_facts(run, skipped) << "</tbody></table>\n";
    out << "<h2>Command</h2>\n";
    if (run.record && !run.record->command.empty())
        out << "<p>Makes this run again.</p>\n<pre class=\"command\">" << command_line(run.record->command)
            << "</pre>\n";
    else
        out << "<p class=\"soft\">Not known: this run's folder has no run.json.</p>\n";
    const auto &name = run.record && !run.record->recipe.empty() ? run.record->recipe : run.origin.recipe;
    out << "<h2>Recipe</h2>\n<p>The exact text";
    if (!name.empty()) out << " of <code>" << name << "</code>";
    out << ", with what the command line overrode.</p>\n<pre>" << run.recipe_text() << "</pre>\n";
    return out;
}

} // namespace mirra::trainer
