// Training and measuring class by class.
#include "eval/one_vs_all.hpp"

#include "data/class_names.hpp"
#include "eval/anomaly_origin.hpp"
#include "eval/interruptible.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "tasks/anomaly.hpp"

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

/// Whether the detector is there. @throws Error mismatch when it stands on another encoder
bool trained(const std::filesystem::path &path, const Encoder &encoder) {
    if (!std::filesystem::exists(path)) return false;
    static_cast<void>(detector_info(path));
    const auto manifest = bundle::Bundle::open(path)->manifest();
    const auto provenance = nlohmann::json::parse(manifest.provenance, nullptr, false);
    const auto stands_on = provenance.is_object() && provenance.contains("encoder")
                               ? provenance["encoder"].value("sha256", "")
                               : std::string();
    if (stands_on != encoder.sha256)
        throw Error(ErrorCode::mismatch, "the detector was trained on another encoder", path.string(),
                    "remove it, or give another --work");
    return true;
}

void train(const AnomalyEvaluation &settings, const Encoder &encoder, const std::string &class_name,
           const std::filesystem::path &output) {
    if (trained(output, encoder)) return;
    AnomalyCommand command;
    command.encoder = encoder.path;
    command.data = {settings.data};
    command.class_name = class_name;
    command.count = settings.train_count;
    command.recipe = settings.recipe;
    command.steps = settings.steps;
    command.output = output;
    command.device = settings.scoring.device;
    command.threads = settings.scoring.threads;
    if (train_anomaly(command) == kInterrupted) throw Interrupted{};
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
    std::filesystem::create_directories(evaluation.scoring.work);
    for (const auto label : classes) {
        const auto &name = result.classes[static_cast<std::size_t>(label)];
        const auto set =
            std::make_shared<const AnomalySet>(AnomalySet::one_class(pictures, label, evaluation.count));
        for (const auto &encoder : encoders) {
            const auto path = evaluation.scoring.work / (encoder.name + "-" + name + ".mirra");
            train(evaluation, encoder, name, path);
            const auto detector = detector_info(path);
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
