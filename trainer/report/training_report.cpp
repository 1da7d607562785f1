#include "report/training_report.hpp"

#include "core/device.hpp"
#include "core/provenance.hpp"
#include "core/text.hpp"
#include "eval/classifier.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "report/encoder_page.hpp"
#include "report/finished_run.hpp"
#include "report/plot.hpp"
#include "report/table.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <ranges>

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

/// "validation_psnr" as people write it.
std::string words_of(std::string column) {
    std::ranges::replace(column, '_', ' ');
    return column;
}

/// Every column of the log; those of validations are marked, as they are few.
Html curves_section(const FinishedRun &run) {
    Html out;
    out << "<h2>Training</h2>\n<p>Each point is the mean since the one before; dots are validations, on "
           "pictures that are not trained on.</p>\n";
    for (const auto &[name, log] : run.logs) {
        if (!name.empty()) out << "<h3>Level " << name << "</h3>\n";
        out << "<div class=\"plots\">\n";
        for (const auto &column : log.columns())
            out << svg_plot({.title = words_of(column),
                             .x_label = "step",
                             .y_label = {},
                             .series = {log_series(log, column, "", column.starts_with("validation"))}});
        out << "</div>\n";
    }
    return out;
}

/// The last validation, and what was trained on what.
Html head_section(const FinishedRun &run) {
    const auto &manifest = run.bundle->manifest();
    Html out;
    out << "<p class=\"eyebrow\">Mirra: training for the task " << manifest.task << "</p>\n<h1>"
        << (manifest.name.empty() ? run.bundle_path.filename().string() : manifest.name)
        << "</h1>\n<p class=\"lead\">" << manifest.architecture << ", trained on " << joined(run.origin.data)
        << "; " << grouped(run.origin.steps) << " steps.</p>\n<table class=\"facts\"><tbody>\n";
    for (const auto &[name, log] : run.logs)
        for (std::size_t i = 0; i < log.columns().size(); ++i) {
            const auto &column = log.columns()[i];
            const auto measured =
                std::ranges::find_if(log.rows() | std::views::reverse,
                                     [&](const LogRow &row) { return std::isfinite(row.values[i]); });
            if (!column.starts_with("validation") || measured == log.rows().rend()) continue;
            out << fact((name.empty() ? "" : name + ", ") + "last " + words_of(column),
                        short_number(measured->values[i]));
        }
    out << "</tbody></table>\n";
    return out;
}

/// The measurements of the bundle's manifest, whatever they measure.
Html recorded_section(const std::string &quality) {
    const auto rows = nlohmann::ordered_json::parse(quality, nullptr, false);
    Html body;
    for (const auto &row : rows) {
        if (!row.is_object()) continue;
        std::string text;
        for (const auto &[key, value] : row.items())
            text += (text.empty() ? "" : ", ") + words_of(key) + " " +
                    (value.is_string() ? value.get<std::string>() : value.dump());
        body << "<li>" << text << "</li>\n";
    }
    Html out;
    if (!body.empty()) out << "<h2>Recorded measurements</h2>\n<ul>\n" << body << "</ul>\n";
    return out;
}

Html data_facts(const FinishedRun &run, const std::vector<std::string> &skipped) {
    const auto &record = run.record;
    Html out;
    out << fact("Data", joined(record ? record->data : run.origin.data))
        << fact("Validation", !record                       ? ""
                              : !record->validation.empty() ? joined(record->validation)
                              : run.is_encoder()            ? "the data's own split"
                                                 : "of the data: its own split, or a part held out")
        << fact("Pictures", count(run.origin.pictures))
        << fact("Pictures for validation", record ? count(record->validation_pictures) : "")
        << fact("Skipped in training", record && record->skipped ? grouped(*record->skipped)
                                       : run.is_encoder()        ? "not known"
                                                                 : "");
    if (!skipped.empty()) out << fact("Skipped in this report", joined(skipped));
    return out;
}

/// Of all graphs, what several use counted once.
std::int64_t parameters_of(const bundle::Bundle &bundle) {
    std::int64_t count = 0;
    for (const auto &[name, tensor] : bundle.file().tensors())
        count +=
            std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies{});
    return count;
}

Html network_facts(const FinishedRun &run) {
    const auto &manifest = run.bundle->manifest();
    const auto &origin = run.origin;
    Html out;
    if (run.is_encoder()) {
        const auto &settings = run.settings;
        const auto parameters = graph::parameter_count(run.bundle->graph("classifier"));
        out << fact("Network", settings.network.architecture + ", " + grouped(parameters) + " parameters")
            << fact("Pictures at", std::to_string(settings.extent) + " × " + std::to_string(settings.extent))
            << fact("Steps", grouped(origin.steps) + " of " + grouped(settings.batch) + " pictures, " +
                                 grouped(settings.epochs) + (settings.epochs == 1 ? " epoch" : " epochs"));
        return out;
    }
    out << fact("Network",
                manifest.architecture + ", " + grouped(parameters_of(*run.bundle)) + " parameters");
    if (origin.extent > 0)
        out << fact("Pictures at", std::to_string(origin.extent) + " × " + std::to_string(origin.extent));
    return out << fact("Steps", grouped(origin.steps) +
                                    (origin.batch > 0 ? " of " + grouped(origin.batch) + " pictures" : ""));
}

