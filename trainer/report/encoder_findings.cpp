#include "report/encoder_findings.hpp"

#include "core/device.hpp"
#include "core/provenance.hpp"
#include "eval/classifier.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "report/html.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace mirra::trainer {
namespace {

constexpr double kGray = 0.5;

} // namespace

std::string picture_uri(const torch::Tensor &picture) {
    constexpr double kFullRange = 255, kShown = 128;
    constexpr int kCompression = 9;
    const auto bytes = (picture.detach().to(at::kCPU).nan_to_num(kGray).clamp(0, 1) * kFullRange)
                           .round()
                           .to(at::kByte)
                           .permute({1, 2, 0})
                           .contiguous();
    const auto height = static_cast<int>(bytes.size(0)), width = static_cast<int>(bytes.size(1));
    const cv::Mat pixels(height, width, CV_8UC3, bytes.mutable_data_ptr<std::uint8_t>());
    const auto factor = std::max(1, static_cast<int>(std::lround(kShown / std::max(height, width))));
    cv::Mat shown;
    cv::resize(pixels, shown, {}, factor, factor, cv::INTER_NEAREST);
    const auto view = image::interleaved_view(reinterpret_cast<const std::byte *>(shown.data), shown.cols,
                                              shown.rows, 3, image::SampleType::u8);
    return "data:image/png;base64," +
           base64(image::encode(view, {}, "png", {.png_compression = kCompression}));
}

torch::Tensor enlarged_difference(const torch::Tensor &difference, double factor) {
    return (kGray + factor * difference).clamp(0, 1);
}

double difference_factor(const torch::Tensor &differences) {
    constexpr double kWithin = 0.995, kTen = 10;
    const auto sizes = differences.detach().abs().flatten();
    const auto rank =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(kWithin * static_cast<double>(sizes.numel())));
    const double large = std::get<0>(sizes.kthvalue(rank)).item<double>();
    if (!(large > 0)) return 1;
    const double most = kGray / large, magnitude = std::pow(kTen, std::floor(std::log10(most)));
    double factor = 1;
    for (const double digit : {1.0, 2.0, 5.0})
        if (digit * magnitude <= most) factor = std::max(factor, digit * magnitude);
    return factor;
}

torch::Tensor gradient_picture(const torch::Tensor &gradient) {
    const auto values = gradient.detach().nan_to_num(0, 0, 0);
    const double sigma = values.square().mean().sqrt().item<double>();
    if (!(sigma > 0)) return torch::full_like(values, kGray);
    return (kGray + values * (kGray / (kGradientSigmas * sigma))).clamp(0, 1);
}

namespace {

torch::Tensor probabilities(const Classifier &classifier, const torch::Tensor &images) {
    const torch::NoGradGuard no_grad;
    return classifier(images).softmax(1);
}

} // namespace

PgdOptions example_attack(const Budget &budget) {
    constexpr int kSteps = 20;
    return {.budget = budget, .steps = kSteps, .step_size = usual_step_size(budget.epsilon, kSteps)};
}

NetworkView view_of(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                    const ViewOptions &options) {
    std::vector<torch::Tensor> clean, adversarial, attacked, gradients;
    for_each_batch(images, labels, options.batch, options.device, [&](const PictureBatch &batch) {
        const auto score = [&](const torch::Tensor &logits) {
            return logits.gather(1, batch.labels.unsqueeze(1)).squeeze(1);
        };
        const auto moved =
            pgd(classifier, batch.images, batch.labels, options.attack, Randomness(0, batch.ids));
        clean.push_back(probabilities(classifier, batch.images).to(at::kCPU));
        adversarial.push_back(moved.to(at::kCPU));
        attacked.push_back(probabilities(classifier, moved).to(at::kCPU));
        gradients.push_back(evaluate_gradient(classifier, batch.images, score).gradient.to(at::kCPU));
    });
    return {.name = {},
            .clean = torch::cat(clean),
            .adversarial = torch::cat(adversarial),
            .attacked = torch::cat(attacked),
            .gradient = torch::cat(gradients)};
}

std::vector<std::int64_t> spread_over_classes(const torch::Tensor &labels, std::int64_t count) {
    const auto *values = labels.const_data_ptr<std::int64_t>();
    std::map<std::int64_t, std::int64_t> seen;
    std::vector<std::pair<std::int64_t, std::int64_t>> places; // how often the class was there before; index
    for (std::int64_t i = 0; i < labels.numel(); ++i) places.emplace_back(seen[values[i]]++, i);
    std::ranges::stable_sort(places, {}, &std::pair<std::int64_t, std::int64_t>::first);
    std::vector<std::int64_t> out;
    for (const auto &[round, index] : places)
        if (std::ssize(out) < count) out.push_back(index);
    return out;
}

namespace {

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

} // namespace

Budget budget_of(const EncoderReport &report, const FinishedRun &run) {
    auto budget = run.budget();
    if (report.epsilon > 0) budget.epsilon = report.epsilon;
    if (!(budget.epsilon > 0))
        throw Error(ErrorCode::invalid_argument,
                    "the run was neither trained nor validated against an attack", run.folder.string(),
                    "say with --eps how large the perturbations of the examples may be");
    return budget;
}

EncoderFindings find_for_page(const EncoderReport &report, const FinishedRun &run) {
    EncoderFindings out;
    if (!run.is_encoder() || report.no_examples || (report.count < 1 && report.masking_count < 1)) return out;
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

} // namespace mirra::trainer
