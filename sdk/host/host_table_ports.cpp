// The host's functions for plugins about ports: what is given, parts of tensors, further images, results in
// parts, and steps within a tile.
#include "c_error.hpp"
#include "c_struct.hpp"
#include "device_images.hpp"
#include "host_table.hpp"
#include "ports.hpp"
#include "process_life.hpp"
#include "resample.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

constexpr std::int64_t kLargestExtent = std::int64_t{1} << 20;

std::int32_t port_given(mirra_context *context, const char *port) {
    if (context == nullptr || port == nullptr) return 0;
    return ask(*context, PortQuestion::Kind::given, port).front() == 1 ? 1 : 0;
}

std::int32_t port_tensor_shape(mirra_context *context, const char *port, std::int64_t *shape,
                               std::int32_t capacity) {
    if (context == nullptr || port == nullptr) return 0;
    const graph::Shape extents = ask(*context, PortQuestion::Kind::tensor_shape, port);
    const auto rank = static_cast<std::int32_t>(extents.size());
    if (shape != nullptr) std::copy_n(extents.begin(), std::clamp(capacity, 0, rank), shape);
    return rank;
}

/// A rectangle as a plugin gave it. @throws Error invalid_argument
runtime::Rect read_rect(const mirra_rect *given) {
    const auto rect = read_struct(given, "rect");
    const auto sound = [](std::int64_t at, std::int64_t extent) {
        return extent >= 1 && extent <= kLargestExtent && at >= -kLargestExtent && at <= kLargestExtent * 64;
    };
    if (!sound(rect.x, rect.width) || !sound(rect.y, rect.height))
        throw Error(ErrorCode::invalid_argument, "a plugin gave an impossible rectangle");
    return {rect.x, rect.y, rect.width, rect.height};
}

/// The same, inside of the last two axes of a tensor of rank 4. @throws Error mismatch
runtime::Rect read_part(const mirra_rect *given, const graph::Shape &shape) {
    const runtime::Rect part = read_rect(given);
    if (shape.size() != 4 || part.x < 0 || part.y < 0 || part.y + part.height > shape[2] ||
        part.x + part.width > shape[3])
        throw Error(ErrorCode::mismatch, "a plugin asked for a part that reaches beyond the tensor");
    return part;
}

/// Calls visit(from, to) with the first element of each row of a part in two tensors of equal channels.
template<class Visit>
void for_rows(const graph::Shape &from, const runtime::Rect &part, const graph::Shape &to, std::int64_t x,
              std::int64_t y, const Visit &visit) {
    for (std::int64_t plane = 0; plane < from[0] * from[1]; ++plane)
        for (std::int64_t row = 0; row < part.height; ++row)
            visit(static_cast<std::size_t>((plane * from[2] + part.y + row) * from[3] + part.x),
                  static_cast<std::size_t>((plane * to[2] + y + row) * to[3] + x));
}

mirra_status port_tensor_part(mirra_context *context, const char *port, const mirra_rect *given,
                              mirra_tensor **tensor, mirra_error **error) {
    return guard(error, [&] {
        const RunState &run = run_of(context);
        check_arguments({port, tensor});
        const HostTensor &source = given_tensor(run, port);
        const runtime::Rect part = read_part(given, source.shape);
        const graph::Shape shape{source.shape[0], source.shape[1], part.height, part.width};
        const auto copy = [&](std::span<float> values) {
            for_rows(source.shape, part, shape, 0, 0, [&](std::size_t from, std::size_t to) {
                std::copy_n(source.values.data() + from, part.width, values.data() + to);
            });
        };
        *tensor = upload(*context, copy, shape, runtime::Layout::nchw);
    });
}

/// An image input as the caller gave it, perhaps on a GPU; without pixels, where it is read piece by piece.
/// @throws Error not_found
image::ConstImageView given_view(const mirra_context &context, const char *name) {
    const mirra_port_info *port = context.session->task().port(name);
    if (context.request != nullptr && port != nullptr && !is_output(*port)) {
        const auto found = context.request->images.find(name);
        if (found != context.request->images.end()) return found->second;
        const auto source = context.request->sources.find(name);
        if (source != context.request->sources.end()) return source->second.description;
    }
    throw Error(ErrorCode::not_found, "the port was not given an image", name);
}