Html run_facts(const FinishedRun &run) {
    const auto &origin = run.origin;
    const auto &record = run.record;
    const bool encoder = run.is_encoder();
    Html out;
    out << network_facts(run) << fact("Seed", encoder ? std::to_string(run.settings.seed) : origin.seed)
        << fact("Device", origin.device)
        << fact("Processes", record && record->processes > 1 ? std::to_string(record->processes) : "")
        << fact("Precision", record    ? record->precision
                             : encoder ? run.settings.precision
                                       : "")
        << fact("Started", record ? record->started : "") << fact("Finished", origin.date)
        << fact("Trainer", origin.trainer) << fact("LibTorch", record ? record->libtorch : "")
        << fact("Bundle", run.bundle_path.filename().string())
        << fact("SHA-256 of the weights", run.bundle->sha256())
        << fact("Licence", run.bundle->manifest().licence);
    return out;
}

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

Html page(const FinishedRun &run, const EncoderFindings &findings, const Budget &budget) {
    Html body;
    if (run.is_encoder())
        body << verdict_section(run, findings.masking) << encoder_curves(run);
    else
        body << head_section(run) << curves_section(run) << recorded_section(run.bundle->manifest().quality);
    if (findings.examples)
        body << examples_section(*findings.examples);
    else if (run.is_encoder())
        body << "<h2>Adversarial examples and gradients</h2>\n<p class=\"soft\">Left out of this "
                "report.</p>\n";
    if (findings.masking) body << masking_section(*findings.masking, budget);
    body << settings_section(run, findings.skipped) << "<footer>Made " << utc_now()
         << " by mirra-train report " << std::string(MIRRA_TRAINER_VERSION) << ".</footer>\n";
    return html_page(run.bundle_path.filename().string() + ": training report", body);
}

} // namespace

void write_report(const EncoderReport &report) {
    if (report.threads > 0) torch::set_num_threads(report.threads);
    const auto output = report.output.empty() ? report.run / "report.html" : report.output;
    const auto run = read_finished_run(report.run, report.bundle);
    check_output(output);
    const InterruptGuard guard;
    const auto findings = find_for_page(report, run);
    const auto budget = findings.masking ? budget_of(report, run) : run.budget();
    write_file(output, page(run, findings, budget).code());
    for (const auto &skipped : findings.skipped) log_warning("skipped " + skipped);
    log_info("wrote " + output.string());
}

void add_report_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("report", "Write a web page about a finished training");
    const auto report = std::make_shared<EncoderReport>();
    sub->add_option("run", report->run, "Folder of the run: OUTPUT.run of a training")->required();
    sub->add_option("-o,--output", report->output, "Page to write [RUN/report.html]");
    sub->add_option("--bundle", report->bundle, "Bundle of the run [beside its folder]");
    sub->add_option("--compare", report->compare, "Bundle whose gradients and predictions are shown beside");
    sub->add_option("--data", report->data,
                    "Pictures for the examples, as for attack [the run's validation]");
    sub->add_flag("--no-examples", report->no_examples, "Neither examples nor checks: needs no pictures");
    sub->add_option("--count", report->count, "Pictures that are shown")
        ->check(CLI::Range(0, 500))
        ->capture_default_str();
    sub->add_option("--eps", report->epsilon, "Largest perturbation, on pixels in [0, 1] [the run's]")
        ->check(CLI::PositiveNumber)
        ->check(CLI::Range(0.0, kLargestEpsilon));
    sub->add_option("--masking-count", report->masking_count,
                    "Pictures that are checked for gradient masking")
        ->check(CLI::Range(0, 10'000))
        ->capture_default_str();
    sub->add_option("--batch", report->batch, "Pictures that are attacked at a time")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    sub->add_option("--seed", report->seed, "Draws the pictures")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub->add_option("--device", report->device, "cpu, cuda or cuda:N")->capture_default_str();
    sub->add_option("--threads", report->threads, "Threads of the kernels [all]")
        ->check(CLI::NonNegativeNumber);
    sub->callback([report, &status] {
        constexpr int kInterrupted = 130;
        try {
            write_report(*report);
            status = 0;
        } catch (const Interrupted &) {
            log_warning("interrupted; nothing was written");
            status = kInterrupted;
        }
    });
}

} // namespace mirra::trainer
