// A run of a session: its request checked, its image seen, its tiles planned.
#include "run_session.hpp"

#include "host_table.hpp"
#include "mirra/error.hpp"
#include "resample.hpp"
#include "tile_pixels.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace mirra::host {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t bytes_of(const image::ConstImageView &view) {
    return static_cast<std::uint64_t>(view.width) * static_cast<std::uint64_t>(view.height) *
           static_cast<std::uint64_t>(view.channels) * image::sample_bytes(view.sample);
}

/// What looking past hidden colours takes.
std::uint64_t fill_bytes(const RunRequest &request, const CheckedRequest &images) {
    std::uint64_t bytes = 0;
    for (const auto &[port, alpha] : images.least_alpha) {
        const image::ConstImageView view = request.images.at(port);
        if (hides_colors(view, alpha)) bytes += HiddenFill::bytes(view);
    }
    return bytes;
}

/// What the request's tensors take: the run has copies of them.
std::uint64_t tensor_bytes(const RunRequest &request) {
    std::uint64_t bytes = 0;
    for (const auto &[name, tensor] : request.tensors) bytes += tensor.values.size() * sizeof(float);
    return bytes;
}

/// What reading and writing pieces takes, for each pixel of a tile.
std::uint64_t piece_bytes(const RunRequest &request, const Setup &setup) {
    const auto of = [](const Pieces &pieces) {
        return static_cast<std::uint64_t>(pieces.description.channels) *
               image::sample_bytes(pieces.description.sample);
    };
    std::uint64_t bytes = 0, written = 0;
    for (const auto &[port, source] : request.sources) bytes += of(source);
    for (const auto &[port, sink] : request.sinks) written += of(sink);
    return bytes + setup.per_input_pixel(written);
}

/// What a look at the noise of a picture in pieces has in memory at most.
std::uint64_t noise_bytes(const image::ConstImageView &view) {
    const auto pixels = static_cast<std::uint64_t>(view.width) * static_cast<std::uint64_t>(view.height);
    return std::min<std::uint64_t>(pixels, kWholePixels) * static_cast<std::uint64_t>(view.channels) *
           image::sample_bytes(view.sample);
}

std::int32_t reduced(std::int32_t extent, double scale) {
    return std::max(1, static_cast<std::int32_t>(std::ceil(extent * scale)));
}

/// The image in a smaller size, as a task sees it.
image::Image reduced_image(const SeenImage &source, std::int32_t width, std::int32_t height,
                           const RunRequest &request) {
    const bool alpha = source.view.has_alpha();
    const std::int32_t colors = source.view.color_channels(), channels = colors + (alpha ? 1 : 0);
    image::Image out(width, height, channels, image::SampleType::f32);
    std::vector<float> row(static_cast<std::size_t>(width * colors)),
        opacity(static_cast<std::size_t>(width));
    auto *to = reinterpret_cast<float *>(out.bytes().data());
    for (std::int32_t y = 0; y < height; ++y) {
        check_cancelled(request);
        load_resampled(source, width, height, {0, y, width, 1}, colors, row);
        if (alpha) load_resampled_alpha(source.view, width, height, {0, y, width, 1}, opacity);
        for (std::size_t x = 0; x < opacity.size(); ++x) {
            to = std::copy_n(row.data() + x * static_cast<std::size_t>(colors), colors, to);
            if (alpha) *to++ = opacity[x];
        }
    }
    return out;
}

