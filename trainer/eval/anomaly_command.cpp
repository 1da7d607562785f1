// The subcommand with its three protocols.
#include "eval/anomaly_command.hpp"

#include "data/evaluation_split.hpp"
#include "eval/anomaly_defects.hpp"
#include "eval/anomaly_report.hpp"
#include "eval/interruptible.hpp"
#include "eval/one_vs_all.hpp"
#include "eval/outputs.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "runtime/torch/libtorch.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace mirra::trainer {
namespace {

constexpr int kInterrupted = 130, kSkipped = 1;

void write_text(const std::filesystem::path &path, const std::string &text) {
    if (path.empty()) return;
    write_file(path, text);
}

/// Fails before the work if what is to be written could not be.
void check_outputs(const AnomalyEvaluation &settings) {
    require_writable({settings.csv}, {settings.plot, settings.histogram, settings.sheet});
}

int finish(const std::vector<std::string> &skipped) {
    for (const auto &file : skipped) log_warning("skipped " + file);
    return skipped.empty() ? 0 : kSkipped;
}

void draw(const AnomalyEvaluation &settings, const std::vector<AnomalyMeasurement> &measurements) {
    if (!settings.plot.empty()) write_roc(settings.plot, measurements);
    if (!settings.histogram.empty()) write_score_histograms(settings.histogram, measurements);
    if (!settings.sheet.empty()) write_hardest(settings.sheet, measurements, settings.sheet_count);
}

int evaluate_one_vs_all(const AnomalyEvaluation &settings) {
    bool header = false;
    const auto result = one_vs_all(settings, [&](const auto &measurement, const auto &classes) {
        if (!header) print_one_vs_all_header();
        header = true;
        print_one_vs_all_row(measurement, classes);
    });
    print_one_vs_all_means(result.measurements, result.classes);
    write_text(settings.csv, one_vs_all_csv(result.measurements, result.classes));
    draw(settings, result.measurements);
    return finish(result.skipped);
}

std::shared_ptr<ClassSet> open_parts(const std::filesystem::path &folder, const std::string &option) {
    const std::vector sources{folder.string()};
    return std::make_shared<ClassSet>(sources, evaluation_split(sources),
                                      ClassSet::Options{.labelled = false, .option = option});
}

int evaluate_parts(const AnomalyEvaluation &settings) {
    const auto detector = detector_info(settings.bundle);
    const auto methods = methods_of(detector, settings.methods);
    const auto good = open_parts(settings.good, "--good"), bad = open_parts(settings.bad, "--bad");
    const auto set = std::make_shared<const AnomalySet>(AnomalySet::good_and_bad(good, bad, settings.count));
    if (!settings.scoring.work.empty()) std::filesystem::create_directories(settings.scoring.work);
    std::vector<AnomalyMeasurement> measurements;
    print_parts_header();
    for (const auto &method : methods) {
        measurements.push_back(measure(detector, method, set, settings.scoring));
        print_parts_row(measurements.back());
    }
    write_text(settings.csv, parts_csv(measurements));
    draw(settings, measurements);
    auto skipped = good->skipped();
    for (const auto &file : bad->skipped()) skipped.push_back(file);
    return finish(skipped);
}

int evaluate_defects_protocol(const AnomalyEvaluation &settings) {
    const auto result = evaluate_defects(settings);
    print_defects(result.rows);
    write_text(settings.csv, defects_csv(result.rows));
    if (!settings.sheet.empty()) write_sheet(settings.sheet, result.sheet);
    return finish(result.skipped);
}

struct Needed {
    const char *option;
    bool given;
};

/// @throws Error invalid_argument for an option that the protocol needs
void require(const std::string &protocol, std::initializer_list<Needed> all) {
    for (const auto &[option, given] : all)
        if (!given)
            throw Error(ErrorCode::invalid_argument,
                        std::string("--protocol ") + protocol + " needs " + option, option,
                        "see mirra-train eval anomaly --help");
}

int dispatch(const AnomalyEvaluation &settings) {
    const auto &protocol = settings.protocol;
    if (protocol == "one-vs-all") {
        require(protocol, {{"--data", !settings.data.empty()},
                           {"--encoder", !settings.encoders.empty()},
                           {"--work", !settings.scoring.work.empty()}});
        return evaluate_one_vs_all(settings);
    }
    if (protocol == "parts") {
        require(protocol, {{"--bundle", !settings.bundle.empty()},
                           {"--good", !settings.good.empty()},
                           {"--bad", !settings.bad.empty()}});
        return evaluate_parts(settings);
    }
    require(protocol, {{"--bundle", !settings.bundle.empty()}, {"--data", !settings.data.empty()}});
    return evaluate_defects_protocol(settings);
}

void add_one_vs_all_options(CLI::App &sub, AnomalyEvaluation &settings) {
    const auto group = "one-vs-all";
    sub.add_option("--encoder", settings.encoders, "Encoder bundles, compared on the same pictures")
        ->group(group);
    sub.add_option("--recipe", settings.recipe, "Recipe of the detectors' trainings (TOML)")->group(group);
    sub.add_option("--steps", settings.steps, "Override the recipe")
        ->check(CLI::PositiveNumber)
        ->group(group);
    sub.add_option("--train-count", settings.train_count, "Pictures of a class to train on at most [all]")
        ->check(CLI::PositiveNumber)
        ->group(group);
    sub.add_option("--classes", settings.classes, "Classes that are normal in turn [all]")
        ->delimiter(',')
        ->group(group);
}

void add_bundle_options(CLI::App &sub, AnomalyEvaluation &settings) {
    const auto group = "parts, defects";
    sub.add_option("--bundle", settings.bundle, "Bundle of mirra-train anomaly")->group(group);
    sub.add_option("--good", settings.good, "parts: folder of good parts that it was not trained on")
        ->group(group);
    sub.add_option("--bad", settings.bad, "parts: folder of bad parts")->group(group);
}

void add_scoring_options(CLI::App &sub, ScoringSettings &scoring) {
    sub.add_option("--work", scoring.work, "Folder where detectors and scores are kept; made if need be");
    sub.add_option("--iterations", scoring.iterations, "Steps of latent-search [the task's own]")
        ->check(CLI::Range(1, 1'000'000));
    sub.add_option("--seed", scoring.seed, "Seed of the search's start, and of the defects")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub.add_option("--batch", scoring.batch, "Pictures that are scored together")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    sub.add_option("--device", scoring.device, "cpu or cuda:N")->capture_default_str();
    sub.add_option("--threads", scoring.threads, "Threads of the kernels [all]");
}

void add_output_options(CLI::App &sub, AnomalyEvaluation &settings) {
    sub.add_option("--csv", settings.csv, "Also write the table as CSV");
    sub.add_option("--plot", settings.plot, "Write the ROC curves (PNG); not of defects");
    sub.add_option("--histogram", settings.histogram, "Write histograms of the scores (PNG); not of defects");
    sub.add_option("--sheet", settings.sheet,
                   "Write a sheet of the hardest pictures, of defects with their heat maps (PNG)");
    sub.add_option("--sheet-count", settings.sheet_count, "Its pictures a row, of defects a kind")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
}

/// Whether a run that was stopped has left anything to go on from.
bool keeps_scores(const AnomalyEvaluation &settings) {
    return settings.protocol != "defects" && !settings.scoring.work.empty();
}

} // namespace