/// The same as the run's tasks see it.
const SeenImage &given_image(mirra_context &context, const char *name) {
    static_cast<void>(given_view(context, name));
    RunState &run = *context.run;
    if (std::string_view(main_input(context.session->task())->name) == name) return run.input;
    const std::lock_guard lock(context.mutex);
    const auto found = run.others.find(name);
    if (found != run.others.end()) return found->second;
    return run.others.emplace(name, see(run.on_gpu.readable(name), run.least_alpha.at(name))).first->second;
}

int channels_of(const mirra_context &context, const char *name, const image::ConstImageView &view) {
    return (context.session->task().port(name)->flags & MIRRA_PORT_AS_IS) != 0 ? view.color_channels() : 3;
}

void check_size(const char *port, std::int64_t width, std::int64_t height) {
    if (width < 1 || height < 1 || width > kLargestExtent || height > kLargestExtent)
        throw Error(ErrorCode::invalid_argument, "a plugin asked for an image of an impossible size", port);
}

/// A rectangle of an image input brought to width x height pixels.
mirra_tensor *load_image(mirra_context &context, const char *port, std::int64_t width, std::int64_t height,
                         const mirra_rect *given) {
    const SeenImage &image = given_image(context, port);
    const int channels = channels_of(context, port, image.view);
    const runtime::Rect rect = read_rect(given);
    const graph::Shape shape{1, channels, rect.height, rect.width};
    const Inside inside(Inside::Kind::run, context.request); // a source is the caller's function
    const auto load = [&](std::span<float> values) {
        load_resampled(image, width, height, rect, channels, values);
    };
    return upload(context, load, shape, runtime::Layout::nhwc);
}

mirra_status port_alpha(mirra_context *context, const char *port, std::int64_t width, std::int64_t height,
                        const mirra_rect *given, mirra_tensor **tensor, mirra_error **error) {
    return guard(error, [&] {
        run_of(context);
        check_arguments({port, tensor});
        check_size(port, width, height);
        const runtime::Rect rect = read_rect(given);
        const SeenImage &image = given_image(*context, port);
        if (image.least_alpha >= 1) {
            *tensor = nullptr;
            return;
        }
        const graph::Shape shape{1, 1, rect.height, rect.width};
        const auto load = [&](std::span<float> values) {
            load_resampled_alpha(image.view, width, height, rect, values);
        };
        *tensor = upload(*context, load, shape, runtime::Layout::nhwc);
    });
}

mirra_status port_image(mirra_context *context, const char *port, const mirra_rect *given,
                        mirra_tensor **tensor, mirra_error **error) {
    return guard(error, [&] {
        const RunState &run = run_of(context);
        check_arguments({port, tensor});
        *tensor = load_image(*context, port, run.input.view.width, run.input.view.height, given);
    });
}

mirra_status port_image_size(mirra_context *context, const char *port, std::int32_t *width,
                             std::int32_t *height, mirra_error **error) {
    return guard(error, [&] {
        check_arguments({context, port, width, height});
        ask(*context, PortQuestion::Kind::image_size, port);
        const image::ConstImageView view = given_view(*context, port);
        const mirra_port_info *main = main_input(context->session->task());
        const bool is_main = main != nullptr && std::string_view(main->name) == port; // perhaps reduced
        *width = !is_main                  ? view.width
                 : context->run != nullptr ? context->run->input.view.width
                                           : context->width;
        *height = !is_main                  ? view.height
                  : context->run != nullptr ? context->run->input.view.height
                                            : context->height;
    });
}

mirra_status port_image_scaled(mirra_context *context, const char *port, std::int64_t width,
                               std::int64_t height, const mirra_rect *given, mirra_tensor **tensor,
                               mirra_error **error) {
    return guard(error, [&] {
        run_of(context);
        check_arguments({port, tensor});
        check_size(port, width, height);
        *tensor = load_image(*context, port, width, height, given);
    });
}

