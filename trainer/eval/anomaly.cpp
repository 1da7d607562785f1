#include "eval/anomaly.hpp"

#include "core/made_folders.hpp"
#include "core/provenance.hpp"
#include "core/text.hpp"
#include "data/picture_store.hpp"
#include "eval/anomaly_comparison.hpp"
#include "eval/anomaly_defects.hpp"
#include "eval/anomaly_masks.hpp"
#include "eval/anomaly_methods.hpp"
#include "eval/anomaly_results.hpp"
#include "eval/classifier.hpp"
#include "eval/evaluation.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"
#include "mirra/provenance.hpp"
#include "report/table.hpp"
#include "runtime/torch/libtorch.hpp"
#include "tasks/anomaly.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace mirra::trainer {
namespace {

constexpr const char *kNameWork = "name another with --work";

/// "catsdogs" of "catsdogs/train" and of "data/catsdogs".
std::string set_name(const std::string &recorded) {
    const std::filesystem::path path(recorded);
    const auto last = path.filename().string();
    constexpr std::array<std::string_view, 3> kSplits{"train", "val", "test"};
    const bool split = std::ranges::find(kSplits, last) != kSplits.end();
    return split && path.has_parent_path() ? path.parent_path().filename().string() : last;
}

std::string how_trained(const EncoderOrigin &origin) {
    if (!origin.epsilon) return "training not known";
    if (*origin.epsilon == 0) return "standard training";
    char text[64];
    std::snprintf(text, sizeof text, "adversarial training, %.8s %g", origin.norm.c_str(), *origin.epsilon);
    return text;
}

bool overlap(const std::vector<std::string> &a, const std::vector<std::string> &b) {
    return std::ranges::any_of(a, [&](const auto &each) { return std::ranges::find(b, each) != b.end(); });
}

} // namespace

std::string origin_line(const std::string &name, const EncoderOrigin &origin, const std::string &data,
                        const std::vector<std::string> &classes) {
    if (origin.data.empty())
        return name +
               ": its manifest does not say what it was trained on; labels of the evaluated classes may leak";
    auto line = name + ": " + how_trained(origin) + " on " + joined(origin.data);
    if (!origin.classes.empty())
        line += " with the labels of " + std::to_string(origin.classes.size()) + " classes";
    const auto evaluated = set_name(data_name(data));
    const bool same =
        std::ranges::any_of(origin.data, [&](const auto &each) { return set_name(each) == evaluated; });
    if (same) return line + ". THIS IS THE EVALUATED SET: it has seen the labels of the anomalous classes";
    if (overlap(origin.classes, classes))
        return line + ". SOME OF THESE ARE EVALUATED CLASSES: it has seen labels of anomalous pictures";
    return line + "; none of it is evaluated";
}