/// Once a session: tiles that are as small as the network allows are little but overlap.
void tell_of_small_tiles(SessionState &session, const runtime::TilePlan &tiles) {
    const std::int64_t asked = session.options.tile_size,
                       used = std::max(tiles.input_width, tiles.input_height);
    if (asked == 0 || used <= asked || tiles.tiles.size() < 2 || session.told_of_tiles) return;
    session.told_of_tiles = true;
    const std::int64_t overlap =
        std::max(tiles.halo.left + tiles.halo.right, tiles.halo.top + tiles.halo.bottom);
    // Of these a quarter is no overlap.
    const std::int64_t useful = (2 * overlap + tiles.alignment - 1) / tiles.alignment * tiles.alignment;
    session.engine->log(MIRRA_LOG_WARNING, session.task_text() + " has tiles of " + std::to_string(used) +
                                               " pixels, of which " + std::to_string(overlap) +
                                               " overlap, since its network needs more than the tile size " +
                                               std::to_string(asked) +
                                               ": that is slow. The smallest useful tile size is " +
                                               std::to_string(std::max(useful, used)));
}

/// The run's image, and what it is kept in where that is not the caller's memory.
struct Input {
    image::Image memory;
    SeenImage seen;
};

} // namespace

Cut cut_of(const SessionState &session, const Setup &setup, const Geometry &geometry,
           const std::optional<runtime::Rect> &region) {
    Cut cut;
    const mirra_task &task = session.entry.task->functions;
    if ((task.flags & MIRRA_TASK_CONCURRENT_TILES) != 0) cut.at_once = threads_of(session);
    if (region && task.measure == nullptr && *region != geometry.whole())
        cut.region = moved(geometry.input_of(*region), setup.margin);
    return cut;
}

namespace {

/// The request, if it fits the task's ports.
const RunRequest &seen_by_ports(const TaskInfo &task, const RunRequest &request) {
    check_ports(task, request);
    return request;
}

/// A run from its request to its plan.
class Preparation {
  public:
    Preparation(SessionState &session, const RunRequest &request)
        : session_(session)
        , request_(seen_by_ports(session.task(), request))
        , on_gpu_(session.engine->device_pixels(session.device), session.task(), request)
        , checked_(check_request(session.task(), request, on_gpu_))
        , size_(request.scale == 1 ? ImageSize{checked_.input.width, checked_.input.height}
                                   : ImageSize{reduced(checked_.input.width, request.scale),
                                               reduced(checked_.input.height, request.scale)})
        , setup_(configure(session, size_, &request))
        , geometry_(setup_, size_.width, size_.height)
        , region_(checked_region(request.region, geometry_))
        , outputs_(checked_outputs(session.task(), request, on_gpu_, region_)) {
        setup_.piece_bytes_per_pixel = piece_bytes(request, setup_);
        if (setup_.transfer) {
            checked_.input.transfer = *setup_.transfer;
            for (auto &[name, output] : outputs_) output.set_transfer(*setup_.transfer);
        }
        if (!request.places.empty()) note_images_there();
    }

    std::shared_ptr<const RunResult> run();

  private:
    /// Tiles read beyond their place: pixels that were already written must not be read again.
    [[nodiscard]] bool must_copy() const;
    [[nodiscard]] std::uint64_t beside() const;
    [[nodiscard]] Input input() const;
    /// The run's image in the GPU's memory, where kernels may read it there.
    [[nodiscard]] std::optional<image::ConstImageView> image_there(const SeenImage &seen) const;
    /// Notes in the setup what needs no memory on its way to the GPU, and back.
    void note_images_there();

