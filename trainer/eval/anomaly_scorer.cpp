// Runs of the task.
#include "eval/anomaly_scorer.hpp"

#include "core/interrupt.hpp"
#include "eval/host_engine.hpp"
#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

host::Tensor to_host(const torch::Tensor &tensor) {
    const auto values = tensor.to(at::kCPU, at::kFloat).contiguous();
    const auto *data = values.const_data_ptr<float>();
    return {values.sizes().vec(), {data, data + values.numel()}};
}

} // namespace

struct AnomalyScorer::State {
    std::shared_ptr<host::Engine> engine;
    std::shared_ptr<host::Session> session;
};

AnomalyScorer::AnomalyScorer(const std::filesystem::path &bundle, const Options &options)
    : options_(options)
    , state_(std::make_unique<State>()) {
    state_->engine = host_engine();
    host::SessionOptions session;
    session.task = "detect";
    session.bundle = bundle::Bundle::open(bundle);
    session.device = options.device;
    session.precision = runtime::Precision::fp32;
    session.threads = options.threads;
    state_->session = host::Session::create(state_->engine, session);
    state_->session->set_text("method", options.method);
    state_->session->set("seed", static_cast<std::int64_t>(options.seed));
    if (options.iterations > 0) state_->session->set("iterations", options.iterations);
    if (options.pixel_weight > 0) state_->session->set("pixel_weight", options.pixel_weight);
    if (options.feature_weight > 0) state_->session->set("feature_weight", options.feature_weight);
}

void AnomalyScorer::check() {
    const auto engine = host_engine();
    static_cast<void>(engine->task("detect"));
    const auto &runtime = engine->runtime_status();
    if (!runtime.usable)
        throw Error(ErrorCode::not_found, "pictures cannot be scored: " + runtime.reason, runtime.path,
                    "see mirra doctor");
}

AnomalyScorer::~AnomalyScorer() = default;

/// The first picture goes in as the image, the others as its batch.
void AnomalyScorer::score_group(const torch::Tensor &pictures, AnomalyResult &out) {
    auto first = pictures[0].permute({1, 2, 0}).to(at::kCPU, at::kFloat).contiguous();
    host::RunRequest request;
    request.images["image"] =
        image::interleaved_view(reinterpret_cast<std::byte *>(first.mutable_data_ptr<float>()),
                                static_cast<std::int32_t>(first.size(1)),
                                static_cast<std::int32_t>(first.size(0)), 3, image::SampleType::f32);
    if (pictures.size(0) > 1) request.tensors["batch"] = to_host(pictures.slice(0, 1));
    request.wanted.insert("scores");
    if (options_.heat) request.wanted.insert("heat");
    request.progress = [](const host::Progress &) { return !interrupted(); };
    const auto result = state_->session->run(request);
    for (const float score : result->tensors.at("scores").values) out.scores.push_back(score);
    if (!options_.heat) return;
    const auto &heat = result->tensors.at("heat");
    const auto maps = torch::tensor(heat.values).view({heat.shape[0], heat.shape[2], heat.shape[3]});
    for (std::int64_t i = 0; i < maps.size(0); ++i) out.heat.push_back(maps[i]);
}

double AnomalyScorer::score(image::Image picture) {
    host::RunRequest request;
    request.images["image"] = picture.view();
    request.progress = [](const host::Progress &) { return !interrupted(); };
    return std::get<double>(state_->session->run(request)->values.at("score"));
}

AnomalyResult AnomalyScorer::score(const torch::Tensor &pictures) {
    AnomalyResult out;
    for (std::int64_t begin = 0; begin < pictures.size(0); begin += options_.batch)
        score_group(pictures.slice(0, begin, std::min(begin + options_.batch, pictures.size(0))), out);
    return out;
}

} // namespace mirra::trainer
