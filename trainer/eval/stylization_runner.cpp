// Running the task.
#include "eval/stylization_runner.hpp"

#include "core/interrupt.hpp"
#include "eval/evaluation_pictures.hpp"
#include "eval/host_engine.hpp"
#include "eval/interruptible.hpp"
#include "mirra/error.hpp"

namespace mirra::trainer {
namespace {

image::ImageView view_of(const FloatPicture &picture) {
    auto *values = const_cast<float *>(picture.values.data());
    return image::interleaved_view(reinterpret_cast<std::byte *>(values), picture.width, picture.height, 3,
                                   image::SampleType::f32);
}

} // namespace

struct StylizerRunner::State {
    std::shared_ptr<host::Engine> engine;
    std::shared_ptr<host::Session> session;
};

StylizerRunner::StylizerRunner(const std::filesystem::path &bundle, const Options &options)
    : state_(std::make_unique<State>()) {
    state_->engine = host_engine();
    host::SessionOptions session;
    session.task = "stylize";
    session.bundle = bundle::Bundle::open(bundle);
    session.device = options.device;
    session.precision = parse_precision(options.precision);
    session.threads = options.threads;
    state_->session = host::Session::create(state_->engine, session);
    state_->session->set("strength", options.strength);
}

StylizerRunner::~StylizerRunner() = default;
StylizerRunner::StylizerRunner(StylizerRunner &&) noexcept = default;
StylizerRunner &StylizerRunner::operator=(StylizerRunner &&) noexcept = default;

FloatPicture StylizerRunner::stylize(const FloatPicture &content, const FloatPicture &style,
                                     const std::string &levels) {
    FloatPicture out{content.width, content.height, std::vector<float>(content.values.size())};
    state_->session->set_text("levels", levels);
    host::RunRequest request;
    request.images = {{"image", view_of(content)}, {"style", view_of(style)}, {"output", view_of(out)}};
    request.progress = [](const host::Progress &) { return !interrupted(); };
    try {
        state_->session->run(request);
    } catch (const Error &error) {
        if (error.code() == ErrorCode::cancelled) throw Interrupted{};
        throw;
    }
    return out;
}

} // namespace mirra::trainer
