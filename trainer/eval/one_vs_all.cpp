// Training and measuring class by class.
#include "eval/one_vs_all.hpp"

#include "core/provenance.hpp"
#include "data/class_names.hpp"
#include "eval/anomaly_origin.hpp"
#include "eval/interruptible.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly.hpp"
#include "tasks/anomaly_pictures.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr int kInterrupted = 130;

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

std::shared_ptr<ClassSet> open_classes(const std::string &data) {
    if (data.empty())
        throw Error(ErrorCode::invalid_argument, "no data were given", "--data",
                    "cifar10:DIR, or a folder with train/ and test/ of one folder a class");
    if (!open_pictures(data, Split::test))
        throw Error(ErrorCode::not_found, "the data have no pictures for tests", data,
                    "give a folder with train/ and test/ (or val/), each with one folder a class");
    return std::make_shared<ClassSet>(std::vector{data}, Split::test, ClassSet::Options{});
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
    command.steps = settings.steps;
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
    const auto text = bundle::Bundle::open(path)->manifest().provenance;
    auto found = nlohmann::json::parse(text, nullptr, false);
    if (!found.is_object()) found = nlohmann::json::object();
    const auto at = [&](const char *place) {
        const nlohmann::json::json_pointer pointer(place);
        return found.contains(pointer) ? found[pointer] : nlohmann::json();
    };
    if (at("/encoder/sha256") != encoder.sha256) refuse(path, "on another encoder");
    if (at("/class") != command.class_name) refuse(path, "on another class: " + at("/class").dump());
    const auto fingerprint = at("/data_fingerprint"), count = at("/count"), recipe = at("/recipe_text");
    const bool same_data = fingerprint.is_null()
                               ? at("/data") == nlohmann::json::array({data_name(command.data.front())})
                               : fingerprint == source;
    if (!same_data) refuse(path, "on other data: " + at("/data").dump());
    if (!recipe.is_string() || plain(Recipe::parse(recipe, path.string())) != plain(recipe_of(command)))
        refuse(path, "with another recipe, or other --steps");
    if (!count.is_null() && count != command.count)
        refuse(path, "with --train-count " + count.dump() + ", where 0 are all");
}

/// Fingerprint of the pictures to train on.
std::string training_source(const std::string &data) {
    Stores stores;
    stores.push_back(open_pictures(data, Split::train));
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
    std::filesystem::create_directories(evaluation.scoring.work);
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