/// The result of that name and shape, made if it is not there. @throws Error mismatch
HostTensor &result_of(RunResult &result, const char *name, const graph::Shape &shape) {
    auto found = result.tensors.find(name);
    if (found == result.tensors.end()) { // whole before it is kept: there may be no memory for it
        HostTensor fresh;
        fresh.shape = shape;
        fresh.values.resize(elements(shape));
        found = result.tensors.emplace(name, std::move(fresh)).first;
    }
    if (found->second.shape != shape)
        throw Error(ErrorCode::mismatch, "a plugin gave a result parts of different shapes", name);
    return found->second;
}

mirra_status set_result_part(mirra_context *context, const char *name, const std::int64_t *shape,
                             const mirra_tensor *tensor, const mirra_rect *given, std::int64_t x,
                             std::int64_t y, mirra_error **error) {
    return guard(error, [&] {
        RunState &run = run_of(context);
        check_arguments({name, shape, tensor});
        const graph::Shape &from = tensor->tensor->shape();
        const runtime::Rect part = read_part(given, from);
        const graph::Shape whole(shape, shape + 4);
        const auto fits = [](std::int64_t at, std::int64_t length, std::int64_t extent) {
            return extent <= kLargestExtent && length <= extent && at >= 0 && at <= extent - length;
        };
        if (whole[0] != from[0] || whole[1] != from[1] || !fits(y, part.height, whole[2]) ||
            !fits(x, part.width, whole[3]))
            throw Error(ErrorCode::mismatch, "a plugin gave a part that reaches beyond the result", name);
        check_tensor(*context->session, name, whole);
        std::vector<float> values(elements(from));
        context->session->module().download(*tensor->tensor, values, runtime::Layout::nchw);
        const std::lock_guard lock(context->mutex);
        HostTensor &result = result_of(run.result, name, whole);
        for_rows(from, part, whole, x, y, [&](std::size_t source, std::size_t target) {
            std::copy_n(values.data() + source, part.width, result.values.data() + target);
        });
    });
}

mirra_status progress(mirra_context *context, double fraction, mirra_error **error) {
    return guard(error, [&] {
        run_of(context);
        const std::lock_guard lock(context->mutex);
        if (!context->tile.step || !(fraction >= 0 && fraction <= 1))
            throw Error(ErrorCode::invalid_argument,
                        "a plugin reported a step outside of process, or outside of 0 to 1");
        context->tile.step(fraction);
    });
}

mirra_status preview(mirra_context *context, const mirra_tensor *output, mirra_error **error) {
    return guard(error, [&] {
        run_of(context);
        check_arguments({output});
        const std::lock_guard lock(context->mutex);
        if (!context->tile.show)
            throw Error(ErrorCode::invalid_argument, "a plugin gave a preview outside of process");
        context->tile.show(*output);
    });
}

mirra_status set_output(mirra_context *context, const char *name, const mirra_tensor *tile,
                        mirra_error **error) {
    return guard(error, [&] {
        run_of(context);
        check_arguments({name, tile});
        const TaskInfo &task = context->session->task();
        const mirra_port_info *port = task.port(name);
        if (port == nullptr || !is_image(*port) || !is_output(*port) || port == main_output(task))
            throw Error(ErrorCode::invalid_argument,
                        "a plugin gave a tile of '" + std::string(name) +
                            "', which is no further image output of its task",
                        name, "The first image output is what process gives.");
        const std::lock_guard lock(context->mutex);
        if (!context->tile.give)
            throw Error(ErrorCode::invalid_argument, "a plugin gave an output outside of process", name);
        context->tile.give(name, *tile);
    });
}

} // namespace

void add_port_functions(mirra_host_api &table) noexcept {
    table.port_given = checked<port_given>;
    table.port_tensor_shape = checked<port_tensor_shape>;
    table.port_tensor_part = checked<port_tensor_part>;
    table.port_image = checked<port_image>;
    table.port_image_size = checked<port_image_size>;
    table.port_image_scaled = checked<port_image_scaled>;
    table.port_alpha = checked<port_alpha>;
    table.set_result_part = checked<set_result_part>;
    table.progress = checked<progress>;
    table.preview = checked<preview>;
    table.set_output = checked<set_output>;
}

} // namespace mirra::host