namespace {

constexpr int kInterrupted = 130;

void write_text(const std::filesystem::path &path, const std::string &text) {
    if (path.empty()) return;
    write_file(path, text);
}

/// Fails before the work if what is to be written could not be.
void check_outputs(const AnomalyEvaluation &settings) {
    require_writable(settings.csv, {settings.plot, settings.histogram}, {settings.sheet});
}

void draw(const AnomalyEvaluation &settings, const std::vector<AnomalyMeasurement> &measurements) {
    if (!settings.plot.empty()) write_roc(settings.plot, measurements);
    if (!settings.histogram.empty()) write_score_histograms(settings.histogram, measurements);
    if (!settings.sheet.empty()) write_hardest(settings.sheet, measurements, settings.sheet_count);
}

int evaluate_one_vs_all(const AnomalyEvaluation &settings) {
    bool first = true;
    OneVsAllTable table;
    const auto result = one_vs_all(settings, [&](const auto &measurement, const auto &classes) {
        if (std::exchange(first, false)) print(table.head());
        table.add(measurement, classes);
        print(table.line());
    });
    print(table.add_means(result.measurements, result.classes) + comparison_lines(result.measurements));
    write_text(settings.csv, table.csv());
    draw(settings, result.measurements);
    return finish(result.skipped);
}

std::shared_ptr<PictureSet> open_parts(const std::filesystem::path &folder, const std::string &option) {
    const std::vector sources{folder.string()};
    return std::make_shared<PictureSet>(sources, evaluation_split(sources),
                                        PictureSet::Options{.labelled = false, .option = option});
}

std::string pixel_lines(const AnomalyEvaluation &settings, const DetectorInfo &detector,
                        const std::vector<std::string> &methods,
                        const std::shared_ptr<const AnomalySet> &set) {
    std::string out;
    for (const auto &method : methods) {
        const auto pixels = masked_pixels(detector, method, set, settings.masks, settings.scoring);
        char text[128];
        std::snprintf(text, sizeof text, "%-15s pixel AUROC %.4f, with masks of %zu pictures\n",
                      method.c_str(), pixels.auroc, pixels.pictures);
        out += text;
    }
    return out;
}

int evaluate_parts(const AnomalyEvaluation &settings) {
    const auto detector = detector_info(settings.bundle);
    const auto methods = methods_of(detector, settings.methods);
    const auto good = open_parts(settings.good, "--good"), bad = open_parts(settings.bad, "--bad");
    const auto set = std::make_shared<const AnomalySet>(AnomalySet::good_and_bad(good, bad, settings.count));
    std::optional<MadeFolders> work;
    if (!settings.scoring.work.empty()) work.emplace(settings.scoring.work, kNameWork);
    std::vector<AnomalyMeasurement> measurements;
    PartsTable table;
    print(table.head());
    for (const auto &method : methods) {
        measurements.push_back(measure(detector, method, set, settings.scoring));
        table.add(measurements.back());
        print(table.line());
    }
    if (!settings.masks.empty()) print(pixel_lines(settings, detector, methods, set));
    write_text(settings.csv, table.csv());
    draw(settings, measurements);
    auto skipped = good->skipped();
    for (const auto &file : bad->skipped()) skipped.push_back(file);
    return finish(skipped);
}

int evaluate_defects_protocol(const AnomalyEvaluation &settings) {
    const auto result = evaluate_defects(settings);
    const auto table = defects_table(result.rows);
    print(table.text());
    write_text(settings.csv, table.csv());
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
    sub.add_option(
           "--standard-pixel-weight", settings.standard_pixel_weight,
           "Weight of the pixels in the score where the encoder had standard training, as the paper's "
           "2e-3 [the recipe's]")
        ->check(CLI::NonNegativeNumber)
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
    sub.add_option("--masks", settings.masks,
                   "parts: folder with a picture NAME.png for each bad one, not black where its defect is; "
                   "measures the heat maps")
        ->group(group);
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
    add_host_options(sub, nullptr, scoring.device, scoring.threads);
}

void add_output_options(CLI::App &sub, AnomalyEvaluation &settings) {
    sub.add_option("--csv", settings.csv, "Also write the table as CSV");
    sub.add_option("--plot", settings.plot, "Write the ROC curves (PNG or SVG); not of defects");
    sub.add_option("--histogram", settings.histogram,
                   "Write histograms of the scores (PNG or SVG); not of defects");
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
                    "latent-search, reconstruction, feature-memory, segmentation [all that the detector has; "
                    "one-vs-all trains no segmentation unless it is named: it learns from synthetic defects "
                    "on parts, and classes differ in other ways]")
        ->check(CLI::IsMember(kAnomalyMethods))
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

namespace {

struct Encoder {
    std::filesystem::path path;
    std::string name, sha256;
    std::optional<bool> robust;
};

std::vector<Encoder> open_encoders(const AnomalyEvaluation &settings,
                                   const std::vector<std::string> &classes) {
    if (settings.encoders.empty())
        throw Error(ErrorCode::invalid_argument, "no encoder was given", "--encoder",
                    "give bundles of mirra-train encoder, say a standard and a robust one");
    std::vector<Encoder> out;
    for (const auto &path : settings.encoders) {
        const auto bundle = bundle::Bundle::open(path);
        static_cast<void>(bundle->graph("encoder")); // throws where there is none
        const auto name = path.stem().string();
        if (std::ranges::find(out, name, &Encoder::name) != out.end())
            throw Error(ErrorCode::invalid_argument, "two encoders have the name " + name, path.string(),
                        "rename one: their detectors are kept under it");
        const auto origin = encoder_origin(bundle->manifest());
        log_info("encoder " + origin_line(name, origin, settings.data, classes));
        out.push_back({path, name, bundle->sha256(),
                       origin.epsilon ? std::optional(*origin.epsilon > 0) : std::nullopt});
    }
    return out;
}

std::shared_ptr<PictureSet> open_classes(const std::string &data) {
    if (data.empty())
        throw Error(ErrorCode::invalid_argument, "no data were given", "--data",
                    "cifar10:DIR, or a folder with train/ and test/ of one folder a class");
    if (!open_pictures(data, Split::test))
        throw Error(ErrorCode::not_found, "the data have no pictures for tests", data,
                    "give a folder with train/ and test/ (or val/), each with one folder a class");
    return std::make_shared<PictureSet>(std::vector{data}, Split::test, PictureSet::Options{});
}

std::vector<std::int32_t> chosen_classes(const std::vector<std::string> &all,
                                         const std::vector<std::string> &asked) {
    std::vector<std::int32_t> out;
    for (const auto &name : asked.empty() ? all : asked) out.push_back(label_of(all, name, "--classes"));
    return out;
}

/// The training of one detector.
AnomalyCommand training_of(const AnomalyEvaluation &settings, const Encoder &encoder,
                           const std::string &class_name) {
    AnomalyCommand command;
    command.encoder = encoder.path;
    command.data = {settings.data};
    command.class_name = class_name;
    command.count = settings.train_count;
    command.recipe = settings.recipe;
    const auto &methods = settings.methods;
    if (std::ranges::find(methods, kSegmentation) == methods.end()) // classes are no parts with defects
        command.overrides["segmentation.steps"] = "0";
    if (settings.steps) command.overrides["optimizer.steps"] = std::to_string(*settings.steps);
    if (settings.standard_pixel_weight && encoder.robust == false)
        command.overrides["score.pixel_weight"] = formatted("%.9g", *settings.standard_pixel_weight);
    command.output = settings.scoring.work / (encoder.name + "-" + class_name + ".mirra");
    command.device = settings.scoring.device;
    command.threads = settings.scoring.threads;
    return command;
}

[[noreturn]] void refuse(const std::filesystem::path &path, const std::string &difference) {
    throw Error(ErrorCode::mismatch, "the detector was trained " + difference, path.string(),
                "remove it, or give another --work");
}

/// The same for recipes that say the same.
std::string plain(const Recipe &recipe) {
    return recipe.without({});
}

/// @throws Error mismatch when the detector comes from another training, as far as its manifest tells
void check_provenance(const AnomalyCommand &command, const Encoder &encoder, const std::string &source) {
    const auto &path = command.output;
    const auto found = bundle::parse_provenance(bundle::Bundle::open(path)->manifest());
    if (!found.encoder || found.encoder->sha256 != encoder.sha256) refuse(path, "on another encoder");
    if (found.normal_class != command.class_name) refuse(path, "on another class: " + found.normal_class);
    const bool same_data = found.data_fingerprint.empty()
                               ? found.data == std::vector{data_name(command.data.front())}
                               : found.data_fingerprint == source;
    if (!same_data) refuse(path, "on other data: " + joined(found.data));
    if (!found.recipe_text ||
        plain(Recipe::parse(*found.recipe_text, path.string())) != plain(recipe_of(command)))
        refuse(path, "with another recipe, or other --steps");
    if (found.count && *found.count != command.count)
        refuse(path, "with --train-count " + std::to_string(*found.count) + ", where 0 are all");
}

/// Fingerprint of the pictures to train on.
std::string training_source(const std::string &data) {
    Stores stores;
    stores.push_back(*open_pictures(data, Split::train));
    return source_fingerprint(stores);
}

/// Unless it is there. @throws Error mismatch where what is there is another
void train(const AnomalyCommand &command, const Encoder &encoder, const std::string &source) {
    if (std::filesystem::exists(command.output)) {
        static_cast<void>(detector_info(command.output));
        check_provenance(command, encoder, source);
    } else if (train_anomaly(command) == kInterrupted) {
        throw Interrupted{};
    }
}

} // namespace

OneVsAllResult one_vs_all(
    const AnomalyEvaluation &evaluation,
    const std::function<void(const AnomalyMeasurement &, const std::vector<std::string> &)> &finished) {
    if (evaluation.scoring.work.empty())
        throw Error(ErrorCode::invalid_argument, "no folder for the detectors was given", "--work",
                    "they and their scores are kept there");
    const auto pictures = open_classes(evaluation.data);
    OneVsAllResult result{.classes = pictures->classes(), .measurements = {}, .skipped = {}};
    const auto classes = chosen_classes(result.classes, evaluation.classes);
    const auto encoders = open_encoders(evaluation, result.classes);
    const auto source = training_source(evaluation.data);
    const MadeFolders work(evaluation.scoring.work, kNameWork);
    for (const auto label : classes) {
        const auto &name = result.classes[static_cast<std::size_t>(label)];
        const auto set =
            std::make_shared<const AnomalySet>(AnomalySet::one_class(pictures, label, evaluation.count));
        for (const auto &encoder : encoders) {
            const auto training = training_of(evaluation, encoder, name);
            train(training, encoder, source);
            const auto detector = detector_info(training.output);
            for (const auto &method : methods_of(detector, evaluation.methods)) {
                auto measurement = measure(detector, method, set, evaluation.scoring);
                measurement.model = encoder.name;
                measurement.class_name = name;
                measurement.robust = encoder.robust;
                finished(measurement, result.classes);
                result.measurements.push_back(std::move(measurement));
            }
        }
    }
    result.skipped = pictures->skipped();
    return result;
}

} // namespace mirra::trainer