    SessionState &session_;
    const RunRequest &request_;
    const DeviceImages on_gpu_;
    CheckedRequest checked_;
    ImageSize size_;
    Setup setup_;
    Geometry geometry_;
    runtime::Rect region_;
    Outputs outputs_;
};

bool Preparation::must_copy() const {
    if (request_.scale != 1 || checked_.input.data[0] == nullptr) return false;
    return std::ranges::any_of(outputs_, [&](const auto &each) {
        return !each.second.is_staged() && overlap(checked_.input, each.second.description());
    });
}

std::uint64_t Preparation::beside() const {
    std::uint64_t bytes = fill_bytes(request_, checked_);
    if (must_copy()) bytes += bytes_of(checked_.input);
    if (checked_.source != nullptr) bytes += noise_bytes(checked_.input);
    if (request_.scale != 1)
        bytes += static_cast<std::uint64_t>(size_.width) * static_cast<std::uint64_t>(size_.height) *
                 static_cast<std::uint64_t>(checked_.input.channels) * sizeof(float);
    return bytes;
}

std::optional<image::ConstImageView> Preparation::image_there(const SeenImage &seen) const {
    const mirra_port_info *port = main_input(session_.task());
    const bool as_it_is = request_.scale == 1 && setup_.margin == 0 && seen.fill == nullptr;
    if (port == nullptr || !as_it_is || !on_gpu_.has(port->name) || on_gpu_.is_written_over(port->name))
        return std::nullopt;
    image::ConstImageView there = request_.images.at(port->name);
    there.transfer = checked_.input.transfer;
    return there;
}

void Preparation::note_images_there() {
    SeenImage seen;
    seen.view = checked_.input;
    const mirra_port_info *port = main_input(session_.task());
    const bool hidden = port != nullptr && checked_.least_alpha.contains(port->name) &&
                        hides_colors(checked_.input, checked_.least_alpha.at(port->name));
    if (!hidden) seen.there = image_there(seen);
    setup_.read_there = seen.there.has_value();
    const DeviceTiles::Kind kind = kind_of(checked_, setup_, geometry_);
    setup_.written_there = std::ranges::all_of(outputs_, [&](const auto &each) {
        return each.second.place() != nullptr &&
               DeviceTiles::takes_alpha(each.second.description(), seen, kind);
    });
}

Input Preparation::input() const {
    Input out;
    const mirra_port_info *port = main_input(session_.task());
    const auto least = port == nullptr ? checked_.least_alpha.end() : checked_.least_alpha.find(port->name);
    image::ConstImageView view = checked_.input;
    if (must_copy()) {
        out.memory = copy_of(view);
        view = std::as_const(out.memory).view();
        view.alpha = checked_.input.alpha;
        view.transfer = checked_.input.transfer;
    }
    out.seen = see(view, least == checked_.least_alpha.end() ? 1.0F : least->second);
    out.seen.source = checked_.source;
    out.seen.range = setup_.range;
    out.seen.there = image_there(out.seen);
    if (request_.scale == 1) return out;
    out.memory = reduced_image(out.seen, size_.width, size_.height, request_);
    out.seen = see(std::as_const(out.memory).view());
    out.seen.range = setup_.range;
    return out;
}

std::shared_ptr<const RunResult> Preparation::run() {
    const auto start = Clock::now();
    const std::uint64_t own = beside();
    const MemoryShares shares = divide_memory(*session_.engine, session_.options.memory_limit,
                                              {.device = session_.device,
                                               .bundle = session_.bundle.get(),
                                               .process = own + tensor_bytes(request_),
                                               .anywhere = setup_.extra_bytes,
                                               .network = session_.has_network()});
    const auto plan =
        plan_run(session_, setup_, shares, geometry_.width, geometry_.height,
                 cut_of(session_, setup_, geometry_, region_), [&] { check_cancelled(request_); });
    tell_of_small_tiles(session_, plan->tiles);
    // Graphs of other settings; those that are wanted are compiled again.
    if (shares.available != 0 && session_.weight_bytes() > plan->weight_bytes) session_.forget_compiled();
    const Input made = input();
    if (const mirra_port_info *port = main_input(session_.task()))
        checked_.least_alpha[port->name] = made.seen.least_alpha;
    auto result = std::make_shared<RunResult>();
    const Work work{request_, checked_, made.seen, on_gpu_, outputs_, geometry_, *plan};
    run_tiles(session_, work, *result);
    result->device = session_.device;
    result->precision = session_.precision.precision;
    result->precision_reason = session_.precision.reason;
    result->base_bytes = shares.base;
    if (session_.on_processor()) result->peak_bytes += own;
    result->seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return result;
}

} // namespace

std::shared_ptr<const RunResult> run_session(SessionState &session, const RunRequest &request) {
    return Preparation(session, request).run();
}

} // namespace mirra::host
