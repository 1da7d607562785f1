// The report command.
#include "report/encoder_report.hpp"

#include "core/device.hpp"
#include "core/provenance.hpp"
#include "core/utc.hpp"
#include "eval/classifier_bundle.hpp"
#include "eval/interruptible.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "report/encoder_sections.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace mirra::trainer {
namespace {

/// What is measured for the page.
struct Findings {
    std::optional<AdversarialExamples> examples;
    std::optional<MaskingReport> masking;
    std::vector<std::string> skipped;
};

Budget budget_of(const EncoderReport &report, const FinishedRun &run) {
    auto budget = run.budget();
    if (report.epsilon > 0) budget.epsilon = report.epsilon;
    if (!(budget.epsilon > 0))
        throw Error(ErrorCode::invalid_argument,
                    "the run was neither trained nor validated against an attack", run.folder.string(),
                    "say with --eps how large the perturbations of the examples may be");
    return budget;
}

/// More than are shown, so that the examples can be spread over the classes.
LabelledImages load_pictures(const EncoderReport &report, const FinishedRun &run,
                             const ClassifierBundle &network) {
    RobustnessEvaluation wanted;
    wanted.data = report.data.empty() ? run.validation_sources() : report.data;
    wanted.seed = report.seed;
    wanted.count =
        std::max({report.masking_count, report.count, std::min(2 * network.classes(), 4 * report.count)});
    const char *hint =
        "say where the pictures are with --data, or leave out what needs them with --no-examples";
    if (wanted.data.empty())
        throw Error(ErrorCode::not_found, "this run's folder does not say what it was validated on",
                    run.folder.string(), hint);
    try {
        return load_images(wanted, network.class_names(), network.classes(), run.settings.extent);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::not_found) throw;
        throw Error(error.code(), error.what(), error.subject(), hint);
    }
}

ClassifierBundle open_other(const EncoderReport &report, const ClassifierBundle &own,
                            const torch::Device &device) {
    ClassifierBundle other(bundle::Bundle::open(report.compare), device, report.compare);
    const bool named = !own.class_names().empty() && !other.class_names().empty();
    if (other.classes() != own.classes() || (named && other.class_names() != own.class_names()))
        throw Error(ErrorCode::mismatch, "the network to compare with has other classes",
                    report.compare.string(), "give one that was trained on the same classes");
    return other;
}

std::string name_of(const bundle::Bundle &bundle, const std::filesystem::path &path) {
    return bundle.manifest().name.empty() ? path.stem().string() : bundle.manifest().name;
}

AdversarialExamples make_examples(const EncoderReport &report, const FinishedRun &run,
                                  ClassifierBundle &network, const LabelledImages &pictures,
                                  const torch::Device &device) {
    AdversarialExamples out;
    const auto chosen = torch::tensor(spread_over_classes(pictures.labels, report.count));
    out.images = pictures.images.index_select(0, chosen);
    out.labels = pictures.labels.index_select(0, chosen);
    out.classes = network.class_names();
    out.seed = report.seed;
    out.data = data_name((report.data.empty() ? run.validation_sources() : report.data).front());
    out.attack = example_attack(budget_of(report, run));
    log_info("attacking " + std::to_string(out.labels.numel()) + " pictures");
    const ViewOptions how{.attack = out.attack, .batch = report.batch, .device = device};
    out.own = view_of(interruptible(network.classifier()), out.images, out.labels, how);
    out.own.name = name_of(network.bundle(), run.bundle_path);
    if (report.compare.empty()) return out;
    auto other = open_other(report, network, device);
    out.other = view_of(interruptible(other.classifier()), out.images, out.labels, how);
    out.other->name = name_of(other.bundle(), report.compare);
    if (out.other->name == out.own.name) out.other->name += " (2)";
    return out;
}

Findings find(const EncoderReport &report, const FinishedRun &run) {
    Findings out;
    if (report.no_examples || (report.count < 1 && report.masking_count < 1)) return out;
    const auto budget = budget_of(report, run);
    const auto device = select_device(report.device);
    ClassifierBundle network(run.bundle, device, run.bundle_path);
    const auto pictures = load_pictures(report, run, network);
    out.skipped = pictures.skipped;
    if (report.count > 0) out.examples = make_examples(report, run, network, pictures, device);
    const auto checked = std::min(report.masking_count, pictures.labels.numel());
    if (checked < 1) return out;
    log_info("looking for gradient masking on " + std::to_string(checked) + " pictures");
    out.masking =
        check_masking(interruptible(network.classifier()), pictures.images.slice(0, 0, checked),
                      pictures.labels.slice(0, 0, checked),
                      {.budget = budget, .batch = report.batch, .seed = report.seed, .device = device});
    return out;
}

Html page(const FinishedRun &run, const Findings &findings, const Budget &budget) {
    Html body;
    body << verdict_section(run, findings.masking) << curves_section(run);
    if (findings.examples)
        body << examples_section(*findings.examples);
    else
        body << "<h2>Adversarial examples and gradients</h2>\n<p class=\"soft\">Left out of this "
                "report.</p>\n";
    if (findings.masking) body << masking_section(*findings.masking, budget);
    body << settings_section(run, findings.skipped) << "<footer>Made " << utc_now()
         << " by mirra-train report " << std::string(MIRRA_VERSION) << ".</footer>\n";
    return html_page(run.bundle_path.filename().string() + ": training report", body);
}

} // namespace

void write_report(const EncoderReport &report) {
    if (report.threads > 0) torch::set_num_threads(report.threads);
    const auto output = report.output.empty() ? report.run / "report.html" : report.output;
    const auto run = read_finished_run(report.run, report.bundle);
    check_output(output);
    const InterruptGuard guard;
    const auto findings = find(report, run);
    const auto budget = findings.masking ? budget_of(report, run) : run.budget();
    write_file(output, page(run, findings, budget).code());
    for (const auto &skipped : findings.skipped) log_warning("skipped " + skipped);
    log_info("wrote " + output.string());
}

void add_report_command(CLI::App &app, int &status) {
    auto *sub = app.add_subcommand("report", "Write a web page about a finished training of an encoder");
    const auto report = std::make_shared<EncoderReport>();
    sub->add_option("run", report->run, "Folder of the run: OUTPUT.run of mirra-train encoder")->required();
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
        ->check(CLI::PositiveNumber);
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