int evaluate_anomaly(const AnomalyEvaluation &evaluation) {
    if (evaluation.scoring.threads > 0) torch::set_num_threads(evaluation.scoring.threads);
    check_outputs(evaluation);
    try {
        return dispatch(evaluation);
    } catch (const Interrupted &) {
        log_info(keeps_scores(evaluation) ? "interrupted; the same command goes on where it stopped"
                                          : "interrupted; the same command starts anew");
        return kInterrupted;
    }
}

void add_anomaly_evaluation(CLI::App &eval, int &status) {
    auto *sub = eval.add_subcommand("anomaly", "AUROC of anomaly detectors (Tables 8 and A3)");
    const auto settings = std::make_shared<AnomalyEvaluation>();
    sub->add_option("--protocol", settings->protocol,
                    "one-vs-all: a detector a class; parts: one detector on good and bad; defects: the same "
                    "on synthetic ones")
        ->check(CLI::IsMember({"one-vs-all", "parts", "defects"}))
        ->capture_default_str();
    sub->add_option("--data", settings->data,
                    "one-vs-all: cifar10:DIR or a folder with train/ and test/ of classes; defects: a folder "
                    "of good pictures");
    sub->add_option("--methods", settings->methods,
                    "latent-search, reconstruction, feature-memory [all that the detector has]")
        ->check(CLI::IsMember({"latent-search", "reconstruction", "feature-memory"}))
        ->delimiter(',');
    sub->add_option("--count", settings->count,
                    "Test pictures: of a class, half of them normal; of good and of bad; with each defect "
                    "[all]")
        ->check(CLI::Range(2, 100'000'000));
    add_scoring_options(*sub, settings->scoring);
    add_one_vs_all_options(*sub, *settings);
    add_bundle_options(*sub, *settings);
    add_output_options(*sub, *settings);
    sub->callback([settings, &status] { status = evaluate_anomaly(*settings); });
}

} // namespace mirra::trainer
