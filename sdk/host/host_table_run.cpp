// The host's functions for plugins in a run: the image, extra inputs, cancellation, results.
#include "c_error.hpp"
#include "c_struct.hpp"
#include "host_table.hpp"
#include "noise.hpp"
#include "ports.hpp"
#include "utf8.hpp"
#include "value.hpp"

#include <algorithm>
#include <thread>

namespace mirra::host {
namespace {

/// The first image input, or, of a task without one, the first image output.
std::string main_image(const TaskInfo &task) {
    const mirra_port_info *input = main_input(task);
    return input != nullptr ? input->name : main_output(task)->name;
}

/// What the request says of an image.
void describe_image(const RunRequest &request, const std::string &port, mirra_run_info &out) {
    if (const image::ImageView *image = image_of(request, port); image != nullptr) {
        out.color = image->channels;
        out.format = format_of(image->sample);
        out.alpha_mode = image->alpha == image::AlphaMode::premultiplied ? MIRRA_ALPHA_PREMULTIPLIED
                                                                         : MIRRA_ALPHA_STRAIGHT;
        out.transfer =
            image->transfer == image::Transfer::linear ? MIRRA_TRANSFER_LINEAR : MIRRA_TRANSFER_ENCODED;
    }
    if (const auto profile = request.profiles.find(port); profile != request.profiles.end()) {
        out.icc = profile->second.data();
        out.icc_bytes = profile->second.size();
    }
    out.scale = request.scale;
    out.frame = request.frame;
}

mirra_status run_info(mirra_context *context, mirra_run_info *info, mirra_error **error) {
    return guard(error, [&] {
        check_arguments({context});
        check_struct(info, "info");
        const SessionState &session = *context->session;
        const std::string port = main_image(session.task());
        // Before the next line: there may be a run next time.
        if (context->questions != nullptr) ask(*context, PortQuestion::Kind::image, port);
        if (context->request == nullptr)
            throw Error(ErrorCode::invalid_argument, "a plugin asked about a run where there is none");
        mirra_run_info out{};
        describe_image(*context->request, port, out);
        out.width = context->width;
        out.height = context->height;
        out.precision = static_cast<std::int32_t>(session.precision.precision);
        out.device = session.device.c_str();
        out.threads = threads_of(session);
        if (const RunState *run = context->run; run != nullptr) {
            out.width = run->input.view.width;
            out.height = run->input.view.height;
            out.padded_width = run->padded_width;
            out.padded_height = run->padded_height;
            out.output_width = static_cast<std::int32_t>(run->output_width);
            out.output_height = static_cast<std::int32_t>(run->output_height);
        }
        write_struct(info, out);
    });
}

mirra_status port_value(mirra_context *context, const char *port, mirra_value *value, mirra_error **error) {
    return guard(error, [&] {
        const RunState &run = run_of(context);
        check_arguments({port});
        check_struct(value, "value");
        const auto found = run.request.values.find(port);
        if (found == run.request.values.end())
            throw Error(ErrorCode::not_found, "the port was not given a value", port);
        write_struct(value, to_c(found->second));
    });
}

mirra_status port_tensor(mirra_context *context, const char *port, mirra_tensor **tensor,
                         mirra_error **error) {
    return guard(error, [&] {
        const RunState &run = run_of(context);
        check_arguments({port, tensor});
        const HostTensor &source = given_tensor(run, port);
        *tensor = upload(*context, source.values, source.shape, runtime::Layout::nchw);
    });
}

std::int32_t cancelled(mirra_context *context) {
    return context != nullptr && context->run != nullptr && context->run->stopped() ? 1 : 0;
}

/// The noise of the run's image, looked at once.
const NoiseReport &noise_of(mirra_context &context) {
    RunState &run = run_of(&context);
    const std::lock_guard lock(context.mutex);
    const SeenImage &input = run.input;
    if (!input.noise && input.source == nullptr && input.view.data[0] == nullptr)
        throw Error(ErrorCode::invalid_argument, "the run has no image whose noise could be measured");
    if (!input.noise)
        run.input.noise = look_at_noise(
            input.view, [&] { run.look(); }, input.source,
            static_cast<std::uint64_t>(threads_of(*context.session)));
    return *run.input.noise;
}

mirra_status estimate_noise(mirra_context *context, double *sigma, mirra_error **error) {
    return guard(error, [&] {
        run_of(context);
        check_arguments({sigma});
        const NoiseReport &report = noise_of(*context);
        if (!report.sigma)
            throw Error(ErrorCode::invalid_argument,
                        "too little of the image is visible to measure its noise", "image",
                        "State the noise level.");
        *sigma = *report.sigma;
    });
}

mirra_status explained_noise(mirra_context *context, double *variances, mirra_error **error) {
    return guard(error, [&] {
        run_of(context);
        check_arguments({variances});
        static_assert(std::tuple_size_v<decltype(NoiseReport::explained)> == MIRRA_NOISE_PARTS);
        std::ranges::copy(noise_of(*context).explained, variances);
    });
}

mirra_status set_result(mirra_context *context, const char *name, const mirra_value *value,
                        mirra_error **error) {
    return guard(error, [&] {
        RunState &run = run_of(context);
        check_arguments({name, value});
        Value given = from_c(read_struct(value, "value"), name);
        if (auto *text = std::get_if<std::string>(&given)) *text = as_utf8(std::move(*text));
        const std::lock_guard lock(context->mutex);
        keep_value(context->session->task(), run.result, name, std::move(given));
    });
}

mirra_status set_result_tensor(mirra_context *context, const char *name, const mirra_tensor *tensor,
                               mirra_error **error) {
    return guard(error, [&] {
        RunState &run = run_of(context);
        check_arguments({name, tensor});
        HostTensor out;
        out.shape = tensor->tensor->shape();
        check_tensor(*context->session, name, out.shape);
        out.values.resize(elements(out.shape));
        context->session->module().download(*tensor->tensor, out.values, runtime::Layout::nchw);
        const std::lock_guard lock(context->mutex);
        run.result.tensors[name] = std::move(out);
    });
}

} // namespace

std::vector<std::int64_t> ask(mirra_context &context, PortQuestion::Kind kind, const std::string &port) {
    auto answer = answer_of(kind, port, context.request);
    if (context.questions != nullptr) {
        const std::lock_guard lock(context.mutex);
        context.questions->push_back({kind, port, answer});
    }
    return answer;
}

std::int32_t threads_of(const SessionState &session) {
    if (session.options.threads > 0) return session.options.threads;
    return std::max(1, static_cast<std::int32_t>(std::thread::hardware_concurrency()));
}

RunState &run_of(mirra_context *context) {
    check_arguments({context});
    if (context->run == nullptr) {
        throw Error(ErrorCode::invalid_argument, "a plugin used a function of the run outside of a run");
    }
    return *context->run;
}

const HostTensor &given_tensor(const RunState &run, const char *port) {
    const auto found = run.request.tensors.find(port);
    if (found == run.request.tensors.end())
        throw Error(ErrorCode::not_found, "the port was not given a tensor", port);
    return found->second;
}

void add_run_functions(mirra_host_api &table) noexcept {
    table.run_info = checked<run_info>;
    table.port_value = checked<port_value>;
    table.port_tensor = checked<port_tensor>;
    table.cancelled = checked<cancelled>;
    table.estimate_noise = checked<estimate_noise>;
    table.explained_noise = checked<explained_noise>;
    table.set_result = checked<set_result>;
    table.set_result_tensor = checked<set_result_tensor>;
}

} // namespace mirra::host
