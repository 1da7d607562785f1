// Tries a bundle as a host would.
#include "core/task_check.hpp"

#include "core/random.hpp"
#include "core/text.hpp"
#include "eval/evaluation.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "value.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int32_t kSide = 64; // of the picture that a bundle is tried on

Json guessed(const std::string &text) {
    if (text == "true" || text == "false") return text == "true";
    if (const auto integer = number_of<std::int64_t>(text)) return *integer;
    if (const auto real = number_of<double>(text)) return *real;
    return text;
}

/// The port of a task that has one image of that direction which it must be given; null where it has several
/// or must be given something else.
const mirra_port_info *only_image(const host::TaskInfo &task, bool output) {
    const mirra_port_info *found = nullptr;
    for (const auto &port : task.ports) {
        if (host::is_output(port) != output || host::is_optional(port)) continue;
        if (output && !host::is_image(port)) continue;
        if (found != nullptr || !host::is_image(port)) return nullptr;
        found = &port;
    }
    return found;
}

image::ImageView view_of(std::vector<float> &pixels, std::int32_t width, std::int32_t height) {
    constexpr std::int32_t kColors = 3;
    pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * kColors);
    for (std::size_t i = 0; i < pixels.size(); ++i) // of a flat one a task may see that it has nothing to do
        pixels[i] = static_cast<float>(CounterRandom(0, i).uniform());
    return image::interleaved_view(reinterpret_cast<std::byte *>(pixels.data()), width, height, kColors,
                                   image::SampleType::f32);
}

void run_small(host::Session &session) {
    const auto *input = only_image(session.task(), false), *output = only_image(session.task(), true);
    if (input == nullptr || output == nullptr) return;
    const auto plan = session.plan(kSide, kSide);
    std::vector<float> given, made;
    host::RunRequest request;
    request.images[input->name] = view_of(given, kSide, kSide);
    request.images[output->name] = view_of(made, static_cast<std::int32_t>(plan.output_width),
                                           static_cast<std::int32_t>(plan.output_height));
    session.run(std::move(request));
}

} // namespace

void add_task_options(CLI::App &sub, std::string &task, std::vector<std::string> &defaults, bool &unchecked) {
    sub.add_option("--task", task, "Task of a plugin that the bundle is for")->required();
    sub.add_option("--default", defaults,
                   "KEY=VALUE: what a parameter of the task is with this bundle unless it is set; repeatable")
        ->allow_extra_args(false);
    sub.add_flag("--unchecked", unchecked, "Do not ask the task's plugin whether it takes the bundle");
}

TaskCheck::TaskCheck(const std::string &task) {
    if (task.empty()) return;
    engine_ = host_engine();
    try {
        task_ = &engine_->task(task);
    } catch (const Error &error) {
        log_warning(std::string(error.what()) + " here, so what it needs of a bundle is not checked. " +
                    error.hint());
    }
}

std::string TaskCheck::typed(const std::string &key, const std::string &text) const {
    if (task_ == nullptr) return guessed(text).dump();
    const auto value = host::parse(task_->param(key), text);
    return std::visit([](const auto &plain) { return Json(plain).dump(); }, value);
}

std::string TaskCheck::defaults(const std::vector<std::string> &settings) const {
    auto out = Json::object();
    for (const auto &setting : settings) {
        const auto equals = setting.find('=');
        if (equals == std::string::npos || equals == 0 || printable(setting) != setting)
            throw Error(ErrorCode::invalid_argument, "'" + setting.substr(0, 80) + "' is not KEY=VALUE",
                        "--default", "write it like --default strength=0.5");
        const auto key = setting.substr(0, equals);
        out[key] = Json::parse(typed(key, setting.substr(equals + 1)));
    }
    return out.dump();
}

void TaskCheck::check(const bundle::Manifest &manifest, const bundle::Weights &weights) const {
    if (task_ == nullptr) return;
    host::SessionOptions options;
    options.task = task_->name();
    options.bundle = bundle::Bundle::open_memory(bundle::bundle_bytes(manifest, weights, bundle::DType::f32),
                                                 manifest.name);
    try {
        run_small(*host::Session::create(engine_, options));
    } catch (const Error &error) {
        throw Error(error.code(),
                    "the task '" + task_->name() + "' does not take this bundle: " + error.what(),
                    error.subject(), error.hint());
    }
}

} // namespace mirra::trainer
